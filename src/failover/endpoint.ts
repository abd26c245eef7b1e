/** The raw socket of one instance: its advertisements out, everybody's VRRP packets in. */
import type { VrrpInstance } from "../config/keepalived/model.js";
import { internetAddress, type SocketAddress } from "../sys/address.js";
import { SystemError } from "../sys/errno.js";
import { allocate } from "../sys/memory.js";
import type { Link } from "../sys/netlink.js";
import { openVrrpSocket, receivePacket, sendPacket } from "../sys/packet-socket.js";
import { close } from "../sys/socket.js";
import { formatIpv4 } from "./ipv4.js";
import { type AdvertisementSettings, encodeAdvertisement, MAX_PACKET, VRRP_GROUP } from "./packet.js";
import { ipv4, peersOf } from "./wire-settings.js";

/** Longer than any VRRP packet: what does not fit is cut off and then refused for its length. */
const receiveMemory = allocate(2048);
const sendMemory = allocate(MAX_PACKET);
/** Packets taken at one wake-up, so that a flood cannot hold up the advertisements we owe. */
const DRAIN_LIMIT = 1024;

export class Endpoint {
  /** -1: closed. */
  fd = -1;
  #ifindex = 0;
  #identification = 0;
  readonly #destinations: readonly { readonly address: number; readonly to: SocketAddress }[];

  constructor(
    readonly instance: VrrpInstance,
    readonly settings: AdvertisementSettings,
  ) {
    const peers = settings.unicast ? peersOf(instance).map(ipv4) : [VRRP_GROUP];
    this.#destinations = peers.map((address) => ({ address, to: internetAddress(formatIpv4(address), 0) }));
  }

  isOn(link: Link | undefined): boolean {
    return (link?.index ?? 0) === this.#ifindex;
  }

  /**
   * Opens the socket on the interface, or again if that was deleted and came back under another index.
   * @returns whether the descriptor has changed. Throws a SystemError if it may not (no CAP_NET_RAW).
   */
  follow(link: Link | undefined): boolean {
    if (this.isOn(link)) return false;
    this.close();
    if (link === undefined) return true;
    const multicast = !this.settings.unicast;
    const fd = openVrrpSocket({ ifindex: link.index, ifname: link.name, multicast });
    if (fd < 0) throw new SystemError(-fd, "raw socket for VRRP on", link.name);
    this.fd = fd;
    this.#ifindex = link.index;
    return true;
  }

  /**
   * Sends one advertisement to the group, or to every unicast peer.
   * @returns 0, or the negated errno of the last destination that failed.
   */
  send(priority: number, source: number): number {
    let result = 0;
    for (const { address, to } of this.#destinations) {
      // The kernel would put its own number in place of 0.
      this.#identification = (this.#identification % 0xffff) + 1;
      const id = this.#identification;
      const length = encodeAdvertisement(sendMemory.bytes, this.settings, source, address, priority, id);
      const sent = sendPacket(this.fd, sendMemory, length, to);
      if (sent < 0) result = sent;
    }
    return result;
  }

  /** Hands over every packet that has arrived; `packet` is overwritten by the next. */
  drain(visit: (packet: Uint8Array, length: number) => void): void {
    for (let count = 0; count < DRAIN_LIMIT && this.fd >= 0; count++) {
      const length = receivePacket(this.fd, receiveMemory);
      if (length < 0) return;
      visit(receiveMemory.bytes, Math.min(length, receiveMemory.bytes.length));
    }
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
    this.#ifindex = 0;
  }
}
