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
const RTA_TABLE = 15;
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
  writeRouteHeader(writer, family, 0, table, 0, 0, 0);
  if (table !== 0) writer.attributeU32(RTA_TABLE, table);
}

/** The body that adds or deletes a route. Throws a TypeError if a text is no address. */
export function writeRoute(writer: MessageWriter, settings: RouteSettings): void {
  const { destination, prefixLength, gateway, oif, table = TABLE_MAIN, type = "unicast" } = settings;
  const scope = settings.scope ?? defaultScope(type, gateway);
  const family = familyOfText(destination);
  writeRouteHeader(writer, family, prefixLength, table, RTPROT_STATIC, scope, TYPES.indexOf(type));
  writer.attributeU32(RTA_TABLE, table);
  if (prefixLength > 0) writer.attribute(RTA_DST, internetBytes(destination));
  if (gateway !== undefined) writer.attribute(RTA_GATEWAY, internetBytes(gateway));
  if (oif !== undefined) writer.attributeU32(RTA_OIF, oif);
  if (settings.preferredSource !== undefined) writer.attribute(RTA_PREFSRC, internetBytes(settings.preferredSource));
  if (settings.metric !== undefined) writer.attributeU32(RTA_PRIORITY, settings.metric);
}

function defaultScope(type: RouteType, gateway: string | undefined): number {
  if (type === "local") return SCOPE.host;
  return type === "unicast" && gateway === undefined ? SCOPE.link : SCOPE.global;
}

function writeRouteHeader(
  writer: MessageWriter,
  family: number,
  prefixLength: number,
  table: number,
  protocol: number,
  scope: number,
  type: number,
): void {
  // The header has one byte for the table: a larger number stands in RTA_TABLE alone.
  writer
    .u8(family)
    .u8(prefixLength)
    .u8(0)
    .u8(0)
    .u8(table < 256 ? table : 0);
  writer.u8(protocol).u8(scope).u8(type).u32(0);
}
