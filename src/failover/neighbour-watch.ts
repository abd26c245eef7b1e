/**
 * What the link believes of our addresses. After a take-over, and at each refresh, it asks whether somebody else answers
 * for an address (RFC 5227 §2.1.1), and asks the gateway for its own address in the name of ours: whoever answers has
 * first learnt where ours lives (RFC 826; RFC 4861 §7.2.3), also where it takes no gratuitous ARP. Does no I/O itself.
 */
import { type Microseconds, microseconds } from "../config/units.js";
import type { HeldAddress } from "./addresses.js";
import { after, earlier, type Instant, NEVER } from "./timers.js";
import type { Claimed } from "./wire/arp.js";
import { formatIp, type IpAddress } from "./wire/ip-address.js";
import { ipAddress } from "./wire-settings.js";

/** Whose addresses they are. */
export interface Watching {
  /** Another box answers for the address: that has this MAC address. */
  contested(address: HeldAddress, mac: string, isFresh: boolean): void;
  /** The gateway answers this host, and not in the name of the address. */
  unknownTo(gateway: string, address: HeldAddress): void;
}

export interface Link {
  /** Of this host: what its own interfaces say is no rival's word. */
  isOwnMac(mac: string): boolean;
  /** `gatewayOf` will be asked about the address before long. */
  prepare(address: HeldAddress): void;
  /** Where to ask about the address, from which of our own; undefined: nobody to ask. */
  gatewayOf(address: HeldAddress): { readonly gateway: IpAddress; readonly own: IpAddress } | undefined;
  /** Asks for `target` in the name of `source`; undefined: in nobody's, so that the answer is all that comes of it. */
  ask(address: HeldAddress, source: IpAddress | undefined, target: IpAddress): void;
}

/** Caches that have just changed do not change again at once (Linux: locktime, 1 s). */
const FIRST_LOOK = microseconds(1_000_000);
const PATIENCE = microseconds(1_000_000);
const TRIES = 3;
/** For so long after a take-over the one before may not know yet. */
const FRESH = microseconds(1_000_000);
/** Two boxes that hold the address must not make each other announce without end. */
const CONTEST_PAUSE = microseconds(1_000_000);

/** Addresses looked after in one turn: there may be hundreds, all due at the same moment. */
const AT_ONCE = 16;

interface Watch {
  readonly owner: Watching;
  readonly address: HeldAddress;
  readonly ip: IpAddress;
  /** Between two rounds. */
  readonly interval: Microseconds;
  readonly since: Instant;
  nextAt: Instant;
  /** Of this round; 0: between rounds. */
  tries: number;
  asked: ReturnType<Link["gatewayOf"]>;
  /** The gateway has answered us, under our own address. */
  isAnswered: boolean;
  /** The gateway has answered in the name of the address. */
  isKnown: boolean;
  contestedUntil: Instant;
}

export class NeighbourWatch {
  #watches: Watch[] = [];
  /** When `timer` is wanted next. */
  deadline: Instant = NEVER;

  constructor(readonly link: Link) {}

  /** The owner has just taken the addresses over. @param interval between rounds; 0: one round and no more */
  watch(owner: Watching, addresses: readonly HeldAddress[], interval: Microseconds, now: Instant): void {
    this.drop(owner);
    for (const address of addresses) {
      this.link.prepare(address);
      this.#watches.push({
        owner,
        address,
        ip: ipAddress(address.address),
        interval,
        since: now,
        nextAt: after(now, FIRST_LOOK),
        tries: 0,
        asked: undefined,
        isAnswered: false,
        isKnown: false,
        contestedUntil: now,
      });
    }
    this.#schedule();
  }

  /** The owner holds its addresses no more: nothing may be said in their name. */
  drop(owner: Watching): void {
    this.#watches = this.#watches.filter((watch) => watch.owner !== owner);
    this.#schedule();
  }

  timer(now: Instant): void {
    if (now < this.deadline) return;
    let count = 0;
    for (const watch of this.#watches) {
      if (now < watch.nextAt) continue;
      // The others are as due at the next look, when what is more urgent has had its turn.
      if (++count > AT_ONCE) return;
      const { asked, isAnswered, isKnown, tries } = watch;
      const isRefused = asked !== undefined && isAnswered && !isKnown;
      if (tries === 0 || (isRefused && tries < TRIES)) this.#ask(watch, now);
      else {
        if (isRefused) watch.owner.unknownTo(formatIp(asked.gateway), watch.address);
        watch.tries = 0;
        watch.nextAt = watch.interval > 0 ? after(now, watch.interval) : NEVER;
        if (watch.interval > 0) this.link.prepare(watch.address);
      }
    }
    this.#schedule();
  }

  #schedule(): void {
    this.deadline = NEVER;
    for (const { nextAt } of this.#watches) this.deadline = earlier(this.deadline, nextAt);
  }

  /** Somebody on a link says so: asked, or of itself. */
  hear({ address, mac, to }: Claimed, now: Instant): void {
    for (const watch of this.#watches) {
      if (watch.ip === address) this.#contest(watch, mac, now);
      if (watch.asked?.gateway !== address) continue;
      if (to === watch.ip) watch.isKnown = true;
      if (to === watch.asked.own) watch.isAnswered = true;
    }
  }

  #ask(watch: Watch, now: Instant): void {
    const { address, ip } = watch;
    if (watch.tries === 0) {
      watch.isAnswered = false;
      watch.isKnown = false;
      watch.asked = this.link.gatewayOf(address);
    }
    watch.tries++;
    watch.nextAt = after(now, PATIENCE);
    this.link.ask(address, undefined, ip);
    if (watch.asked === undefined) return;
    this.link.ask(address, watch.asked.own, watch.asked.gateway);
    this.link.ask(address, ip, watch.asked.gateway);
  }

  #contest(watch: Watch, mac: string, now: Instant): void {
    if (this.link.isOwnMac(mac) || now < watch.contestedUntil) return;
    watch.contestedUntil = after(now, CONTEST_PAUSE);
    watch.owner.contested(watch.address, mac, now - watch.since <= FRESH);
  }
}
