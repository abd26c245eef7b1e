/**
 * `use_vmac`: a virtual router's own interface, a macvlan in private mode over the instance's. The addresses live on it
 * and move together with their MAC address, so that no neighbour need learn anything at a fail-over (RFC 9568 §7.3).
 */
import { readFileSync, writeFileSync } from "node:fs";
import type {
  AddressFamily,
  AddressInterface,
  KeepalivedConfiguration,
  VirtualAddress,
  VrrpInstance,
} from "../config/keepalived/model.js";
import { EADDRINUSE, EEXIST, ENODEV, errnoText } from "../sys/errno.js";
import type { Link, Netlink } from "../sys/netlink.js";
import type { LogLevel } from "./instance.js";
import type { HostNetwork } from "./network.js";
import { interfaceOf } from "./wire-settings.js";

type Log = (level: LogLevel, text: string) => void;

export interface VirtualInterfaceSettings {
  readonly name: string;
  /** The interface below. */
  readonly base: string;
  readonly mac: string;
  readonly group: number | undefined;
  /** Tell again of the interface below, which may have become promiscuous without a word from the kernel. */
  readonly notify: boolean;
  /** Advertisements travel by the interface below. */
  readonly transmitOnBase: boolean;
  /** Whether addresses of IPv6 may come onto it. */
  readonly ipv6: boolean;
}

/** The MAC address that RFC 9568 §7.3 gives to a virtual router, unless the file says another. */
const macOf = ({ virtualMac, virtualRouterId }: VrrpInstance, family: AddressFamily): string =>
  virtualMac?.mac ?? `00:00:5e:00:0${family === 4 ? 1 : 2}:${virtualRouterId.toString(16).padStart(2, "0")}`;

/**
 * Gives the virtual interface of each instance its name: the one of the file; else vrrp.51, or vrrp6.51 for IPv6, with
 * a number before the dot if it is taken. One that is there already, from before a reload or a crash, keeps its own.
 */
export function nameVirtualInterfaces(
  configuration: KeepalivedConfiguration,
  links: readonly Link[],
  log: Log,
): KeepalivedConfiguration {
  const { vmacPrefix, vmacAddressPrefix } = configuration.global;
  const taken = new Set(links.map(({ name }) => name));
  const named = (
    own: VrrpInstance,
    base: string | undefined,
    family: AddressFamily,
    prefix: string,
    wanted?: string,
  ) => {
    const mac = macOf(own, family);
    const parent = links.find(({ name }) => name === base)?.index;
    const present = links.find((link) => isVirtualInterface(link, parent, mac))?.name;
    const usual = `${prefix}${family === 6 ? "6" : ""}`;
    const isFree = (name: string): boolean => name === present || !taken.has(name);
    let name = wanted ?? present ?? `${usual}.${own.virtualRouterId}`;
    if (wanted !== undefined && !isFree(name)) {
      log("warning", `(${own.name}) interface ${name} exists already: use_vmac takes another name`);
      name = `${usual}.${own.virtualRouterId}`;
    }
    for (let number = 1; !isFree(name); number++) name = `${usual}${number}.${own.virtualRouterId}`;
    taken.add(name);
    return { name, mac };
  };
  const instances = configuration.instances.map((own): VrrpInstance => {
    const { virtualMac } = own;
    if (virtualMac === undefined) return own;
    return {
      ...own,
      virtualMac: { ...virtualMac, ...named(own, own.interface, own.family, vmacPrefix, virtualMac.name) },
    };
  });
  return {
    ...configuration,
    instances: instances.map((own) =>
      withAddressInterfaces(own, (base, family) => named(own, base, family, vmacAddressPrefix)),
    ),
  };
}

/** Addresses with a virtual MAC address of their own move onto the interfaces that are made for them. */
function withAddressInterfaces(
  own: VrrpInstance,
  name: (base: string, family: AddressFamily) => { readonly name: string; readonly mac: string },
): VrrpInstance {
  const made: AddressInterface[] = [];
  const moved = (address: VirtualAddress): VirtualAddress => {
    if (!address.virtualMac) return address;
    const { family } = address;
    const base = address.device ?? interfaceOf(own);
    let home = made.find((one) => one.base === base && one.family === family);
    if (home === undefined) {
      home = { ...name(base, family), base, family };
      made.push(home);
    }
    return { ...address, device: home.name };
  };
  const [addresses, excludedAddresses] = [own.addresses.map(moved), own.excludedAddresses.map(moved)];
  return { ...own, addresses, excludedAddresses, addressInterfaces: made };
}

/** Whether there is anything to be named. */
export const hasVirtualInterfaces = ({ instances }: KeepalivedConfiguration): boolean =>
  instances.some(
    ({ virtualMac, addresses, excludedAddresses }) =>
      virtualMac !== undefined || [...addresses, ...excludedAddresses].some((address) => address.virtualMac),
  );

const isVirtualInterface = (link: Link, parent: number | undefined, mac: string): boolean =>
  link.kind === "macvlan" && link.parent === parent && link.mac === mac;

/** undefined without `use_vmac`. Throws a RangeError if it has not been named. */
export function virtualInterfaceOf(own: VrrpInstance): VirtualInterfaceSettings | undefined {
  const { virtualMac } = own;
  if (virtualMac === undefined) return undefined;
  if (virtualMac.name === undefined) throw new RangeError(`the virtual interface of ${own.name} has no name`);
  return {
    name: virtualMac.name,
    base: interfaceOf(own),
    mac: macOf(own, own.family),
    group: virtualMac.group,
    notify: virtualMac.netlinkNotify,
    // Peers answer to an address, and that is on the interface below; strict_mode alone does not say so.
    transmitOnBase: virtualMac.transmitOnBase || own.transport.kind === "unicast",
    ipv6: [...own.addresses, ...own.excludedAddresses].some(({ family }) => family === 6),
  };
}

