/** What the host's interfaces and addresses are now, kept true by the kernel's news. Does no I/O itself. */

import { AF_INET, AF_INET6 } from "../sys/address.js";
import { IFA_F_TENTATIVE, type InterfaceAddress, type Link, SCOPE } from "../sys/netlink.js";
import type { NetlinkEvent } from "../sys/netlink-monitor.js";
import type { Family } from "./wire/ip-address.js";
import { parseIpv4 } from "./wire/ipv4.js";

export class HostNetwork {
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<number, InterfaceAddress[]>();

  /** Replaces everything by what the kernel has just listed. */
  load(links: readonly Link[], addresses: readonly InterfaceAddress[]): void {
    this.#links.clear();
    this.#addresses.clear();
    for (const link of links) this.#links.set(link.index, link);
    for (const address of addresses) this.#add(address);
  }

  /** @returns whether anything that we care about is different now. */
  apply(event: NetlinkEvent): boolean {
    switch (event.kind) {
      case "link":
        return event.action === "new" ? this.#setLink(event.link) : this.#deleteLink(event.link.index);
      case "address":
        return event.action === "new" ? this.#add(event.address) : this.#delete(event.address);
      default:
        return false;
    }
  }

  link(name: string): Link | undefined {
    for (const link of this.#links.values()) if (link.name === name) return link;
    return undefined;
  }

  linkByIndex(index: number): Link | undefined {
    return this.#links.get(index);
  }

  /** "up": switched on, and it can pass traffic. */
  condition(name: string): "up" | "down" | "missing" {
    const link = this.link(name);
    if (link === undefined) return "missing";
    return link.up && link.running ? "up" : "down";
  }

  /** @param name undefined: on any interface */
  hasAddress(name: string | undefined, address: string, prefixLength?: number): boolean {
    const present = name === undefined ? [...this.#addresses.values()].flat() : this.#addressesOf(name);
    return present.some(
      (known) => known.address === address && (prefixLength === undefined || known.prefixLength === prefixLength),
    );
  }

  /**
   * The interface's first address that is not a virtual one: where advertisements leave from. Those of IPv6 leave from
   * a link-local address (RFC 9568 §5.1.2.1).
   */
  firstAddress(name: string, family: Family, isVirtual: (address: string) => boolean): string | undefined {
    return this.#addressesOf(name).find(
      (known) =>
        (family === 4 ? known.family === AF_INET : known.family === AF_INET6 && known.scope === SCOPE.link) &&
        !isVirtual(known.address),
    )?.address;
  }

  /** An address of the interface that is no virtual one, in whose network all of `others` lie (IPv4). */
  addressBeside(name: string, others: readonly string[], isVirtual: (address: string) => boolean): string | undefined {
    return this.#addressesOf(name).find(
      ({ address, family, prefixLength }) =>
        family === AF_INET &&
        !isVirtual(address) &&
        others.every((other) => isInNetwork(parseIpv4(other)!, parseIpv4(address)!, prefixLength)),
    )?.address;
  }

  /** Some interface here has it. */
  hasMac(mac: string): boolean {
    for (const link of this.#links.values()) if (link.mac === mac) return true;
    return false;
  }

  #addressesOf(name: string): readonly InterfaceAddress[] {
    const link = this.link(name);
    return link === undefined ? [] : (this.#addresses.get(link.index) ?? []);
  }

  #setLink(link: Link): boolean {
    const known = this.#links.get(link.index);
    this.#links.set(link.index, link);
    return (
      known === undefined ||
      known.name !== link.name ||
      known.up !== link.up ||
      known.running !== link.running ||
      known.mac !== link.mac
    );
  }

  #deleteLink(index: number): boolean {
    this.#addresses.delete(index);
    return this.#links.delete(index);
  }

  /** One whose uniqueness is still being tested (RFC 4862 §5.4) cannot be used yet; the kernel tells when it can. */
  #add(address: InterfaceAddress): boolean {
    if ((address.flags & IFA_F_TENTATIVE) !== 0) return this.#delete(address);
    const others = (this.#addresses.get(address.index) ?? []).filter((known) => !isSame(known, address));
    const isNew = others.length === (this.#addresses.get(address.index)?.length ?? 0);
    if (isNew) this.#addresses.set(address.index, [...others, address]);
    return isNew;
  }

  #delete(address: InterfaceAddress): boolean {
    const known = this.#addresses.get(address.index) ?? [];
    const left = known.filter((other) => !isSame(other, address));
    this.#addresses.set(address.index, left);
    return left.length !== known.length;
  }
}

const isInNetwork = (address: number, network: number, prefixLength: number): boolean =>
  prefixLength === 0 || (address ^ network) >>> (32 - prefixLength) === 0;

function isSame(a: InterfaceAddress, b: InterfaceAddress): boolean {
  return a.address === b.address && a.prefixLength === b.prefixLength;
}
