/** The neighbour watch's sockets: what it asks goes out as ARP and Neighbour Discovery, what comes in is handed to it. */
import type { KeepalivedConfiguration } from "../config/keepalived/model.js";
import { allocate } from "../sys/memory.js";
import { openArpListener, openNeighbourListener } from "../sys/neighbour-socket.js";
import { receivePacket, sendFrame } from "../sys/packet-socket.js";
import { close } from "../sys/socket.js";
import { type HeldAddress, virtualAddressesOf } from "./addresses.js";
import { NeighbourWatch } from "./neighbour-watch.js";
import type { HostNetwork } from "./network.js";
import type { Instant } from "./timers.js";
import { ARP_FRAME_LENGTH, type Claimed, decodeArp, encodeArpRequest } from "./wire/arp.js";
import type { Family, IpAddress } from "./wire/ip-address.js";
import { MAC_LENGTH, macOctets } from "./wire/mac.js";
import { decodeNeighbourAdvertisement, NEIGHBOUR_FRAME_LENGTH } from "./wire/neighbour-message.js";
import { encodeNeighbourSolicitation } from "./wire/neighbour-solicitation.js";
import { ipAddress } from "./wire-settings.js";

/** Claims taken at one wake-up, so that a flood cannot hold up the advertisements we owe. */
const DRAIN_LIMIT = 64;
const frame = allocate(Math.max(ARP_FRAME_LENGTH, NEIGHBOUR_FRAME_LENGTH));
const received = allocate(256);

type Decode = (packet: Uint8Array, length: number) => Claimed | undefined;

export class Neighbours {
  readonly watch: NeighbourWatch;
  /** Descriptor → what comes from it. */
  readonly #listeners = new Map<number, Decode>();
  /** As they were last told, by interface and family; undefined: none, or asked for and not yet told. */
  readonly #gateways = new Map<string, string | undefined>();
  /** Those that are asked for: hundreds of addresses may want the same one at the same moment. */
  readonly #wanted = new Set<string>();

  constructor(
    { instances }: KeepalivedConfiguration,
    readonly network: HostNetwork,
    /** Has somebody look the gateway up, and tell it by `learnGateway`. */
    readonly wantGateway: (ifindex: number, family: Family) => void,
    /** Sends whole frames. */
    readonly socket: number,
    readonly isVirtual: (address: string) => boolean,
  ) {
    this.watch = new NeighbourWatch({
      isOwnMac: (mac) => network.hasMac(mac),
      prepare: (address) => this.#prepare(address),
      gatewayOf: (address) => this.#gatewayOf(address),
      ask: (address, source, target) => this.#ask(address, source, target),
    });
    const all = instances.flatMap((own) => virtualAddressesOf(own).addresses).map(({ address }) => ipAddress(address));
    const ipv4 = all.filter((address) => typeof address === "number");
    if (ipv4.length > 0) this.#listeners.set(openArpListener(ipv4), decodeArp);
    if (ipv4.length < all.length) this.#listeners.set(openNeighbourListener(), decodeNeighbourAdvertisement);
    // Who cannot listen does not hear of rivals, and does its work all the same.
    for (const fd of this.#listeners.keys()) if (fd < 0) this.#listeners.delete(fd);
  }

  get descriptors(): number[] {
    return [...this.#listeners.keys()];
  }

  drain(fd: number, now: Instant): void {
    const decode = this.#listeners.get(fd)!;
    for (let count = 0; count < DRAIN_LIMIT; count++) {
      const length = receivePacket(fd, received);
      if (length < 0) return;
      const claimed = decode(received.bytes, Math.min(length, received.bytes.length));
      if (claimed !== undefined) this.watch.hear(claimed, now);
    }
  }

  close(): void {
    for (const fd of this.descriptors) close(fd);
    this.#listeners.clear();
  }

  learnGateway(ifindex: number, family: Family, gateway: string | undefined): void {
    const key = `${ifindex} ${family}`;
    this.#wanted.delete(key);
    this.#gateways.set(key, gateway);
  }

  #prepare({ device, family }: HeldAddress): void {
    const ifindex = this.network.link(device)?.index;
    const key = `${ifindex} ${family}`;
    if (ifindex === undefined || this.#wanted.has(key)) return;
    this.#wanted.add(key);
    this.wantGateway(ifindex, family);
  }

  /** Only what lies beside the address in one network of ours need accept it there. */
  #gatewayOf({ device, family, address }: HeldAddress): { gateway: IpAddress; own: IpAddress } | undefined {
    const gateway = this.#gateways.get(`${this.network.link(device)?.index} ${family}`);
    if (gateway === undefined) return undefined;
    const own =
      family === 4
        ? this.network.addressBeside(device, [gateway, address], this.isVirtual)
        : this.network.firstAddress(device, 6, this.isVirtual);
    return own === undefined ? undefined : { gateway: ipAddress(gateway), own: ipAddress(own) };
  }

  #ask({ device }: HeldAddress, source: IpAddress | undefined, target: IpAddress): void {
    const link = this.network.link(device);
    const mac = macOctets(link?.mac ?? "");
    // No Ethernet, or a loopback.
    if (link === undefined || mac.length !== MAC_LENGTH || mac.every((octet) => octet === 0)) return;
    if (typeof target === "number") {
      const sender = typeof source === "number" ? source : 0;
      sendFrame(this.socket, link.index, frame, encodeArpRequest(frame.bytes, mac, sender, target));
      return;
    }
    // From the unspecified address it would be a test for duplicates, which whoever has it answers to everybody.
    const own = source ?? this.#linkLocal(device);
    if (typeof own === "bigint")
      sendFrame(this.socket, link.index, frame, encodeNeighbourSolicitation(frame.bytes, mac, own, target));
  }

  #linkLocal(device: string): IpAddress | undefined {
    const own = this.network.firstAddress(device, 6, this.isVirtual);
    return own === undefined ? undefined : ipAddress(own);
  }
}
