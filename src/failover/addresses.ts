/** Virtual and static addresses: how they come onto the interfaces and off them. */
import type { VirtualAddress, VrrpInstance } from "../config/keepalived/model.js";
import { EADDRNOTAVAIL, EEXIST, ENODEV, errnoText } from "../sys/errno.js";
import {
  type AddressSettings,
  FOREVER,
  IFA_F_HOMEADDRESS,
  IFA_F_MANAGETEMPADDR,
  IFA_F_MCAUTOJOIN,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  type InterfaceAddress,
  type Netlink,
} from "../sys/netlink.js";
import type { LogLevel } from "./instance.js";
import type { HostNetwork } from "./network.js";
import { deviceOf } from "./virtual-mac.js";

export interface HeldAddress extends VirtualAddress {
  readonly device: string;
}

type Log = (level: LogLevel, text: string) => void;

/** Whose addresses they are. */
export interface AddressOwner {
  /** For the log. */
  readonly name: string;
  /** In the order in which they are added. */
  readonly addresses: readonly HeldAddress[];
  /** Seconds after which the kernel drops addresses that nobody renews; undefined: never. */
  readonly lifetime: number | undefined;
}

export class OwnAddresses {
  readonly all: readonly HeldAddress[];
  readonly lifetime: number | undefined;

  constructor(
    readonly owner: AddressOwner,
    readonly netlink: Netlink,
    readonly network: HostNetwork,
    readonly log: Log,
  ) {
    this.all = owner.addresses;
    this.lifetime = owner.lifetime;
  }

  /** One that is there already is as good. With a lifetime, `add` must come again within it, or the kernel drops them. */
  add(): void {
    for (const address of this.all) {
      const settings = this.#settings(address);
      const result = settings === undefined ? -ENODEV : this.#put(settings);
      if (result < 0 && result !== -EEXIST) this.#complain("add", address, -result);
    }
  }

  /** What the kernel is told of them, those on interfaces that are there. */
  get settings(): AddressSettings[] {
    return this.all.map((address) => this.#settings(address)).filter((settings) => settings !== undefined);
  }

  #put(settings: AddressSettings): number {
    return this.lifetime === undefined ? this.netlink.addAddress(settings) : this.netlink.setAddress(settings);
  }

  /** They stay though nobody renews them any more. */
  keep(): void {
    if (this.lifetime === undefined) return;
    for (const address of this.all) {
      const settings = this.#settings(address);
      const { preferredLifetime } = address;
      const preferred = preferredLifetime === "forever" ? FOREVER : preferredLifetime;
      if (settings !== undefined) this.netlink.setAddress({ ...settings, lifetime: { preferred, valid: FOREVER } });
    }
  }

  /** One that is gone already is as good. */
  remove(): void {
    this.#remove(this.all);
  }

  /** Those that the successor after a reload does not hold. */
  removeExcept({ addresses }: Pick<AddressOwner, "addresses">): void {
    const kept = new Set(addresses.map(describe));
    this.#remove(this.all.filter((address) => !kept.has(describe(address))));
  }

  #remove(addresses: readonly HeldAddress[]): void {
    for (const address of addresses) {
      const settings = this.#settings(address);
      const result = settings === undefined ? 0 : this.netlink.deleteAddress(settings);
      if (result < 0 && result !== -EADDRNOTAVAIL && result !== -ENODEV) this.#complain("remove", address, -result);
    }
  }

  /** Which of ours this is, if it is one. */
  find(seen: InterfaceAddress): HeldAddress | undefined {
    const device = this.network.linkByIndex(seen.index)?.name;
    return this.all.find(
      (address) =>
        address.device === device && address.address === seen.address && address.prefixLength === seen.prefixLength,
    );
  }

  /** Asks the kernel, not what we know: news of our own removal may still be under way after we added it again. */
  isPresent(address: HeldAddress): boolean {
    const index = this.network.link(address.device)?.index;
    if (index === undefined) return false;
    return this.netlink
      .addresses(index)
      .some((known) => known.address === address.address && known.prefixLength === address.prefixLength);
  }

  #settings(address: HeldAddress): AddressSettings | undefined {
    const index = this.network.link(address.device)?.index;
    if (index === undefined) return undefined;
    return {
      index,
      address: address.address,
      prefixLength: address.prefixLength,
      scope: address.scope,
      ...(address.label === undefined ? {} : { label: address.label }),
      ...(address.broadcast === undefined ? {} : { broadcast: address.broadcast }),
      ...(address.peer === undefined ? {} : { peer: address.peer }),
      flags: flagsOf(address),
      ...this.#lifetimes(address),
    };
  }

  #lifetimes({ preferredLifetime }: HeldAddress): Pick<AddressSettings, "lifetime"> {
    if (this.lifetime === undefined && preferredLifetime === "forever") return {};
    const valid = this.lifetime ?? FOREVER;
    return {
      lifetime: { preferred: preferredLifetime === "forever" ? valid : Math.min(preferredLifetime, valid), valid },
    };
  }

  #complain(what: "add" | "remove", address: HeldAddress, errno: number): void {
    const reason = this.netlink.explanation ?? errnoText(errno);
    this.log("warning", `(${this.owner.name}) cannot ${what} ${describe(address)}: ${reason}`);
  }
}

/** An instance's: advertised ones first, then the excluded. */
export const virtualAddressesOf = (instance: VrrpInstance): AddressOwner => ({
  name: instance.name,
  addresses: [...instance.addresses, ...instance.excludedAddresses].map((address) => ({
    ...address,
    device: address.device ?? deviceOf(instance),
  })),
  lifetime: lifetimeOf(instance),
});

function flagsOf(address: VirtualAddress): number {
  return (
    (address.noDad ? IFA_F_NODAD : 0) |
    (address.home ? IFA_F_HOMEADDRESS : 0) |
    (address.manageTemporary ? IFA_F_MANAGETEMPADDR : 0) |
    (address.noPrefixRoute ? IFA_F_NOPREFIXROUTE : 0) |
    (address.autoJoin ? IFA_F_MCAUTOJOIN : 0)
  );
}

/**
 * If everything here is killed or frozen, the addresses must be gone before a backup takes over, which it does when it
 * has missed `downTimerAdverts` intervals. The kernel counts in whole seconds, and takes up to 0.2 s longer.
 */
function lifetimeOf({ addressLifetime, advertInterval, downTimerAdverts }: VrrpInstance): number | undefined {
  if (addressLifetime === "off") return undefined;
  const seconds =
    addressLifetime === "auto"
      ? Math.ceil((downTimerAdverts * advertInterval) / 1_000_000) - 1
      : Math.ceil(addressLifetime / 1_000_000);
  return Math.max(1, seconds);
}

/** As keepalived's log says it: `10.0.0.100/24 dev eth0`. */
export const describe = (address: HeldAddress): string =>
  `${address.address}/${address.prefixLength} dev ${address.device}`;
