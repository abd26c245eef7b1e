/** Settings of the protocol that global_defs sets for all instances, and an instance for itself. */
import type { Microseconds } from "../../units.js";
import { type Argument, integer, Mistake, seconds } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor } from "../declare.js";
import type { AddressLifetime } from "../model.js";
import { type GarpDraft, garpKeywords, noGarp } from "./garp.js";

/** Undefined: not written here. */
export interface ProtocolDraft extends Draft, GarpDraft {
  strict: boolean | undefined;
  skipAddressCheck: boolean | undefined;
  checkUnicastSource: boolean | undefined;
  lowerPriorityNoAdvert: boolean | undefined;
  higherPrioritySendAdvert: boolean | undefined;
  ownerIgnoreAdverts: boolean | undefined;
  v3ChecksumAsV2: boolean | undefined;
  downTimerAdverts: number | undefined;
  addressLifetime: AddressLifetime | undefined;
}

export const noProtocol = (): Omit<ProtocolDraft, "written"> => ({
  strict: undefined,
  skipAddressCheck: undefined,
  checkUnicastSource: undefined,
  lowerPriorityNoAdvert: undefined,
  higherPrioritySendAdvert: undefined,
  ownerIgnoreAdverts: undefined,
  v3ChecksumAsV2: undefined,
  downTimerAdverts: undefined,
  addressLifetime: undefined,
  ...noGarp(),
});

/** The kernel counts lifetimes in whole seconds. */
const lifetime = seconds({ what: "address_lifetime", min: 1, max: 86_400 });
const addressLifetime: Argument<AddressLifetime> = {
  name: "auto|off|SECONDS",
  parse(text) {
    if (text === "auto" || text === "off") return text;
    const value: Microseconds | Mistake = lifetime.parse(text);
    if (!(value instanceof Mistake) && value % 1_000_000 !== 0)
      return new Mistake("address-lifetime", `address_lifetime ${text} is not a whole number of seconds`, {
        cause: "the kernel counts lifetimes of addresses in seconds",
      });
    return value;
  },
};

type Toggle = {
  [Field in keyof ProtocolDraft]: ProtocolDraft[Field] extends boolean | undefined ? Field : never;
}[keyof ProtocolDraft];

/** The keywords, with `vrrp_` before most of their names in global_defs. */
export function protocolKeywords<D extends ProtocolDraft>(place: "global_defs" | "vrrp_instance"): Keyword<D>[] {
  const { setting, toggle } = keywordsFor<ProtocolDraft>();
  const isGlobal = place === "global_defs";
  const name = (local: string) => (isGlobal ? `vrrp_${local}` : local);
  const unless = (value: string) => ({ otherwise: isGlobal ? value : "as global_defs says" });
  const onOff = (keyword: string, field: Toggle, doc: string) =>
    toggle({
      name: keyword,
      set: (draft, on) => {
        draft[field] = on;
      },
      ...unless("off"),
      doc,
    });
  return [
    onOff(
      isGlobal ? "vrrp_strict" : "strict_mode",
      "strict",
      "Refuse what the RFC does not allow: unicast, authentication, preempt_delay and more.",
    ),
    onOff(
      name("skip_check_adv_addr"),
      "skipAddressCheck",
      "Trust the address list of a master whose list was checked before.",
    ),
    onOff(name("check_unicast_src"), "checkUnicastSource", "Accept unicast advertisements from listed peers only."),
    onOff(
      name("lower_prio_no_advert"),
      "lowerPriorityNoAdvert",
      "A master does not answer an advertisement of lower priority.",
    ),
    onOff(
      name("higher_prio_send_advert"),
      "higherPrioritySendAdvert",
      "A losing master sends one more advertisement, so that the winner announces its addresses again.",
    ),
    onOff(name("owner_ignore_adverts"), "ownerIgnoreAdverts", "With priority 255, drop whatever others advertise."),
    onOff(
      "v3_checksum_as_v2",
      "v3ChecksumAsV2",
      "VRRPv3 over IPv4 without the pseudo-header in its checksum, as RFC 9568 has it.",
    ),
    setting({
      name: name("down_timer_adverts"),
      sets: "downTimerAdverts",
      argument: integer({ what: "down_timer_adverts", min: 1, max: 100 }),
      ...unless("3"),
      doc: "Advertisements missed before taking over, the same on all routers.",
    }),
    setting({
      name: "address_lifetime",
      sets: "addressLifetime",
      argument: addressLifetime,
      ...unless("auto"),
      doc: "Bascule's own: after how long the kernel drops virtual addresses that nobody renews, so that a frozen or killed router loses them.",
    }),
    ...garpKeywords<ProtocolDraft>(isGlobal ? "vrrp_" : ""),
  ];
}
