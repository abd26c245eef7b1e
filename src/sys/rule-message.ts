/** Rules that choose a routing table (ip-rule(8)) as rtnetlink carries them (linux/fib_rules.h). No I/O. */
import { AF_INET, AF_INET6 } from "./address.js";
import { internetBytes, internetText } from "./address-message.js";
import { Attributes, type MessageWriter, type NetlinkMessage } from "./netlink-message.js";
import type { Realms } from "./route-message.js";

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_GOTO = 4;
const FRA_FLOW = 11;
const FRA_TUN_ID = 12;
const FRA_SUPPRESS_IFGROUP = 13;
const FRA_SUPPRESS_PREFIXLEN = 14;
const FRA_L3MDEV = 19;
const FRA_UID_RANGE = 20;
const FRA_PROTOCOL = 21;
const FRA_IP_PROTO = 22;
const FRA_SPORT_RANGE = 23;
const FRA_DPORT_RANGE = 24;
const FR_ACT_TO_TBL = 1;
const FR_ACT_GOTO = 2;
const ACTIONS = { nop: 3, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
const FIB_RULE_INVERT = 2;
const HEADER_SIZE = 12;

/** What `addRule` and `deleteRule` are told: the words of ip-rule(8). */
export interface RuleSettings {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** One below the lowest so far unless given. */
  readonly priority?: number;
  /** Matches what the rest does not. */
  readonly invert?: boolean;
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly tos?: number;
  readonly mark?: number;
  /** All bits of `mark` unless given. */
  readonly mask?: number;
  readonly inputInterface?: string;
  readonly outputInterface?: string;
  readonly userIds?: Range;
  readonly ipProtocol?: number;
  readonly sourcePorts?: Range;
  readonly destinationPorts?: Range;
  readonly tunnelId?: number;
  /** RTPROT_* */
  readonly protocol?: number;
  /** The table to look up; without it one of the other actions. */
  readonly table?: number;
  readonly action?: "l3mdev" | "nop" | "blackhole" | "unreachable" | "prohibit" | { readonly goto: number };
  readonly suppressPrefixLength?: number;
  readonly suppressInterfaceGroup?: number;
  readonly realms?: Realms;
}

interface Prefix {
  readonly address: string;
  readonly prefixLength: number;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** A rule as the kernel tells of it. */
export interface Rule {
  readonly family: number;
  /** The lower, the earlier: 0 is the local table's, 32766 the main table's. */
  readonly priority: number;
  readonly mark: number | undefined;
  readonly mask: number | undefined;
  readonly table: number;
  /** FR_ACT_*: 1 looks `table` up. */
  readonly action: number;
  readonly inverted: boolean;
  /** With prefix length, such as `10.0.0.0/8`. */
  readonly source: string | undefined;
  readonly destination: string | undefined;
  readonly inputInterface: string | undefined;
  readonly outputInterface: string | undefined;
}

/** @returns undefined for families other than IPv4 and IPv6, and for what is cut off. */
export function decodeRule(message: NetlinkMessage): Rule | undefined {
  const { body } = message;
  if (body.length < HEADER_SIZE) return undefined;
  const family = body[0]!;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = new Attributes(body.subarray(HEADER_SIZE));
  const prefix = (type: number, length: number): string | undefined => {
    const text = internetText(family, attributes.bytes(type));
    return text && `${text}/${length}`;
  };
  return {
    family,
    priority: attributes.u32(FRA_PRIORITY) ?? 0, // left out for priority 0
    mark: attributes.u32(FRA_FWMARK),
    mask: attributes.u32(FRA_FWMASK),
    table: attributes.u32(FRA_TABLE) ?? body[4]!,
    action: body[7]!,
    inverted: (body.readUInt32LE(8) & FIB_RULE_INVERT) !== 0,
    source: prefix(FRA_SRC, body[2]!),
    destination: prefix(FRA_DST, body[1]!),
    inputInterface: attributes.text(FRA_IIFNAME),
    outputInterface: attributes.text(FRA_OIFNAME),
  };
}

export const writeRuleQuery = (writer: MessageWriter, family: number): void => writeRuleHeader(writer, family, 0, 0);

/** The body that adds or deletes a rule. Throws a TypeError if a text is no address. */
export function writeRule(writer: MessageWriter, settings: RuleSettings): void {
  const { family, priority, from, to, mark, mask, table, action, realms, tunnelId } = settings;
  writeRuleHeader(writer, family, table ?? 0, actionNumber(settings), settings);
  const number = (type: number, value: number | undefined): void => {
    if (value !== undefined) writer.attributeU32(type, value);
  };
  const octet = (type: number, value: number | undefined): void => {
    if (value !== undefined) writer.attribute(type, Uint8Array.of(value));
  };
  const text = (type: number, value: string | undefined): void => {
    if (value !== undefined) writer.attributeText(type, value);
  };
  number(FRA_PRIORITY, priority);
  if (from !== undefined && from.prefixLength > 0) writer.attribute(FRA_SRC, internetBytes(from.address));
  if (to !== undefined && to.prefixLength > 0) writer.attribute(FRA_DST, internetBytes(to.address));
  text(FRA_IIFNAME, settings.inputInterface);
  text(FRA_OIFNAME, settings.outputInterface);
  number(FRA_FWMARK, mark);
  if (mark !== undefined) number(FRA_FWMASK, mask ?? 0xffffffff);
  number(FRA_TABLE, table);
  if (typeof action === "object") number(FRA_GOTO, action.goto);
  if (action === "l3mdev") octet(FRA_L3MDEV, 1);
  number(FRA_SUPPRESS_PREFIXLEN, settings.suppressPrefixLength);
  number(FRA_SUPPRESS_IFGROUP, settings.suppressInterfaceGroup);
  if (realms !== undefined) number(FRA_FLOW, ((realms.from ?? 0) << 16) | realms.to);
  if (tunnelId !== undefined) writer.attribute(FRA_TUN_ID, bigEndian64(tunnelId));
  octet(FRA_PROTOCOL, settings.protocol);
  octet(FRA_IP_PROTO, settings.ipProtocol);
  const { userIds, sourcePorts, destinationPorts } = settings;
  if (userIds !== undefined) writer.nested(FRA_UID_RANGE, () => writer.u32(userIds.first).u32(userIds.last));
  if (sourcePorts !== undefined)
    writer.nested(FRA_SPORT_RANGE, () => writer.u16(sourcePorts.first).u16(sourcePorts.last));
  if (destinationPorts !== undefined)
    writer.nested(FRA_DPORT_RANGE, () => writer.u16(destinationPorts.first).u16(destinationPorts.last));
}

function actionNumber({ table, action }: RuleSettings): number {
  if (table !== undefined || action === "l3mdev") return FR_ACT_TO_TBL;
  if (typeof action === "object") return FR_ACT_GOTO;
  return action === undefined ? 0 : ACTIONS[action];
}

function bigEndian64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** struct fib_rule_hdr, which has one byte for the table: a larger number stands in FRA_TABLE alone. */
function writeRuleHeader(
  writer: MessageWriter,
  family: number,
  table: number,
  action: number,
  { from, to, tos = 0, invert = false }: Pick<RuleSettings, "from" | "to" | "tos" | "invert"> = {},
): void {
  writer
    .u8(family)
    .u8(to?.prefixLength ?? 0)
    .u8(from?.prefixLength ?? 0)
    .u8(tos);
  writer
    .u8(table < 256 ? table : 0)
    .u8(0)
    .u8(0)
    .u8(action)
    .u32(invert ? FIB_RULE_INVERT : 0);
}
