/** Gratuitous ARP: the same settings stand in global_defs for all and in an instance for one. */
import type { Microseconds } from "../../units.js";
import { integer, readArgument, seconds } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor } from "../declare.js";
import type { GratuitousArp } from "../model.js";

/** Undefined: not written here. */
export interface GarpDraft extends Draft {
  garpMasterDelay: Microseconds | undefined;
  garpMasterRepeat: number | undefined;
  garpMasterRefresh: Microseconds | undefined;
  garpMasterRefreshRepeat: number | undefined;
  garpLowerPriorityDelay: Microseconds | undefined;
  garpLowerPriorityRepeat: number | undefined;
  garpExtraInterfaces: GratuitousArp["extraInterfaces"] | undefined;
}

export const noGarp = (): Omit<GarpDraft, "written"> => ({
  garpMasterDelay: undefined,
  garpMasterRepeat: undefined,
  garpMasterRefresh: undefined,
  garpMasterRefreshRepeat: undefined,
  garpLowerPriorityDelay: undefined,
  garpLowerPriorityRepeat: undefined,
  garpExtraInterfaces: undefined,
});

const delay = seconds({ what: "delay", min: 0, max: 86_400 });
/** A burst has an upper bound: beyond it, it would be a flood and no announcement. */
const repeat = integer({ what: "repeat", min: 1, max: 1000 });
/** A burst that may be switched off. */
const optionalRepeat = integer({ what: "repeat", min: 0, max: 1000 });

/** The keywords, with `vrrp_` before their names in global_defs. */
export function garpKeywords<D extends GarpDraft>(prefix: "" | "vrrp_"): Keyword<D>[] {
  const { setting, custom } = keywordsFor<GarpDraft>();
  const unless = (value: string) => ({ otherwise: prefix === "" ? "as global_defs says" : value });
  return [
    setting({
      name: `${prefix}garp_master_delay`,
      sets: "garpMasterDelay",
      argument: delay,
      ...unless("5"),
      doc: "Time between becoming master and the second burst of gratuitous ARPs.",
    }),
    setting({
      name: `${prefix}garp_master_repeat`,
      sets: "garpMasterRepeat",
      argument: repeat,
      ...unless("5"),
      doc: "Gratuitous ARPs for each address in a burst.",
    }),
    setting({
      name: `${prefix}garp_master_refresh`,
      sets: "garpMasterRefresh",
      argument: delay,
      ...unless("60; 0 with vrrp_min_garp"),
      doc: "While master, announce the addresses again this often, and ask the gateway what it believes; 0: never.",
    }),
    setting({
      name: `${prefix}garp_master_refresh_repeat`,
      sets: "garpMasterRefreshRepeat",
      argument: repeat,
      ...unless("1"),
      doc: "Gratuitous ARPs for each address in a refresh.",
    }),
    setting({
      name: `${prefix}garp_lower_prio_delay`,
      sets: "garpLowerPriorityDelay",
      argument: delay,
      ...unless("vrrp_garp_master_delay"),
      doc: "As garp_master_delay, after a master heard an advertisement of lower priority.",
    }),
    setting({
      name: `${prefix}garp_lower_prio_repeat`,
      sets: "garpLowerPriorityRepeat",
      argument: optionalRepeat,
      ...unless("vrrp_garp_master_repeat"),
      doc: "As garp_master_repeat, after a master heard an advertisement of lower priority.",
    }),
    custom({
      name: `${prefix}garp_extra_if`,
      arguments: "[all] SECONDS",
      ...unless("0"),
      read(draft, statement, reading) {
        const all = statement.arguments[0]?.text === "all";
        const rest = all ? { ...statement, arguments: statement.arguments.slice(1) } : statement;
        const interval = readArgument(rest, delay, reading);
        if (interval !== undefined) draft.garpExtraInterfaces = { interval, all };
      },
      doc: "Announce virtual addresses on other interfaces (all: not only on virtual MACs) this often; 0: never.",
    }),
  ];
}
