/** Routes as rtnetlink(7) carries them (struct rtmsg, linux/rtnetlink.h). No I/O. */
import { AF_INET, AF_INET6 } from "./address.js";
import { familyOfText, internetBytes, internetText, SCOPE } from "./address-message.js";
import { Attributes, type MessageWriter, type NetlinkMessage } from "./netlink-message.js";

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const TABLE_MAIN = 254;
export const TABLE_LOCAL = 255;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_SRC = 2;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_FLOW = 11;
const RTA_TABLE = 15;
const RTA_VIA = 18;
const RTA_PREF = 20;
const RTA_EXPIRES = 23;
const RTA_TTL_PROPAGATE = 26;
const RTNH_F_ONLINK = 4;
const RTAX_LOCK = 1;
const RTAX_CC_ALGO = 16;
/** RTAX_* by the names of ip-route(8). */
const METRICS = {
  mtu: 2,
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  initcwnd: 11,
  features: 12,
  rtoMin: 13,
  initrwnd: 14,
  quickack: 15,
  fastopenNoCookie: 17,
} as const;
type MetricName = keyof typeof METRICS;
/** ICMPV6_ROUTER_PREF_* (RFC 4191 §2.1). */
const PREFERENCES = { medium: 0, high: 1, low: 3 } as const;

const HEADER_SIZE = 12;
/** Who made a route: an administrator (RTPROT_STATIC). */
const RTPROT_STATIC = 4;

/** By RTN_* number. */
const TYPES = [
  ...(["unspec", "unicast", "local", "broadcast", "anycast", "multicast"] as const),
  ...(["blackhole", "unreachable", "prohibit", "throw", "nat", "xresolve"] as const),
] as const;
export type RouteType = (typeof TYPES)[number];

/** What `addRoute` and `deleteRoute` are told. */
export interface RouteSettings {
  /** IPv4 or IPv6 text: `0.0.0.0` or `::` with prefix length 0 is the default route. */
  readonly destination: string;
  readonly prefixLength: number;
  readonly gateway?: string;
  /** Index of the outgoing interface. */
  readonly oif?: number;
  /** TABLE_MAIN unless given. */
  readonly table?: number;
  /** `unicast` unless given. */
  readonly type?: RouteType;
  /** By default what ip-route(8) takes: host for local, link for what needs no gateway, else global. */
  readonly scope?: number;
  readonly preferredSource?: string;
  readonly metric?: number;
  /** IPv6: only for packets from there. */
  readonly from?: { readonly address: string; readonly prefixLength: number };
  readonly tos?: number;
  /** RTPROT_*: 4, static, unless given. */
  readonly protocol?: number;
  /** The gateway is on the link, though no address there says so. */
  readonly onLink?: boolean;
  /** Several ways instead of `gateway` and `oif`. */
  readonly nextHops?: readonly NextHopSettings[];
  /** RFC 4191: IPv6 only. */
  readonly preference?: "low" | "medium" | "high";
  /** Seconds; IPv6 only. */
  readonly expires?: number;
  readonly realms?: Realms;
  readonly ttlPropagate?: boolean;
  /** By the names of ip-route(8); `locked` ones are not adapted by the kernel. */
  readonly metrics?: { readonly [name in MetricName]?: number };
  readonly congestionControl?: string;
  readonly locked?: readonly string[];
}

export interface NextHopSettings {
  readonly gateway?: string;
  readonly oif?: number;
  /** 1–256 */
  readonly weight: number;
  readonly onLink?: boolean;
  readonly realms?: Realms;
}

export interface Realms {
  readonly from: number | undefined;
  readonly to: number;
}

/** A route as the kernel tells of it. One of several next hops shows neither gateway nor interface. */
export interface Route {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  readonly destination: string;
  readonly prefixLength: number;
  readonly gateway: string | undefined;
  readonly oif: number | undefined;
  readonly table: number;
  readonly type: RouteType;
  readonly scope: number;
  /** RTPROT_*: 2 the kernel, 3 boot, 4 static, more in /etc/iproute2/rt_protos. */
  readonly protocol: number;
  readonly preferredSource: string | undefined;
  readonly metric: number | undefined;
}

/** @returns undefined for families other than IPv4 and IPv6, and for what is cut off. */
export function decodeRoute(message: NetlinkMessage): Route | undefined {
  const { body } = message;
  if (body.length < HEADER_SIZE) return undefined;
  const family = body[0]!;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const type = TYPES[body[7]!];
  if (type === undefined) return undefined;
  const attributes = new Attributes(body.subarray(HEADER_SIZE));
  return {
    family,
    destination: internetText(family, attributes.bytes(RTA_DST)) ?? (family === AF_INET ? "0.0.0.0" : "::"),
    prefixLength: body[1]!,
    gateway: internetText(family, attributes.bytes(RTA_GATEWAY)),
    oif: attributes.u32(RTA_OIF),
    table: attributes.u32(RTA_TABLE) ?? body[4]!,
    type,
    scope: body[6]!,
    protocol: body[5]!,
    preferredSource: internetText(family, attributes.bytes(RTA_PREFSRC)),
    metric: attributes.u32(RTA_PRIORITY),
  };
}

