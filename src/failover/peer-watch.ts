/** What one instance notices of routers that contradict it: refused advertisements, and virtual routers of other numbers. */
import type { VrrpInstance } from "../config/keepalived/model.js";
import { microseconds } from "../config/units.js";
import { type Alarm, alarmOf, describeConsequence } from "./alarms.js";
import { Complaints } from "./complaints.js";
import type { InstanceCounters } from "./counters.js";
import type { LogLevel } from "./instance.js";
import { after, type Instant } from "./timers.js";
import { formatIp } from "./wire/ip-address.js";
import {
  type Advertisement,
  type AdvertisementSettings,
  decodeAdvertisement,
  type Rejection,
  sharesAddress,
} from "./wire/packet.js";
import { describeRejection } from "./wire/rejections.js";

/** Others' virtual routers are looked at so rarely: they may be many, and each sends to all instances. */
const STRANGER_PAUSE = microseconds(1_000_000);

interface Surroundings {
  now(): Instant;
  log(level: LogLevel, text: string): void;
  isRunHere(own: VrrpInstance, id: number): boolean;
}

export class PeerWatch {
  readonly #complaints: Complaints;
  /** By virtual router: until when its advertisements need not be looked at again. */
  readonly #strangersSeen = new Float64Array(256);

  /** @param isMaster this router holds the addresses now */
  constructor(
    readonly own: VrrpInstance,
    readonly wire: AdvertisementSettings,
    readonly counters: InstanceCounters,
    readonly around: Surroundings,
    readonly isMaster: () => boolean,
  ) {
    this.#complaints = new Complaints((text) => around.log("warning", `(${own.name}) ${text}`));
  }

  /**
   * An advertisement of this virtual router was refused.
   * @param isDecoded what `heard` says is true: the packet could be decoded
   */
  refused(reason: Rejection, packet: Uint8Array, length: number, heard: Advertisement, isDecoded: boolean): void {
    this.counters.countRejection(reason);
    // A router that goes another way is another one, by chance of the same number, unless it has an address of ours.
    if (reason === "destination" && !sharesAddress(heard, this.wire)) return;
    this.complain(reason, () => describeRejection(reason, packet, length, heard, this.wire));
    const alarm = isDecoded ? alarmOf(reason) : undefined;
    if (alarm === undefined) return;
    this.raise(alarm, () => describeConsequence(alarm, formatIp(heard.header.source)));
    this.#noticeHolder(heard);
  }

  /** Another virtual router on the link may hold our addresses under its own number. @param into is overwritten */
  stranger(id: number, packet: Uint8Array, length: number, into: Advertisement): void {
    const now = this.around.now();
    if (id === 0 || now < this.#strangersSeen[id]! || this.around.isRunHere(this.own, id)) return;
    this.#strangersSeen[id] = after(now, STRANGER_PAUSE);
    if (decodeAdvertisement(packet, length, into) !== "ok" || !sharesAddress(into, this.wire)) return;
    const from = formatIp(into.header.source);
    const mine = this.own.virtualRouterId;
    this.raise(
      "router-id",
      () =>
        `alarm: ${from} advertises addresses of ours under virtual_router_id ${id}, and here they have ${mine}, so both ` +
        "routers will hold them: write the same virtual_router_id in both files",
    );
    this.#noticeHolder(into);
  }

  /** Only a master advertises: whoever does for an address that is here holds it as well. */
  #noticeHolder(heard: Advertisement): void {
    if (this.isMaster() && heard.priority > 0 && sharesAddress(heard, this.wire)) this.counters.raise("both-hold");
  }

  raise(alarm: Alarm, text: () => string): void {
    this.counters.raise(alarm);
    this.complain(`alarm ${alarm}`, text);
  }

  complain(about: string, text: () => string): void {
    this.#complaints.make(about, this.around.now(), text);
  }

  /** A backup is silent, so that nothing is wrong yet; but should there be two masters, this is how it begins. */
  sayAlone(): void {
    const { counters, rejected } = this.counters.status(this.own.name);
    const refused = Object.values(rejected).reduce((sum, each) => sum + each, 0);
    this.around.log(
      "info",
      `(${this.own.name}) master without having heard another router (sent ${counters.advertisementsSent}, ` +
        `not sent ${counters.sendErrors}, refused ${refused}). If one is master already, its advertisements do not ` +
        "arrive: look for a firewall that drops IP protocol 112, IGMP snooping, a cloud network without multicast " +
        "(use unicast_peer there)",
    );
  }
}
