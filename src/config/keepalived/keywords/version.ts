/** The version of VRRP, for all instances (`vrrp_version`) or for one (`version`). */
import { type Argument, Mistake } from "../arguments.js";

export const vrrpVersion: Argument<2> = {
  name: "2|3",
  parse(text) {
    if (text === "2") return 2;
    if (text === "3")
      return new Mistake("not-supported", "VRRPv3 is not supported yet", {
        cause: "this release speaks VRRPv2 for IPv4",
        remedy: "use version 2 on all routers of this virtual router",
      });
    return new Mistake("unknown-value", `there is no version ${text} of VRRP`, { remedy: "use 2" });
  },
};
