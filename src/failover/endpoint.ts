/** The raw sockets of one instance: its advertisements out, everybody's VRRP packets in. */
import type { ReceiveBuffers, VrrpInstance } from "../config/keepalived/model.js";
import { internetAddress, type SocketAddress } from "../sys/address.js";
import { SystemError } from "../sys/errno.js";
import { allocate, type Memory } from "../sys/memory.js";
import type { Link } from "../sys/netlink.js";
import { receivePacket, sendPacket } from "../sys/packet-socket.js";
import { close, SO_RCVBUF, SOL_SOCKET, setOption } from "../sys/socket.js";
import {
  multicastLinkAddress,
  openVrrpLinkSocket,
  openVrrpMember,
  openVrrpReceiver6,
  openVrrpSender6,
  openVrrpSocket,
} from "../sys/vrrp-socket.js";
import type { InstanceCounters } from "./counters.js";
import { addressLength, formatIp, type IpAddress } from "./wire/ip-address.js";
import { headerLength, IPPROTO_AH, IPPROTO_VRRP, identificationOf, renumber } from "./wire/ip-header.js";
import { type AdvertisementSettings, encodeAdvertisement, MAX_PACKET, VRRP_GROUP } from "./wire/packet.js";

/** Longer than any VRRP packet: what does not fit is cut off and then refused for its length. */
const receiveMemory = allocate(8192);
/** Packets taken at one wake-up, so that a flood cannot hold up the advertisements we owe. */
const DRAIN_LIMIT = 1024;

/** Whom an advertisement goes to, and the packet as it went there last. */
interface Destination {
  readonly address: IpAddress;
  readonly to: SocketAddress;
  readonly packet: Memory;
  length: number;
}

const destination = (address: IpAddress, to: SocketAddress): Destination => ({
  address,
  to,
  packet: allocate(MAX_PACKET),
  length: 0,
});

export class Endpoint {
  /** What is received comes from here; -1: closed. */
  fd = -1;
  /** Here comes what our configuration does not expect, with an Authentication Header or without: only to be told of. */
  #overhearing = -1;
  #sender = -1;
  /** Of the group, on the interface below a virtual one. */
  #member = -1;
  #ifindex = 0;
  #destinations: readonly Destination[] = [];
  /** What the packets say that lie ready; -1: there are none. */
  #priority = -1;
  #source: IpAddress = 0;
  #settings: AdvertisementSettings;

  constructor(
    settings: AdvertisementSettings,
    readonly counters: InstanceCounters,
    readonly receiveBuffer: number | undefined,
  ) {
    this.#settings = settings;
    const first = settings.authentication?.type === "AH" ? firstSerial(Date.now()) : 0;
    counters.serial = Math.max(counters.serial, first);
  }

  isOn(link: Link | undefined): boolean {
    return (link?.index ?? 0) === this.#ifindex;
  }

  /**
   * Opens the sockets on the interface, or again if that was deleted and came back under another index. "any": what
   * routes say (unicast only).
   * @param base  The interface below, if this is a virtual router's own (multicast only).
   * @returns whether the descriptor has changed. Throws a SystemError if it may not (no CAP_NET_RAW).
   */
  follow(link: Link | "any" | undefined, base?: Link): boolean {
    if (link === "any" ? this.fd >= 0 : this.isOn(link)) return false;
    this.close();
    if (link === undefined) return true;
    if (link === "any") {
      this.#openOn({ index: 0, name: "" });
      return true;
    }
    if (base === undefined) this.#openOn(link);
    else this.#openAbove(base, link);
    this.#ifindex = link.index;
    return true;
  }

  #openOn(link: Where): void {
    const { family, group, peers, unicast } = this.#settings;
    const where = { ifindex: link.index, ifname: link.name };
    const joined = unicast ? { overheard: formatIp(VRRP_GROUP) } : { group: formatIp(group) };
    if (family === 4) {
      this.fd = opened(openVrrpSocket({ ...where, ...joined, protocol: this.#protocol }), link);
      this.#sender = this.fd;
      // Without it nothing is lost but a word in the log.
      const overheard = { overheard: formatIp(unicast ? VRRP_GROUP : group), protocol: this.#otherProtocol };
      this.#overhearing = openVrrpSocket({ ...where, ...overheard });
    } else {
      this.fd = opened(openVrrpReceiver6(where), link);
      this.#sender = opened(openVrrpSender6({ ...where, ...joined }), link);
    }
    if (this.receiveBuffer !== undefined) setOption(this.fd, SOL_SOCKET, SO_RCVBUF, this.receiveBuffer);
    this.#destinations = (unicast ? peers.map(({ address }) => address) : [group]).map((address) =>
      destination(address, internetAddress(formatIp(address), 0, link.index)),
    );
  }

  /**
   * The kernel hands a frame from a virtual MAC address to the interface here that has the same, and to no other: what
   * the other routers of this virtual router send can be heard there alone.
   */
  #openAbove(base: Link, link: Link): void {
    const { group } = this.#settings;
    const text = formatIp(group);
    const where = { ifindex: link.index, ifname: link.name, group: text };
    this.fd = opened(openVrrpLinkSocket(where), link);
    this.#sender = this.fd;
    this.#member = opened(openVrrpMember({ ifindex: base.index, ifname: base.name, group: text }), base);
    this.#destinations = [destination(group, multicastLinkAddress(link.index, text))];
  }

  /** What packets come from; empty: closed. */
  get descriptors(): number[] {
    return [this.fd, this.#overhearing].filter((fd) => fd >= 0);
  }

  get #protocol(): number {
    return this.#settings.authentication?.type === "AH" ? IPPROTO_AH : IPPROTO_VRRP;
  }

  get #otherProtocol(): number {
    return this.#protocol === IPPROTO_AH ? IPPROTO_VRRP : IPPROTO_AH;
  }

