/** `static_ipaddress`, `static_routes`, `static_rules`: there from start to stop, whoever is master. */
import type { KeepalivedConfiguration, StaticNetwork } from "../config/keepalived/model.js";
import { Netlink } from "../sys/netlink.js";
import { type AddressOwner, OwnAddresses } from "./addresses.js";
import type { LogLevel } from "./instance.js";
import { HostNetwork } from "./network.js";
import { VirtualRouting } from "./virtual-routing.js";

export class StaticObjects {
  #present: StaticNetwork = { addresses: [], routes: [], rules: [] };

  constructor(readonly log: (line: string, level: LogLevel) => void) {}

  /** Adds what is new, removes what is gone, and leaves the rest alone. */
  apply({ statics }: Pick<KeepalivedConfiguration, "statics">): void {
    const isEmpty = ({ addresses, routes, rules }: StaticNetwork): boolean =>
      addresses.length + routes.length + rules.length === 0;
    if (isEmpty(statics) && isEmpty(this.#present)) return;
    const netlink = new Netlink();
    try {
      const network = new HostNetwork();
      network.load(netlink.links(), netlink.addresses());
      const log = (level: LogLevel, text: string): void => this.log(text, level);
      const make = ({ addresses, routes, rules }: StaticNetwork) => ({
        addresses: new OwnAddresses(ownerOf(addresses), netlink, network, log),
        routing: new VirtualRouting({ name: "static", routes, rules }, netlink, network, log),
      });
      const [before, after] = [make(this.#present), make(statics)];
      before.routing.removeExcept(statics);
      before.addresses.removeExcept(after.addresses.owner);
      after.addresses.add();
      after.routing.add();
      this.#present = statics;
    } finally {
      netlink.close();
    }
  }

  remove(): void {
    this.apply({ statics: { addresses: [], routes: [], rules: [] } });
  }
}

/** The file names the interface of each, since there is no instance whose own it could be. */
const ownerOf = (addresses: StaticNetwork["addresses"]): AddressOwner => ({
  name: "static",
  addresses: addresses.map((address) => ({ ...address, device: address.device ?? "" })),
  lifetime: undefined,
});
