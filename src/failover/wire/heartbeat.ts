/**
 * Octets ↔ heartbeat: what one router is master of, told over another network, signed with HMAC-SHA-256 (RFC 2104).
 *
 *     0  "BHB1"                         24  per virtual router: number, IP version, priority, 1 if it is master,
 *     4  number of virtual routers          and its address in 16 octets
 *     8  who sends, drawn at its start      …
 *    16  when: µs since 1970, ever growing  HMAC of all before it, 32 octets
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Family, type IpAddress, readAddress, writeAddress } from "./ip-address.js";

const MAGIC = 0x42484231;
const HEADER = 24;
const ENTRY = 20;
const SIGNATURE = 32;
const MAX_ENTRIES = 255;
export const MAX_HEARTBEAT = HEADER + ENTRY * MAX_ENTRIES + SIGNATURE;
/** How far the clocks of two routers may be apart. What was recorded before that can never be played again. */
export const CLOCK_TOLERANCE = 30_000_000;
/** Senders that are remembered: each start of each peer is one. */
const MAX_SENDERS = 64;

/** How one virtual router stands at the sender. */
export interface Claim {
  readonly virtualRouterId: number;
  readonly family: Family;
  /** Effective. */
  readonly priority: number;
  readonly isMaster: boolean;
  /** Its address on the interface of the virtual router, which breaks ties. */
  readonly source: IpAddress;
}

export type HeartbeatRejection = "malformed" | "forged" | "replayed" | "clock";

/** @param at µs since 1970, above that of every heartbeat before. @returns its length in octets. */
export function encodeHeartbeat(into: Buffer, key: Uint8Array, sender: bigint, at: number, claims: readonly Claim[]) {
  const count = Math.min(claims.length, MAX_ENTRIES);
  const end = HEADER + ENTRY * count;
  into.fill(0, 0, end);
  into.writeUInt32BE(MAGIC, 0);
  into[4] = count;
  into.writeBigUInt64BE(sender, 8);
  into.writeBigUInt64BE(BigInt(at), 16);
  for (let index = 0; index < count; index++) {
    const { virtualRouterId, family, priority, isMaster, source } = claims[index]!;
    const offset = HEADER + ENTRY * index;
    into[offset] = virtualRouterId;
    into[offset + 1] = family;
    into[offset + 2] = priority;
    into[offset + 3] = isMaster ? 1 : 0;
    writeAddress(into, offset + 4, source);
  }
  into.set(signature(into, end, key), end);
  return end + SIGNATURE;
}

/**
 * Where a heartbeat ends in a stream, whose first octets these are.
 * @returns its length; 0 as long as that cannot be told; -1 if this is no heartbeat
 */
export function heartbeatLength(octets: Buffer, length: number): number {
  if (length < 5) return 0;
  return octets.readUInt32BE(0) === MAGIC ? HEADER + ENTRY * octets[4]! + SIGNATURE : -1;
}

/** Believes heartbeats that are signed with the key, each once. */
export class HeartbeatReader {
  /** When the last one was sent that was accepted, by sender. */
  readonly #lastAt = new Map<bigint, number>();

  constructor(
    readonly key: Uint8Array,
    /** Our own come back to us where a peer's address is ours. */
    readonly self: bigint,
  ) {}

  /**
   * Hands over what a heartbeat claims, once it is found true. Never throws.
   * @param now µs since 1970.
   */
  read(packet: Buffer, length: number, now: number, visit: (claim: Claim) => void): "ok" | HeartbeatRejection {
    if (length < HEADER + SIGNATURE || packet.readUInt32BE(0) !== MAGIC) return "malformed";
    const count = packet[4]!;
    const end = HEADER + ENTRY * count;
    if (length !== end + SIGNATURE) return "malformed";
    if (!timingSafeEqual(signature(packet, end, this.key), packet.subarray(end, length))) return "forged";
    const sender = packet.readBigUInt64BE(8);
    const at = Number(packet.readBigUInt64BE(16));
    if (sender === this.self || at <= (this.#lastAt.get(sender) ?? 0)) return "replayed";
    if (Math.abs(now - at) > CLOCK_TOLERANCE) return "clock";
    this.#remember(sender, at);
    for (let offset = HEADER; offset < end; offset += ENTRY) {
      const family = packet[offset + 1] === 6 ? 6 : 4;
      visit({
        virtualRouterId: packet[offset]!,
        family,
        priority: packet[offset + 2]!,
        isMaster: packet[offset + 3] === 1,
        source: readAddress(packet, offset + 4, family),
      });
    }
    return "ok";
  }

  /** Whoever was heard last stands last: the first is the one to forget. */
  #remember(sender: bigint, at: number): void {
    this.#lastAt.delete(sender);
    if (this.#lastAt.size >= MAX_SENDERS) this.#lastAt.delete(this.#lastAt.keys().next().value!);
    this.#lastAt.set(sender, at);
  }
}

const signature = (packet: Buffer, end: number, key: Uint8Array): Buffer =>
  createHmac("sha256", key).update(packet.subarray(0, end)).digest();
