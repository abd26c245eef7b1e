/**
 * Interfaces, addresses, routes and rules, read and changed through a netlink socket (rtnetlink(7)). Calls are synchronous: the
 * kernel has its answer ready when the request has been taken. For set-up and fail-over, not for the path of packets.
 */
import {
  type AddressSettings,
  decodeAddress,
  type InterfaceAddress,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
  writeAddress,
  writeAddressQuery,
} from "./address-message.js";
import { ENODEV, ENOENT, SystemError } from "./errno.js";
import {
  decodeLink,
  type Link,
  type MacvlanSettings,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_SETLINK,
  writeLinkDeletion,
  writeLinkGroup,
  writeLinkQuery,
  writeLinkState,
  writeMacvlan,
} from "./link-message.js";
import { type MessageWriter, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "./netlink-message.js";
import { NetlinkSocket } from "./netlink-socket.js";
import {
  decodeRoute,
  type Route,
  type RouteSettings,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  TABLE_MAIN,
  writeRoute,
  writeRouteLookup,
  writeRouteQuery,
} from "./route-message.js";
import {
  decodeRule,
  RTM_DELRULE,
  RTM_GETRULE,
  RTM_NEWRULE,
  type Rule,
  type RuleSettings,
  writeRule,
  writeRuleQuery,
} from "./rule-message.js";

export type { AddressSettings, InterfaceAddress } from "./address-message.js";
export {
  FOREVER,
  IFA_F_DEPRECATED,
  IFA_F_HOMEADDRESS,
  IFA_F_MANAGETEMPADDR,
  IFA_F_MCAUTOJOIN,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  IFA_F_TENTATIVE,
  SCOPE,
} from "./address-message.js";
export type { Link, MacvlanSettings } from "./link-message.js";
export type { Route, RouteSettings } from "./route-message.js";
export { TABLE_LOCAL, TABLE_MAIN } from "./route-message.js";
export type { Rule, RuleSettings } from "./rule-message.js";

/** Where a route stands among others to the same destination. */
const PLACEMENTS = { add: NLM_F_EXCL, prepend: 0, append: NLM_F_APPEND } as const;

/** In no network of anybody's own: what leads there is a default route. */
const FAR_AWAY = "1.1.1.1";
const FAR_AWAY_IPV6 = "2606:4700::1";

/** The longest name of an interface in bytes (IFNAMSIZ less its NUL). */
const NAME_LIMIT = 15;

/**
 * What ip-link(8), ip-address(8), ip-route(8) and ip-rule(8) do. Changes return 0 or a negated errno, and `explanation` may then say more;
 * reading throws a SystemError, since it fails for want of resources alone.
 */
export class Netlink {
  readonly #socket: NetlinkSocket;

  /** @param timeout  Milliseconds that one call waits for the kernel's answer at most; then it gives -ETIMEDOUT. */
  constructor(timeout = 2_000) {
    this.#socket = new NetlinkSocket(timeout);
  }

  /** What the kernel said about the last change that failed: "Invalid prefix length for IPv4", or undefined. */
  get explanation(): string | undefined {
    return this.#socket.explanation;
  }

  links(): Link[] {
    return this.#socket.dump(RTM_GETLINK, (writer) => writeLinkQuery(writer), RTM_NEWLINK, decodeLink);
  }

  linkByName(name: string): Link | undefined {
    return Buffer.byteLength(name) > NAME_LIMIT || name === "" ? undefined : this.#link(name);
  }

  linkByIndex(index: number): Link | undefined {
    return index > 0 ? this.#link(index) : undefined;
  }

  /** Switches a link on or off. */
  setLink(index: number, up: boolean): number {
    return this.#socket.request(RTM_SETLINK, 0, (writer) => writeLinkState(writer, index, up));
  }

  /** Puts a link into a group, be it its own: everybody who listens hears of the link again. */
  setLinkGroup(index: number, group: number): number {
    return this.#socket.request(RTM_SETLINK, 0, (writer) => writeLinkGroup(writer, index, group));
  }

  /** Makes one, switched off. -EEXIST if the name is taken; -EOPNOTSUPP if the kernel has no macvlan. */
  addMacvlan(settings: MacvlanSettings): number {
    return this.#socket.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, (writer) => writeMacvlan(writer, settings));
  }

  deleteLink(index: number): number {
    return this.#socket.request(RTM_DELLINK, 0, (writer) => writeLinkDeletion(writer, index));
  }

  /** The addresses of one interface, or of all for 0; of one family, or of both for 0. */
  addresses(index = 0, family = 0): InterfaceAddress[] {
    const all = this.#socket.dump(
      RTM_GETADDR,
      (writer) => writeAddressQuery(writer, family, index),
      RTM_NEWADDR,
      decodeAddress,
    );
    // Kernels before 4.20 do not filter.
    return index === 0 ? all : all.filter((address) => address.index === index);
  }

  /** -EEXIST if that interface already has the address with this prefix length. */
  addAddress(settings: AddressSettings): number {
    return this.#socket.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, (writer) => writeAddress(writer, settings));
  }

  /** Adds the address, or gives the one that is there new lifetimes and flags. */
  setAddress(settings: AddressSettings): number {
    return this.#socket.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, (writer) => writeAddress(writer, settings));
  }

  /** -EADDRNOTAVAIL if the interface does not have the address, -ENODEV if there is no such interface. */
  deleteAddress(settings: AddressSettings): number {
    const { index, address, prefixLength, peer } = settings;
    const which = { index, address, prefixLength, ...(peer === undefined ? {} : { peer }) };
    return this.#socket.request(RTM_DELADDR, 0, (writer) => writeAddress(writer, which));
  }

  /** The routes of one table, or of all for 0. A table that does not exist is an empty one. */
  routes(family: number, table = TABLE_MAIN): Route[] {
    const query = (writer: MessageWriter): void => writeRouteQuery(writer, family, table);
    const all = this.#socket.dump(RTM_GETROUTE, query, RTM_NEWROUTE, decodeRoute, ENOENT);
    return table === 0 ? all : all.filter((route) => route.table === table);
  }

  /**
   * -EEXIST if the table has a route to that destination with that metric; with another placement among such, only if
   * it has this very route.
   */
  addRoute(settings: RouteSettings, placement: keyof typeof PLACEMENTS = "add"): number {
    const flags = NLM_F_CREATE | PLACEMENTS[placement];
    return this.#socket.request(RTM_NEWROUTE, flags, (writer) => writeRoute(writer, settings));
  }

  /** Deletes what `addRoute` made (static routes); -ESRCH if there is no such route. */
  deleteRoute(settings: RouteSettings): number {
    return this.#socket.request(RTM_DELROUTE, 0, (writer) => writeRoute(writer, settings));
  }

  /** In the order in which the kernel goes through them. */
  rules(family: number): Rule[] {
    return this.#socket.dump(RTM_GETRULE, (writer) => writeRuleQuery(writer, family), RTM_NEWRULE, decodeRule);
  }

  /** -EEXIST if there is such a rule. */
  addRule(settings: RuleSettings): number {
    return this.#socket.request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, (writer) => writeRule(writer, settings));
  }

  /** -ENOENT if there is no such rule. */
  deleteRule(settings: RuleSettings): number {
    return this.#socket.request(RTM_DELRULE, 0, (writer) => writeRule(writer, settings));
  }

  /** The next router towards the rest of the world by that interface, as of now. @param family 4 or 6 */
  gateway(index: number, family: 4 | 6): string | undefined {
    let found: Route | undefined;
    const result = this.#socket.request(
      RTM_GETROUTE,
      0,
      (writer) => writeRouteLookup(writer, family === 4 ? FAR_AWAY : FAR_AWAY_IPV6, index),
      (message) => {
        if (message.type === RTM_NEWROUTE) found = decodeRoute(message);
      },
    );
    return result < 0 || found?.oif !== index ? undefined : found.gateway;
  }

  close(): void {
    this.#socket.close();
  }

  #link(which: string | number): Link | undefined {
    let found: Link | undefined;
    const result = this.#socket.request(
      RTM_GETLINK,
      0,
      (writer) => writeLinkQuery(writer, which),
      (message) => {
        if (message.type === RTM_NEWLINK) found = decodeLink(message);
      },
    );
    if (result < 0 && result !== -ENODEV) throw new SystemError(-result, "netlink RTM_GETLINK", String(which));
    return found;
  }
}
