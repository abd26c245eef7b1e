/** Rules that choose a routing table (ip-rule(8)) as rtnetlink carries them (linux/fib_rules.h). No I/O. */
import { AF_INET, AF_INET6 } from "./address.js";
import { internetText } from "./address-message.js";
import { Attributes, type MessageWriter, type NetlinkMessage } from "./netlink-message.js";

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
const FR_ACT_TO_TBL = 1;
const FIB_RULE_INVERT = 2;
const HEADER_SIZE = 12;

/** `ip rule add fwmark MARK/MASK lookup TABLE priority PRIORITY`. */
export interface RuleSettings {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  readonly priority: number;
  readonly mark: number;
  /** All bits unless given. */
  readonly mask?: number;
  readonly table: number;
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

/** The body that adds or deletes a rule. */
export function writeRule(writer: MessageWriter, { family, priority, mark, mask, table }: RuleSettings): void {
  writeRuleHeader(writer, family, table, FR_ACT_TO_TBL);
  writer.attributeU32(FRA_PRIORITY, priority).attributeU32(FRA_FWMARK, mark);
  writer.attributeU32(FRA_FWMASK, mask ?? 0xffffffff).attributeU32(FRA_TABLE, table);
}

function writeRuleHeader(writer: MessageWriter, family: number, table: number, action: number): void {
  // The header has one byte for the table: a larger number stands in FRA_TABLE alone.
  writer
    .u8(family)
    .u8(0)
    .u8(0)
    .u8(0)
    .u8(table < 256 ? table : 0)
    .u8(0)
    .u8(0)
    .u8(action)
    .u32(0);
}