/** All interfaces that are made for an instance, its own first. */
export function virtualInterfacesOf(own: VrrpInstance): VirtualInterfaceSettings[] {
  const itsOwn = virtualInterfaceOf(own);
  const forAddresses = own.addressInterfaces.map(({ name, base, mac, family }) => ({
    name,
    base,
    mac,
    group: undefined,
    notify: false,
    transmitOnBase: true,
    ipv6: family === 6,
  }));
  return itsOwn === undefined ? forAddresses : [itsOwn, ...forAddresses];
}

/** Where an instance's addresses live unless their lines say otherwise. */
export const deviceOf = (own: VrrpInstance): string => virtualInterfaceOf(own)?.name ?? interfaceOf(own);

export class VirtualInterface {
  #isPrepared = false;
  readonly #complaints = new Set<string>();

  constructor(
    readonly owner: string,
    readonly settings: VirtualInterfaceSettings,
    readonly netlink: Netlink,
    readonly network: HostNetwork,
    readonly log: Log,
  ) {}

  /** undefined while it, or the interface below, is not there. */
  get link(): Link | undefined {
    const { name, mac } = this.settings;
    const link = this.network.link(name);
    return link !== undefined && isVirtualInterface(link, this.base?.index, mac) ? link : undefined;
  }

  get base(): Link | undefined {
    return this.network.link(this.settings.base);
  }

  /** Makes it unless it is there, and switches it on. @returns whether it was made. */
  ensure(): boolean {
    const { base, link } = this;
    if (base === undefined || (link?.up === true && this.#isPrepared)) return false;
    const { name, mac, group, notify } = this.settings;
    if (link === undefined) {
      const result = this.netlink.addMacvlan({
        name,
        parent: base.index,
        mac,
        ...(group === undefined ? {} : { group }),
      });
      if (result < 0) {
        this.#complain(`cannot create ${name}: ${this.#reason(result)}`);
        return false;
      }
      this.log("info", `(${this.owner}): Success creating VMAC interface ${name}`);
      this.#isPrepared = false;
    }
    if (!this.#isPrepared) prepare(this.settings);
    this.#isPrepared = true;
    this.#switchOn();
    if (notify) this.netlink.setLinkGroup(base.index, base.group);
    return link === undefined;
  }

  remove(): void {
    const { link } = this;
    if (link === undefined) return;
    const result = this.netlink.deleteLink(link.index);
    if (result < 0 && result !== -ENODEV) this.#complain(`cannot remove ${link.name}: ${this.#reason(result)}`);
    else this.log("info", `(${this.owner}) Success removing VMAC interface ${link.name}`);
  }

  /** The kernel's news of it come later, and we need it now. */
  #switchOn(): void {
    const { name } = this.settings;
    const made = this.netlink.linkByName(name);
    if (made === undefined) return;
    const result = this.netlink.setLink(made.index, true);
    const link = this.netlink.linkByIndex(made.index);
    if (link !== undefined) this.network.apply({ kind: "link", action: "new", link });
    if (result < 0) this.#complain(`cannot switch ${name} on: ${this.#reason(result)}`);
  }

  #reason(result: number): string {
    const { base, mac } = this.settings;
    if (result === -EEXIST) return "another interface has that name";
    if (result === -EADDRINUSE) return `another interface over ${base} has ${mac}`;
    return this.netlink.explanation ?? errnoText(-result);
  }

  #complain(text: string): void {
    if (this.#complaints.has(text)) return;
    this.#complaints.add(text);
    this.log("warning", `(${this.owner}) ${text}`);
  }
}

/**
 * Settings without which neighbours would see the MAC address of the interface below. They stay there after a stop, as
 * keepalived's do. keepalived sets `arp_filter` there as well: once the address of the interface below has been taken
 * away and added again, which puts its route behind ours, it would answer for that address no more.
 */
function prepare({ name, base, ipv6 }: VirtualInterfaceSettings): void {
  // It answers for its own addresses alone, and asks in their name, not in that of an address elsewhere.
  raise(`ipv4/conf/${base}/arp_ignore`, 1);
  raise(`ipv4/conf/${base}/arp_announce`, 2);
  set(`ipv4/conf/${name}/arp_ignore`, 1);
  set(`ipv4/conf/${name}/arp_filter`, 0);
  // What comes in here is answered through the interface below: the kernel must not take that for a forgery.
  set(`ipv4/conf/${name}/rp_filter`, 2);
  set(`ipv4/conf/${name}/accept_local`, 1);
  set(`ipv4/conf/${name}/promote_secondaries`, 1);
  // A backup must say nothing here, or the switches would look for the MAC address at its port.
  set(`ipv6/conf/${name}/addr_gen_mode`, 1);
  set(`ipv6/conf/${name}/accept_ra`, 0);
  set(`ipv6/conf/${name}/autoconf`, 0);
  set(`ipv6/conf/${name}/router_solicitations`, 0);
  set(`ipv6/conf/${name}/disable_ipv6`, ipv6 ? 0 : 1);
}

function raise(path: string, least: number): void {
  try {
    if (Number(readFileSync(`/proc/sys/net/${path}`, "latin1")) < least) set(path, least);
  } catch {}
}

/** A kernel without IPv6 has no settings of it. */
function set(path: string, value: number): void {
  try {
    writeFileSync(`/proc/sys/net/${path}`, String(value));
  } catch {}
}
