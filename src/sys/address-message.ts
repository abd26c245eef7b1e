/** Interface addresses as rtnetlink(7) carries them (struct ifaddrmsg, linux/if_addr.h). No I/O. */
import { isIP } from "node:net";
import { AF_INET, AF_INET6, ipv4Bytes, ipv4Text, ipv6Bytes, ipv6Text } from "./address.js";
import { Attributes, type MessageWriter, type NetlinkMessage } from "./netlink-message.js";

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

export const IFA_F_SECONDARY = 0x01;
export const IFA_F_NODAD = 0x02;
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_HOMEADDRESS = 0x10;
export const IFA_F_DEPRECATED = 0x20;
export const IFA_F_TENTATIVE = 0x40;
export const IFA_F_PERMANENT = 0x80;
export const IFA_F_MANAGETEMPADDR = 0x100;
export const IFA_F_NOPREFIXROUTE = 0x200;
export const IFA_F_MCAUTOJOIN = 0x400;

/** How far an address or route reaches (rtnetlink(7)). */
export const SCOPE = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
const HEADER_SIZE = 8;
export const FOREVER = 0xffffffff;

/** What `addAddress` and `deleteAddress` are told. */
export interface AddressSettings {
  /** The interface's index. */
  readonly index: number;
  /** IPv4 or IPv6 text. */
  readonly address: string;
  readonly prefixLength: number;
  /** 0 (global) unless given. */
  readonly scope?: number;
  /** IPv4 only: the interface's name, or that and `:something`, at most 15 bytes. */
  readonly label?: string;
  readonly broadcast?: string;
  /** The other end of a point-to-point link. */
  readonly peer?: string;
  /** IFA_F_*, such as IFA_F_NODAD for an IPv6 address that must serve at once. */
  readonly flags?: number;
  /** Seconds; for ever unless given. */
  readonly lifetime?: {
    /** After which it is no longer chosen as the source of new connections; 0: never was. */
    readonly preferred: number;
    /** After which the kernel removes it; not below the preferred one. */
    readonly valid: number;
  };
}

/** An address as the kernel tells of it. */
export interface InterfaceAddress {
  readonly index: number;
  /** AF_INET or AF_INET6. */
  readonly family: number;
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: number;
  readonly label: string | undefined;
  readonly broadcast: string | undefined;
  readonly peer: string | undefined;
  readonly flags: number;
}

/** @returns undefined for families other than IPv4 and IPv6, and for what is cut off. */
export function decodeAddress(message: NetlinkMessage): InterfaceAddress | undefined {
  const { body } = message;
  if (body.length < HEADER_SIZE) return undefined;
  const family = body[0]!;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = new Attributes(body.subarray(HEADER_SIZE));
  // IFA_ADDRESS is the peer's on a point-to-point link; IPv6 leaves IFA_LOCAL out where the two are the same.
  const far = internetText(family, attributes.bytes(IFA_ADDRESS));
  const address = internetText(family, attributes.bytes(IFA_LOCAL)) ?? far;
  if (address === undefined) return undefined;
  return {
    index: body.readUInt32LE(4),
    family,
    address,
    prefixLength: body[1]!,
    scope: body[3]!,
    label: attributes.text(IFA_LABEL),
    broadcast: internetText(family, attributes.bytes(IFA_BROADCAST)),
    peer: far === address ? undefined : far,
    flags: attributes.u32(IFA_FLAGS) ?? body[2]!,
  };
}

/** The body that asks for addresses: of one interface if `index` is not 0. */
export const writeAddressQuery = (writer: MessageWriter, family: number, index: number): void => {
  writer.u8(family).u8(0).u8(0).u8(0).u32(index);
};

/** The body that adds or deletes an address. Throws a TypeError if a text is no address. */
export function writeAddress(writer: MessageWriter, settings: AddressSettings): void {
  const { address, prefixLength, scope = SCOPE.global, label, broadcast, peer, flags = 0 } = settings;
  const bytes = internetBytes(address);
  writer
    .u8(familyOfText(address))
    .u8(prefixLength)
    .u8(flags & 0xff)
    .u8(scope)
    .u32(settings.index);
  writer.attribute(IFA_LOCAL, bytes).attribute(IFA_ADDRESS, peer === undefined ? bytes : internetBytes(peer));
  if (label !== undefined) writer.attributeText(IFA_LABEL, label);
  if (broadcast !== undefined) writer.attribute(IFA_BROADCAST, internetBytes(broadcast));
  if (flags !== 0) writer.attributeU32(IFA_FLAGS, flags);
  const { lifetime } = settings;
  if (lifetime !== undefined)
    writer.u16(20).u16(IFA_CACHEINFO).u32(lifetime.preferred).u32(lifetime.valid).u32(0).u32(0); // and two stamps
}

export const familyOfText = (address: string): number => (isIP(address) === 6 ? AF_INET6 : AF_INET);

/** The 4 or 16 bytes of an address. */
export const internetBytes = (address: string): Uint8Array =>
  isIP(address) === 6 ? ipv6Bytes(address) : ipv4Bytes(address);

/** The text of an attribute that holds an address; undefined where it is absent or too short. */
export function internetText(family: number, bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  if (family === AF_INET) return bytes.length >= 4 ? ipv4Text(bytes.readUInt32BE(0)) : undefined;
  return bytes.length >= 16 ? ipv6Text(bytes) : undefined;
}
