/** The version of VRRP, for all instances (`vrrp_version`) or for one (`version`). */
import { type Argument, Mistake } from "../arguments.js";

export const vrrpVersion: Argument<2 | 3> = {
  name: "2|3",
  parse(text) {
    if (text === "2" || text === "3") return Number(text) as 2 | 3;
    return new Mistake("unknown-value", `there is no version ${text} of VRRP`, { remedy: "use 2 or 3" });
  },
};
