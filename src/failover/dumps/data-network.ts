/** Addresses, routes, rules and interfaces, in the words of keepalived's data. */
import type { AnnouncementSpacing, Route, Rule, VirtualAddress } from "../../config/keepalived/model.js";
import { AF_INET, AF_INET6 } from "../../sys/address.js";
import type { InterfaceAddress, Link } from "../../sys/netlink.js";
import { seconds } from "./words.js";

/** keepalived's own number in rtnetlink's list of protocols. */
const PROTOCOL_KEEPALIVED = 18;
const SCOPES: Readonly<Record<number, string>> = { 0: "global", 200: "site", 253: "link", 254: "host" };

/** `192.0.2.100/24 brd 192.0.2.255 dev eth0 scope global label eth0:v set`; a host's own prefix length is left out. */
export function addressText(address: VirtualAddress, device: string, isSet: boolean): string {
  const { family, prefixLength, broadcast, label, scope, preferredLifetime, track } = address;
  const isHost = prefixLength === (family === 4 ? 32 : 128);
  const words = [isHost ? address.address : `${address.address}/${prefixLength}`];
  if (broadcast !== undefined) words.push("brd", broadcast);
  words.push("dev", device, "scope", SCOPES[scope] ?? String(scope));
  if (label !== undefined) words.push("label", label);
  if (family === 6) words.push(preferredLifetime === 0 ? "deprecated" : `preferred_lft ${preferredLifetime}`);
  if (!track) words.push("no_track");
  if (isSet) words.push("set");
  return words.join(" ");
}

/** `prepend 203.0.113.0/24 via inet 192.0.2.9 dev eth0 proto 18 metric 5` */
export function routeText(route: Route): string {
  const { type, destination, via, device, source, table, metric, metrics, nextHops, track } = route;
  const words: string[] = [type === "unicast" ? route.placement : `add ${type}`];
  words.push(`${destination.address}/${destination.prefixLength}`);
  const gateway = (to: NonNullable<Route["via"]>): string => `via inet${to.family === 6 ? "6" : ""} ${to.address}`;
  if (via !== undefined) words.push(gateway(via));
  if (device !== undefined) words.push("dev", device);
  if (source !== undefined) words.push("src", source);
  if (table !== undefined) words.push("table", String(table));
  words.push("proto", String(route.protocol ?? PROTOCOL_KEEPALIVED));
  if (metric !== undefined) words.push("metric", String(metric));
  if (metrics.mtu !== undefined) words.push("mtu", String(metrics.mtu));
  for (const hop of nextHops) {
    words.push("nexthop");
    if (hop.via !== undefined) words.push(gateway(hop.via));
    if (hop.device !== undefined) words.push("dev", hop.device);
    if (hop.weight > 1) words.push("weight", String(hop.weight));
  }
  if (!track) words.push("no_track");
  return words.join(" ");
}

/** `from 192.0.2.0/24 priority 3000 tos 0x0 protocol 18 lookup 100` */
export function ruleText(rule: Rule): string {
  const { from, to, fwmark, preference, action, track } = rule;
  const words: string[] = rule.invert ? ["not"] : [];
  if (from !== undefined) words.push("from", prefixText(from));
  if (to !== undefined) words.push("to", prefixText(to));
  if (preference !== undefined) words.push("priority", String(preference));
  if (fwmark !== undefined) words.push("fwmark", `0x${fwmark.mark.toString(16)}`);
  words.push("tos", `0x${(rule.tos ?? 0).toString(16)}`, "protocol", String(rule.protocol ?? PROTOCOL_KEEPALIVED));
  if (action.kind === "table") words.push("lookup", String(action.table));
  else words.push(action.kind === "goto" ? `goto ${action.preference}` : action.kind);
  if (!track) words.push("no_track");
  return words.join(" ");
}

/** Host prefixes stand without their length. */
const prefixText = ({ address, prefixLength }: NonNullable<Rule["from"]>): string =>
  prefixLength === (address.includes(":") ? 128 : 32) ? address : `${address}/${prefixLength}`;

export const spacingLines = (groups: readonly AnnouncementSpacing[]): string[] =>
  groups.flatMap(({ garpInterval, gnaInterval, interfaces }, index) => [
    `------< GARP delay group ${index + 1} >------`,
    ...(garpInterval > 0 ? [` GARP interval = ${seconds(garpInterval)}`] : []),
    ...(gnaInterval > 0 ? [` GNA interval = ${seconds(gnaInterval)}`] : []),
    " Interfaces",
    ...interfaces.map((name) => `  ${name}`),
  ]);

/** What the kernel says of an interface; what keepalived remembers of it besides is left out. */
export function interfaceLines(link: Link, addresses: readonly InterfaceAddress[], tracking: readonly string[]) {
  const own = addresses.filter(({ index }) => index === link.index);
  const [ipv4, ...moreIpv4] = own.filter(({ family }) => family === AF_INET);
  const [ipv6, ...moreIpv6] = own.filter(({ family }) => family === AF_INET6);
  const additional = (family: string, more: readonly InterfaceAddress[]): string[] =>
    more.length === 0 ? [] : [`   Additional ${family} addresses :`, ...more.map(({ address }) => `     ${address}`)];
  return [
    ` Name = ${link.name}`,
    `   index = ${link.index}`,
    `   IPv4 address = ${ipv4?.address ?? "(none)"}`,
    ...additional("IPv4", moreIpv4),
    `   IPv6 address = ${ipv6?.address ?? "(none)"}`,
    ...additional("IPv6", moreIpv6),
    ...(isLoopback(link) ? [] : [`   MAC = ${link.mac}`]),
    `   State = ${stateText(link)}`,
    `   MTU = ${link.mtu}`,
    `   HW Type = ${isLoopback(link) ? "LOOPBACK" : "ETHERNET"}`,
    ...(tracking.length === 0 ? [] : ["   Tracking VRRP instances :", ...tracking.map((line) => `     ${line}`)]),
  ];
}

/** Of netdevice(7). */
const IFF_BROADCAST = 2;
const IFF_LOOPBACK = 8;
const IFF_MULTICAST = 0x1000;

const isLoopback = ({ flags }: Link): boolean => (flags & IFF_LOOPBACK) !== 0;

function stateText(link: Link): string {
  const words = [link.up ? "UP" : "DOWN", link.running ? "RUNNING" : "not RUNNING"];
  if ((link.flags & IFF_BROADCAST) === 0) words.push("no broadcast");
  if (isLoopback(link)) words.push("loopback");
  if ((link.flags & IFF_MULTICAST) === 0) words.push("no multicast");
  return words.join(", ");
}
