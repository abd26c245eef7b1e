/** Gratuitous ARP: the same six settings stand in global_defs for all and in an instance for one. */
import type { Microseconds } from "../../units.js";
import { integer, seconds } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor } from "../declare.js";

/** Undefined: not written here. */
export interface GarpDraft extends Draft {
  garpMasterDelay: Microseconds | undefined;
  garpMasterRepeat: number | undefined;
  garpMasterRefresh: Microseconds | undefined;
  garpMasterRefreshRepeat: number | undefined;
  garpLowerPriorityDelay: Microseconds | undefined;
  garpLowerPriorityRepeat: number | undefined;
}

export const noGarp = (): Omit<GarpDraft, "written"> => ({
  garpMasterDelay: undefined,
  garpMasterRepeat: undefined,
  garpMasterRefresh: undefined,
  garpMasterRefreshRepeat: undefined,
  garpLowerPriorityDelay: undefined,
  garpLowerPriorityRepeat: undefined,
});

const delay = seconds({ what: "delay", min: 0, max: 86_400 });
/** A burst has an upper bound: beyond it, it would be a flood and no announcement. */
const repeat = integer({ what: "repeat", min: 1, max: 1000 });
/** A burst that may be switched off. */
const optionalRepeat = integer({ what: "repeat", min: 0, max: 1000 });

/** The six keywords, with `vrrp_` before their names in global_defs. */
export function garpKeywords<D extends GarpDraft>(prefix: "" | "vrrp_"): Keyword<D>[] {
  const { setting } = keywordsFor<GarpDraft>();
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
      ...unless("0"),
      doc: "While master, announce the addresses again this often; 0: never.",
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
  ];
}