/** The body that asks for the routes of one table, or of all for 0. */
export function writeRouteQuery(writer: MessageWriter, family: number, table: number): void {
  writeRouteHeader(writer, { family, prefixLength: 0, table, protocol: 0, scope: 0, type: 0 });
  if (table !== 0) writer.attributeU32(RTA_TABLE, table);
}

/** The body that asks how packets to `destination` leave by one interface. Throws a TypeError if it is no address. */
export function writeRouteLookup(writer: MessageWriter, destination: string, oif: number): void {
  const octets = internetBytes(destination);
  const family = familyOfText(destination);
  writeRouteHeader(writer, { family, prefixLength: 8 * octets.length, table: 0, protocol: 0, scope: 0, type: 0 });
  writer.attribute(RTA_DST, octets);
  writer.attributeU32(RTA_OIF, oif);
}

/** The body that adds or deletes a route. Throws a TypeError if a text is no address. */
export function writeRoute(writer: MessageWriter, settings: RouteSettings): void {
  const { destination, prefixLength, oif, table = TABLE_MAIN, type = "unicast", from, expires } = settings;
  const family = familyOfText(destination);
  writeRouteHeader(writer, {
    family,
    prefixLength,
    table,
    protocol: settings.protocol ?? RTPROT_STATIC,
    scope: settings.scope ?? defaultScope(type, settings),
    type: TYPES.indexOf(type),
    sourceLength: from?.prefixLength ?? 0,
    tos: settings.tos ?? 0,
    flags: settings.onLink === true ? RTNH_F_ONLINK : 0,
  });
  writer.attributeU32(RTA_TABLE, table);
  if (prefixLength > 0) writer.attribute(RTA_DST, internetBytes(destination));
  if (from !== undefined) writer.attribute(RTA_SRC, internetBytes(from.address));
  writeWay(writer, family, settings);
  if (oif !== undefined) writer.attributeU32(RTA_OIF, oif);
  if (settings.preferredSource !== undefined) writer.attribute(RTA_PREFSRC, internetBytes(settings.preferredSource));
  if (settings.metric !== undefined) writer.attributeU32(RTA_PRIORITY, settings.metric);
  if (expires !== undefined) writer.attributeU32(RTA_EXPIRES, expires);
  if (settings.preference !== undefined) writer.attribute(RTA_PREF, Uint8Array.of(PREFERENCES[settings.preference]));
  if (settings.ttlPropagate !== undefined)
    writer.attribute(RTA_TTL_PROPAGATE, Uint8Array.of(settings.ttlPropagate ? 1 : 0));
  writeMetrics(writer, settings);
  const { nextHops = [] } = settings;
  if (nextHops.length > 0)
    writer.nested(RTA_MULTIPATH, () => {
      for (const hop of nextHops) writeNextHop(writer, family, hop);
    });
}

/** struct rtnexthop and its attributes. */
function writeNextHop(writer: MessageWriter, family: number, hop: NextHopSettings): void {
  writer.measured(() => {
    writer.u8(hop.onLink === true ? RTNH_F_ONLINK : 0).u8(hop.weight - 1);
    writer.u32(hop.oif ?? 0);
    writeWay(writer, family, hop);
  });
}

/** A gateway of the route's own family, or of the other one (RFC 8950); and the realms. */
function writeWay(
  writer: MessageWriter,
  family: number,
  { gateway, realms }: Pick<NextHopSettings, "gateway" | "realms">,
): void {
  if (gateway !== undefined) {
    const octets = internetBytes(gateway);
    const own = familyOfText(gateway);
    if (own === family) writer.attribute(RTA_GATEWAY, octets);
    else writer.attribute(RTA_VIA, Uint8Array.of(own, 0, ...octets));
  }
  if (realms !== undefined) writer.attributeU32(RTA_FLOW, ((realms.from ?? 0) << 16) | realms.to);
}

function writeMetrics(writer: MessageWriter, { metrics = {}, congestionControl, locked = [] }: RouteSettings): void {
  const names = Object.keys(metrics) as MetricName[];
  if (names.length === 0 && congestionControl === undefined) return;
  writer.nested(RTA_METRICS, () => {
    let lock = 0;
    for (const name of locked) lock |= 1 << METRICS[name as MetricName];
    if (lock !== 0) writer.attributeU32(RTAX_LOCK, lock);
    for (const name of names) writer.attributeU32(METRICS[name], metrics[name]!);
    if (congestionControl !== undefined) writer.attributeText(RTAX_CC_ALGO, congestionControl);
  });
}

function defaultScope(type: RouteType, { gateway, nextHops = [] }: RouteSettings): number {
  if (type === "local") return SCOPE.host;
  return type === "unicast" && gateway === undefined && nextHops.length === 0 ? SCOPE.link : SCOPE.global;
}

interface RouteHeader {
  readonly family: number;
  readonly prefixLength: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly sourceLength?: number;
  readonly tos?: number;
  readonly flags?: number;
}

/** struct rtmsg, which has one byte for the table: a larger number stands in RTA_TABLE alone. */
function writeRouteHeader(writer: MessageWriter, header: RouteHeader): void {
  const { family, prefixLength, table, protocol, scope, type, sourceLength = 0, tos = 0, flags = 0 } = header;
  writer.u8(family).u8(prefixLength).u8(sourceLength).u8(tos);
  writer
    .u8(table < 256 ? table : 0)
    .u8(protocol)
    .u8(scope)
    .u8(type)
    .u32(flags);
}
