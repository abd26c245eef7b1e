/**
 * Gratuitous ARPs and unsolicited neighbour advertisements: at once, or one by one where switches cannot take a flood of
 * them (`vrrp_garp_interval`, `vrrp_gna_interval`, `garp_group`). What waits stands in a queue; nobody sleeps.
 */
import type { KeepalivedConfiguration } from "../config/keepalived/model.js";
import { type Microseconds, microseconds } from "../config/units.js";
import { allocate } from "../sys/memory.js";
import type { Link } from "../sys/netlink.js";
import { sendFrame } from "../sys/packet-socket.js";
import type { HeldAddress } from "./addresses.js";
import type { InstanceCounters } from "./counters.js";
import type { HostNetwork } from "./network.js";
import { after, earlier, type Instant, NEVER } from "./timers.js";
import { encodeGratuitousArp } from "./wire/arp.js";
import { macOctets } from "./wire/mac.js";
import { encodeNeighbourAdvertisement } from "./wire/neighbour-advertisement.js";
import { NEIGHBOUR_FRAME_LENGTH } from "./wire/neighbour-message.js";
import { ipAddress } from "./wire-settings.js";

/** Nothing has gone out there yet: the first may at once. */
const NOW = microseconds(0);

/** Whose announcements they are. */
export interface Announcing {
  readonly counters: InstanceCounters;
}

interface Announcement {
  readonly owner: Announcing;
  readonly address: HeldAddress;
}

/** What shares one spacing: the interfaces of a `garp_group`, or one interface; each family by itself. */
class Lane {
  /** The first announcements of all addresses go before the second of any. Keys keep one from standing there twice. */
  readonly #rounds: Map<string, Announcement>[] = [];
  nextAt: Instant | undefined;

  constructor(readonly interval: Microseconds) {}

  get isEmpty(): boolean {
    return this.#rounds.every((round) => round.size === 0);
  }

  add(round: number, key: string, announcement: Announcement): void {
    while (this.#rounds.length <= round) this.#rounds.push(new Map());
    this.#rounds[round]!.set(key, announcement);
  }

  take(): Announcement | undefined {
    for (const round of this.#rounds)
      for (const [key, announcement] of round) {
        round.delete(key);
        return announcement;
      }
    return undefined;
  }

  drop(owner: Announcing): void {
    for (const round of this.#rounds)
      for (const [key, announcement] of round) if (announcement.owner === owner) round.delete(key);
  }
}

type Spacing = Pick<KeepalivedConfiguration, "announcementSpacing"> & {
  readonly global: Pick<KeepalivedConfiguration["global"], "announcementSpacing">;
};

export class Announcer {
  readonly #lanes = new Map<string, Lane>();
  /** When `timer` is wanted next. */
  deadline: Instant = NEVER;

  constructor(
    readonly spacing: Spacing,
    readonly network: HostNetwork,
    readonly send: (announcement: HeldAddress, owner: Announcing) => void,
  ) {}

  /** Announces each address `repeat` times, in rounds: the first ones as soon as their interfaces may. */
  announce(owner: Announcing, addresses: readonly HeldAddress[], repeat: number, now: Instant): void {
    for (let round = 0; round < repeat; round++)
      for (const address of addresses) {
        const lane = this.#laneOf(address);
        if (lane.interval === 0) this.send(address, owner);
        else lane.add(round, `${address.device} ${address.address}`, { owner, address });
      }
    this.#schedule();
    this.timer(now);
  }

  /** Who holds its addresses no more announces none of them. */
  drop(owner: Announcing): void {
    for (const lane of this.#lanes.values()) lane.drop(owner);
    this.#schedule();
  }

  timer(now: Instant): void {
    if (now < this.deadline) return;
    for (const lane of this.#lanes.values()) {
      if (lane.nextAt !== undefined && now < lane.nextAt) continue;
      const announcement = lane.take();
      if (announcement === undefined) continue;
      this.send(announcement.address, announcement.owner);
      lane.nextAt = after(now, lane.interval);
    }
    this.#schedule();
  }

  #schedule(): void {
    this.deadline = NEVER;
    for (const lane of this.#lanes.values())
      if (!lane.isEmpty) this.deadline = earlier(this.deadline, lane.nextAt ?? NOW);
  }

  #laneOf({ device, family }: HeldAddress): Lane {
    const name = this.#spacedInterface(device);
    const group = this.spacing.announcementSpacing.findIndex(({ interfaces }) => interfaces.includes(name));
    const key = `${family} ${group < 0 ? name : group}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const { garpInterval, gnaInterval } =
      this.spacing.announcementSpacing[group] ?? this.spacing.global.announcementSpacing;
    const lane = new Lane(family === 4 ? garpInterval : gnaInterval);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** What leaves a virtual router's own interface reaches the switch by the one below. */
  #spacedInterface(device: string): string {
    const link = this.network.link(device);
    if (link?.kind !== "macvlan" || link.parent === undefined) return device;
    return this.network.linkByIndex(link.parent)?.name ?? device;
  }
}

const frame = allocate(NEIGHBOUR_FRAME_LENGTH);

/**
 * Sends one frame through the address's interface, which must be there.
 * @param isRouter  This host forwards packets of IPv6.
 * @returns the bytes sent or a negated errno.
 */
export function sendAnnouncement(socket: number, { index, mac }: Link, address: string, isRouter: boolean): number {
  const target = ipAddress(address);
  const hardwareAddress = macOctets(mac);
  const length =
    typeof target === "number"
      ? encodeGratuitousArp(frame.bytes, hardwareAddress, target)
      : encodeNeighbourAdvertisement(frame.bytes, hardwareAddress, target, isRouter);
  return sendFrame(socket, index, frame, length);
}
