/** Network interfaces as rtnetlink(7) carries them (struct ifinfomsg, linux/if_link.h). No I/O. */
import { Attributes, type MessageWriter, type NetlinkMessage } from "./netlink-message.js";

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_SETLINK = 19;

export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
export const IFF_RUNNING = 0x40;
export const IFF_LOWER_UP = 0x10000;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_GROUP = 27;
const IFLA_EXT_MASK = 29;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
/** It and others over the same interface do not hear each other. */
const MACVLAN_MODE_PRIVATE = 1;
/** Leaves the statistics out: half of the message. */
const RTEXT_FILTER_SKIP_STATS = 8;
const HEADER_SIZE = 16;

export interface Link {
  readonly index: number;
  readonly name: string;
  /** IFF_* of netdevice(7). */
  readonly flags: number;
  /** An administrator has switched it on. */
  readonly up: boolean;
  /** It can pass traffic (IFF_RUNNING, RFC 2863's operational state). */
  readonly running: boolean;
  /** There is a signal on the wire (IFF_LOWER_UP). */
  readonly carrier: boolean;
  /** Lower-case, with colons; empty where the link has no hardware address. */
  readonly mac: string;
  readonly mtu: number;
  /** `veth`, `bridge`, `macvlan` …; undefined for hardware. */
  readonly kind: string | undefined;
  /** Index of the bridge, bond or VRF that it belongs to. */
  readonly master: number | undefined;
  /** Index of the interface below: of a macvlan, a VLAN; of a veth its other end. */
  readonly parent: number | undefined;
  /** The link group; 0 unless somebody has put it into another. */
  readonly group: number;
}

/** A macvlan in private mode: a MAC address of its own on the wire of the interface below. */
export interface MacvlanSettings {
  readonly name: string;
  /** Index of the interface below. */
  readonly parent: number;
  /** `00:00:5e:00:01:33` */
  readonly mac: string;
  readonly group?: number;
}

/** @returns undefined for what does not tell of an interface itself, and for what is cut off. */
export function decodeLink(message: NetlinkMessage): Link | undefined {
  const { body } = message;
  if (body.length < HEADER_SIZE) return undefined;
  // A bridge announces its ports under its own family: there, RTM_DELLINK says that a port has left the bridge.
  if (body[0] !== 0) return undefined;
  const attributes = new Attributes(body.subarray(HEADER_SIZE));
  const name = attributes.text(IFLA_IFNAME);
  if (name === undefined || name === "") return undefined;
  const flags = body.readUInt32LE(8);
  const information = attributes.bytes(IFLA_LINKINFO);
  return {
    index: body.readInt32LE(4),
    name,
    flags,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    mac: macText(attributes.bytes(IFLA_ADDRESS)),
    mtu: attributes.u32(IFLA_MTU) ?? 0,
    kind: information === undefined ? undefined : new Attributes(information).text(IFLA_INFO_KIND),
    master: attributes.u32(IFLA_MASTER),
    parent: attributes.u32(IFLA_LINK),
    group: attributes.u32(IFLA_GROUP) ?? 0,
  };
}

const macText = (bytes: Buffer | undefined): string =>
  bytes === undefined ? "" : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");

/** The body that asks for one link, or for all of them if `which` is undefined. */
export function writeLinkQuery(writer: MessageWriter, which?: string | number): void {
  writeLinkHeader(writer, typeof which === "number" ? which : 0, 0, 0);
  writer.attributeU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if (typeof which === "string") writer.attributeText(IFLA_IFNAME, which);
}

/** The body that switches a link on or off. */
export const writeLinkState = (writer: MessageWriter, index: number, up: boolean): void =>
  writeLinkHeader(writer, index, up ? IFF_UP : 0, IFF_UP);

/** The body that makes a macvlan, switched off. */
export function writeMacvlan(writer: MessageWriter, { name, parent, mac, group }: MacvlanSettings): void {
  writeLinkHeader(writer, 0, 0, 0);
  writer.attributeText(IFLA_IFNAME, name).attributeU32(IFLA_LINK, parent);
  writer.attribute(
    IFLA_ADDRESS,
    Uint8Array.from(mac.split(":"), (octet) => Number.parseInt(octet, 16)),
  );
  if (group !== undefined) writer.attributeU32(IFLA_GROUP, group);
  writer.nested(IFLA_LINKINFO, () =>
    writer
      .attributeText(IFLA_INFO_KIND, "macvlan")
      .nested(IFLA_INFO_DATA, () => writer.attributeU32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE)),
  );
}

/** The body that deletes a link. */
export const writeLinkDeletion = (writer: MessageWriter, index: number): void => writeLinkHeader(writer, index, 0, 0);

/** The body that puts a link into a group. */
export function writeLinkGroup(writer: MessageWriter, index: number, group: number): void {
  writeLinkHeader(writer, index, 0, 0);
  writer.attributeU32(IFLA_GROUP, group);
}

function writeLinkHeader(writer: MessageWriter, index: number, flags: number, change: number): void {
  writer.u8(0).u8(0).u16(0).u32(index).u32(flags).u32(change);
}