  /** A peer calculates checksums as keepalived ≤ 1.3.6 does, and understands no others. @returns whether that is new. */
  sendOldChecksums(): boolean {
    if (this.#settings.oldUnicastChecksum !== "auto") return false;
    this.#settings = { ...this.#settings, oldUnicastChecksum: "always" };
    this.#priority = -1;
    return true;
  }

  /**
   * The highest sequence number that was sent or accepted. It must go up also over a restart, or what was recorded
   * before could be played again, and peers would refuse us as a replay of ourselves.
   */
  get serial(): number {
    return this.counters.serial;
  }

  /**
   * A peer's packet is accepted: ours go on behind it, and nothing up to it is accepted again. A first one is accepted
   * whatever its number, for keepalived begins at 1 each time; once it hears us it goes on behind ours.
   */
  raiseSerial(serial: number): void {
    this.counters.acceptedSerial = serial;
    this.counters.serial = Math.max(this.serial, serial);
  }

  /**
   * Sends one advertisement to the group, or to every unicast peer. A master says the same each time: but for its
   * number the packet is written once. An Authentication Header signs that number too.
   * @returns 0, or the negated errno of the last destination that failed.
   */
  send(priority: number, source: IpAddress): number {
    let result = 0;
    const isReady = priority === this.#priority && source === this.#source && this.#protocol === IPPROTO_VRRP;
    const serial = this.counters.nextSerial();
    for (const to of this.#destinations) {
      if (isReady) renumber(to.packet.bytes, identificationOf(serial));
      else to.length = encodeAdvertisement(to.packet.bytes, this.#settings, source, to.address, priority, serial);
      const sent = sendPacket(this.#sender, to.packet, to.length, to.to);
      if (sent < 0) result = sent;
    }
    this.#priority = priority;
    this.#source = source;
    return result;
  }

  /** Hands over every packet that has arrived at one of the `descriptors`; `packet` is overwritten by the next. */
  drain(fd: number, visit: (packet: Uint8Array, length: number) => void): void {
    for (let count = 0; count < DRAIN_LIMIT && this.fd >= 0; count++) {
      const length = receivePacket(fd, receiveMemory);
      if (length < 0) return;
      visit(receiveMemory.bytes, Math.min(length, receiveMemory.bytes.length));
    }
  }

  close(): void {
    if (this.#sender >= 0 && this.#sender !== this.fd) close(this.#sender);
    if (this.#member >= 0) close(this.#member);
    if (this.#overhearing >= 0) close(this.#overhearing);
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
    this.#overhearing = -1;
    this.#sender = -1;
    this.#member = -1;
    this.#ifindex = 0;
    this.#priority = -1;
  }
}

type Where = Pick<Link, "index" | "name">;

const SERIAL_EPOCH = Date.UTC(2020, 0);

/**
 * The sequence number to begin with: two for each second since 2020. With AH an advertisement goes out each second, and
 * a few more in elections, so that a restart is always ahead of the run before; 32 bits last until 2088.
 * @param now milliseconds since 1970
 */
export const firstSerial = (now: number): number => Math.floor((now - SERIAL_EPOCH) / 500);

function opened(fd: number, { name }: Where): number {
  if (fd < 0) throw new SystemError(-fd, "raw socket for VRRP on", name);
  return fd;
}

/** An Ethernet's; that of the interface may be larger, and then there is more room. */
const MTU = 1500;

/** `kernel_rx_buf_size`, or what `vrrp_rx_bufs_policy` makes of the size of a packet; undefined: the system's. */
export function receiveBufferOf(
  { receiveBuffer }: Pick<VrrpInstance, "receiveBuffer">,
  { family, addresses }: AdvertisementSettings,
  { policy, multiplier }: ReceiveBuffers,
): number | undefined {
  if (receiveBuffer !== undefined || policy === undefined) return receiveBuffer;
  if (typeof policy === "number") return policy;
  return multiplier * (policy === "mtu" ? MTU : headerLength(family) + 16 + addresses.length * addressLength(family));
}
