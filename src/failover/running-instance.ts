/** One instance in the engine: its state, its socket, and the carrying out of what the state machine decides. */

import { writeFileSync } from "node:fs";
import type { TrackedProxy, VrrpInstance } from "../config/keepalived/model.js";
import { microseconds } from "../config/units.js";
import { errnoText } from "../sys/errno.js";
import type { AddressSettings, Netlink, Route, Rule } from "../sys/netlink.js";
import { describe, type HeldAddress, OwnAddresses, virtualAddressesOf } from "./addresses.js";
import type { Announcer, Announcing } from "./announcer.js";
import type { InstanceCounters } from "./counters.js";
import { Endpoint } from "./endpoint.js";
import {
  advertised,
  type Effect,
  type InstanceEvent,
  type InstanceState,
  initialState,
  type LogLevel,
  nextDeadline,
  type ReportedState,
  routineUntil,
  step,
} from "./instance.js";
import { type Correspondent, correspondentOf, isAddressedTo } from "./namesakes.js";
import type { NeighbourWatch, Watching } from "./neighbour-watch.js";
import type { HostNetwork } from "./network.js";
import { PeerWatch } from "./peer-watch.js";
import type { Member, MemberStanding, RunningSyncGroup } from "./sync-group.js";
import { after, earlier, type Instant, NEVER } from "./timers.js";
import { type Assessment, assess, type FaultReason, isRealFault, type ScriptState } from "./tracking.js";
import { VirtualInterface, virtualInterfacesOf } from "./virtual-mac.js";
import { VirtualRouting } from "./virtual-routing.js";
import type { Claim } from "./wire/heartbeat.js";
import { formatIp, type IpAddress } from "./wire/ip-address.js";
import { IpHeader, readIpHeader } from "./wire/ip-header.js";
import {
  Advertisement,
  type AdvertisementSettings,
  checkAdvertisement,
  decodeAdvertisement,
  peekVirtualRouterId,
  sameAddresses,
} from "./wire/packet.js";
import { advertisementSettings, instanceSettings, ipAddress } from "./wire-settings.js";

/** What the engine gives to its instances. */
export interface Surroundings {
  readonly netlink: Netlink;
  readonly network: HostNetwork;
  readonly announcer: Announcer;
  readonly neighbours: NeighbourWatch;
  now(): Instant;
  script(name: string): ScriptState["kind"] | undefined;
  file(name: string): number;
  process(name: string): boolean;
  proxy(tracked: TrackedProxy): boolean;
  isVirtual(address: string): boolean;
  /** How a link counts, which may be later than how it is. */
  condition(link: string): "up" | "down" | "missing";
  log(level: LogLevel, text: string): void;
  /** Somebody takes away what we hold. */
  lost(): void;
  /** Asks another thread to renew the lifetime of addresses. */
  renew(instance: RunningInstance, addresses: readonly AddressSettings[]): void;
  stateChanged(instance: string, state: ReportedState, priority: number): void;
  /** What SO_RCVBUF of its socket shall be, in bytes; undefined: the system's. */
  receiveBuffer(own: VrrpInstance, wire: AdvertisementSettings): number | undefined;
  /** A timer was so late. */
  late(microseconds: number): void;
  /** Somebody advertises virtual router `id` on the interface of `own`. */
  strangerHeard(own: VrrpInstance, id: number): void;
  /** Virtual router `id` is an instance of this host too, on the interface of `own`. */
  isRunHere(own: VrrpInstance, id: number): boolean;
  deleted(instance: string, priority: number): void;
  rivalHeard(instance: string, priority: number): void;
  priorityChanged(instance: string, isMaster: boolean, priority: number): void;
}

const heard = new Advertisement();
const seen = new IpHeader();
const timerEvent: InstanceEvent = { kind: "timer" };
const OWNER = 255;

export class RunningInstance implements Member, Announcing, Watching {
  readonly endpoint: Endpoint;
  readonly addresses: OwnAddresses;
  readonly routing: VirtualRouting;
  /** `use_vmac` */
  readonly virtualInterface: VirtualInterface | undefined;
  /** It, and those of addresses elsewhere. */
  readonly #virtualInterfaces: readonly VirtualInterface[];
  readonly #settings;
  readonly #wire;
  readonly #correspondent: Correspondent;
  #state: InstanceState = initialState;
  #reported: ReportedState = "STOP";
  /** When `timer` is wanted next. */
  deadline: Instant = NEVER;
  /** Until when that means an advertisement and no more; 0: it does not. */
  #routineUntil = microseconds(0);
  /** When interfaces that carry no advertisement are due; NEVER if not master. */
  #announceElsewhereAt = NEVER;
  /** When the lifetime of the addresses must be renewed; NEVER if they have none, or are not held. */
  #renewAt = NEVER;
  /** What `counters.renewals` would be had all been done that were asked for. */
  #renewalsAsked = 0;
  readonly #peers: PeerWatch;
  /** What keeps it from taking part, whatever its group does. */
  #ownFaults: readonly FaultReason[] = [];
  /** When the last advertisement was accepted; at first, when it was born. */
  #heardAt: Instant;
  #isDeleted = false;
  /** Set by the engine once all members are there. */
  group: RunningSyncGroup | undefined;

  constructor(
    readonly own: VrrpInstance,
    readonly counters: InstanceCounters,
    readonly around: Surroundings,
    isGrouped: boolean,
    /** Other instances under the same number (see namesakesOf). */
    readonly namesakes: readonly Correspondent[] = [],
  ) {
    this.#heardAt = around.now();
    this.#settings = instanceSettings(own, isGrouped);
    this.#wire = advertisementSettings(own);
    this.#correspondent = correspondentOf(own);
    this.endpoint = new Endpoint(this.#wire, counters, around.receiveBuffer(own, this.#wire));
    const log: Surroundings["log"] = (level, text) => around.log(level, text);
    this.#peers = new PeerWatch(own, this.#wire, counters, around, () => this.isMaster);
    this.addresses = new OwnAddresses(virtualAddressesOf(own), around.netlink, around.network, log);
    this.routing = new VirtualRouting(own, around.netlink, around.network, log);
    this.#virtualInterfaces = virtualInterfacesOf(own).map(
      (settings) => new VirtualInterface(own.name, settings, around.netlink, around.network, log),
    );
    if (own.virtualMac !== undefined) this.virtualInterface = this.#virtualInterfaces[0];
  }

  /**
   * Follows its interfaces as they come and go.
   * @returns whether its descriptor has changed, and whether its own interface had to be made.
   */
  followLinks(): { readonly hasMoved: boolean; readonly isNew: boolean } {
    const { virtualInterface: virtual, around } = this;
    const made = this.#virtualInterfaces.filter((one) => one.ensure());
    const hasMoved =
      virtual === undefined || virtual.settings.transmitOnBase
        ? this.endpoint.follow(this.own.interface === undefined ? "any" : around.network.link(this.own.interface))
        : this.endpoint.follow(virtual.link, virtual.base);
    return { hasMoved, isNew: made.length > 0 };
  }

  get isMaster(): boolean {
    return this.#state.kind === "master";
  }

  /** @param isReload what it is, it has been in another thread until now */
  start(resume: boolean, isReload: boolean): void {
    const isKnown = isReload && this.counters.state === "MASTER";
    if (resume) this.#reported = this.counters.state;
    this.examine();
    const { assessment, source } = this.#circumstances();
    this.#handle({
      kind: "start",
      resume: resume ? (isKnown ? "reload" : "crash") : undefined,
      assessment: this.#withGroup(assessment),
      source,
    });
  }

  /** Hands over to whoever is next; it is to be stopped when `hasLeft`. */
  leave(): void {
    this.#handle({ kind: "leave" });
  }

  get hasLeft(): boolean {
    return this.#state.kind === "initialize";
  }

  stop(): void {
    this.#handle({ kind: "stop" });
    this.endpoint.close();
    for (const one of this.#virtualInterfaces) one.remove();
  }

  /** Ends without a word: peers will take over, but here nothing is taken away. */
  abandon(): void {
    if (this.isMaster) this.addresses.keep();
    this.endpoint.close();
  }

  /** A reload ends it: as a stop, but others hear of it in other words. */
  delete(): void {
    this.#isDeleted = true;
    this.stop();
  }

  /** Another thread goes on with it, as `successor` says: what that does not hold any more goes. */
  leaveTo(successor: VrrpInstance): void {
    if (this.isMaster) {
      this.counters.holdsAddresses = false;
      this.routing.removeExcept(successor);
      this.addresses.removeExcept(virtualAddressesOf(successor));
    }
    this.endpoint.close();
    const kept = new Set(virtualInterfacesOf(successor).map(({ name }) => name));
    for (const one of this.#virtualInterfaces) if (!kept.has(one.settings.name)) one.remove();
  }

  examine(): void {
    this.#ownFaults = this.#circumstances().assessment.faults;
  }

  /** The host has changed, perhaps for this instance too. */
  reassess(): void {
    this.examine();
    // It may have been what held the group.
    if (this.#ownFaults.length === 0) this.group?.review();
    const { assessment, source } = this.#circumstances();
    this.#handle({ kind: "assessed", assessment: this.#withGroup(assessment), source });
  }

  get standing(): MemberStanding {
    if (this.#ownFaults.some(isRealFault)) return "fault";
    if (this.#ownFaults.length > 0) return "pending";
    if (this.#state.kind === "master") return "master";
    return this.#state.kind === "backup" && this.#state.isReady ? "ready" : "waiting";
  }

  takeOver(): void {
    this.#handle({ kind: "take-over" });
  }

  giveWay(): void {
    this.#handle({ kind: "give-way" });
  }

  outliveRival(): void {
    this.#handle({ kind: "rival-of-group" });
  }

  /** The clock says `now`; packets that had arrived by then have been received. */
  timer(now: Instant): void {
    if (now < this.deadline) return;
    if (now < this.#routineUntil && this.#state.kind === "master") {
      this.#state = advertised(this.#state, now, this.#settings);
      this.deadline = earlier(this.#state.advertiseAt, this.#routineUntil);
      this.#advertise(this.#state.priority);
      return;
    }
    const deadline = nextDeadline(this.#state);
    if (deadline !== undefined && now >= deadline) this.#handle(timerEvent, now);
    if (now >= this.#renewAt) this.#renewAddresses(now);
    if (now >= this.#announceElsewhereAt) this.#announceElsewhere();
    this.#schedule();
  }

  #schedule(): void {
    const rare = earlier(this.#renewAt, this.#announceElsewhereAt);
    this.deadline = earlier(nextDeadline(this.#state) ?? NEVER, rare);
    this.#routineUntil = earlier(routineUntil(this.#state), rare);
  }

  /**
   * To be called at every wake-up, before anything else. A timer that is late by half an interval means that this
   * process, or the whole machine, did not run: nobody can say who was silent in the meantime.
   */
  noticeFreeze(now: Instant): void {
    if (now - this.deadline <= this.own.advertInterval / 2) return;
    const deadline = nextDeadline(this.#state);
    if (deadline === undefined || now - deadline <= this.own.advertInterval / 2) return;
    this.counters.count("frozen");
    this.counters.raise("late");
    this.around.late(now - deadline);
    const late = Math.round((now - deadline) / 1000);
    this.around.log("warning", `(${this.own.name}) timer expired ${late} ms late: the process did not run`);
    this.#handle({ kind: "frozen", late: microseconds(now - deadline) });
  }

  receive(packet: Uint8Array, length: number): void {
    const id = peekVirtualRouterId(packet, length);
    if (id !== this.own.virtualRouterId) {
      this.around.strangerHeard(this.own, id);
      this.#peers.stranger(id, packet, length, heard);
      return;
    }
    if (this.namesakes.length > 0 && !this.#isForUs(packet, length)) return;
    if (this.own.ownerIgnoreAdverts && this.own.priority === OWNER) return;
    const decoded = decodeAdvertisement(packet, length, heard);
    const verdict =
      decoded === "ok" ? checkAdvertisement(heard, this.#wire, packet, this.counters.acceptedSerial) : decoded;
    if (verdict !== "ok") {
      this.#peers.refused(verdict, packet, length, heard, decoded === "ok");
      return;
    }
    this.counters.count("advertisementsReceived");
    this.#heardAt = this.around.now();
    const { source } = heard.header;
    if (heard.hasOldChecksum && this.endpoint.sendOldChecksums())
      this.around.log("info", `(${this.own.name}) Setting unicast VRRPv3 checksum to old version`);
    if (heard.sequence >= 0) this.endpoint.raiseSerial(heard.sequence);
    this.counters.setLastHeard(source);
    if (heard.priority === 0) this.counters.count("priorityZeroReceived");
    if (!sameAddresses(heard, this.#wire)) {
      const from = formatIp(source);
      this.#peers.raise(
        "addresses",
        () => `${from} advertises other addresses than ours: its list and this one should agree`,
      );
    }
    this.#handle({ kind: "advertisement", source, priority: heard.priority, interval: heard.advertInterval });
  }

  #isForUs = (packet: Uint8Array, length: number): boolean =>
    !readIpHeader(packet, length, seen) || isAddressedTo(this.#correspondent, this.namesakes, seen);

  /** How it stands, for heartbeats. */
  get claim(): Claim {
    const { virtualRouterId, family } = this.own;
    const { priority, source } = this.#state;
    return { virtualRouterId, family, priority, isMaster: this.isMaster, source };
  }

  /** A peer is master, as it says over another network. */
  claimed({ priority, source }: Claim, until: Instant): void {
    this.#handle({ kind: "heartbeat", priority, source, until });
    const isWaiting = this.#state.kind === "backup" && this.#state.masterDownAt >= until;
    if (!isWaiting || this.around.now() - this.#heardAt < 4 * this.own.advertInterval) return;
    const from = formatIp(source);
    this.#peers.raise(
      "path",
      () =>
        `alarm: ${from} is master, as its heartbeats say, and none of its advertisements arrives here: ` +
        "the network between the two is cut, or the advertisements are refused. It keeps the addresses",
    );
  }

  /** Some address is gone from an interface; if it is one that we hold, it must come back. */
  addressGone(address: HeldAddress): void {
    if (this.isMaster && address.track && !this.addresses.isPresent(address))
      this.#lose(`ip address ${describe(address)}`);
  }

  contested({ address }: HeldAddress, mac: string, isFresh: boolean): void {
    const held = this.addresses.all.filter((each) => each.address === address);
    this.around.announcer.announce(this, held, 1, this.around.now());
    if (isFresh) return;
    this.#peers.raise(
      "both-hold",
      () =>
        `alarm: ${mac} answers for ${address}, which is held here: another box has it too, or a router answers for others ` +
        "(proxy ARP). Announced again",
    );
  }

  unknownTo(gateway: string, address: HeldAddress): void {
    this.around.announcer.announce(this, [address], this.own.garp.masterRepeat, this.around.now());
    this.#peers.raise(
      "gateway",
      () =>
        `alarm: the gateway ${gateway} answers this host, and not in the name of ${address.address}: it, or a switch in ` +
        "between, does not take the address from here (port security, ARP inspection, a static entry). Announced again",
    );
  }

  /** A route or rule is gone from a table. */
  routeGone(route: Route): void {
    const what = this.isMaster ? this.routing.findRoute(route) : undefined;
    if (what !== undefined) this.#lose(what);
  }

  ruleGone(rule: Rule): void {
    const what = this.isMaster ? this.routing.findRule(rule) : undefined;
    if (what !== undefined) this.#lose(what);
  }

  #lose(what: string): void {
    this.counters.count("lost");
    this.counters.raise("removed");
    this.around.lost();
    this.#handle({ kind: "lost", what });
  }

  #circumstances(): { assessment: Assessment; source: IpAddress } {
    const { network } = this.around;
    const configured = this.own.sourceAddress;
    const { interface: device } = this.own;
    const present = configured === undefined || network.hasAddress(device, configured);
    const source =
      configured ??
      (device === undefined ? undefined : network.firstAddress(device, this.#wire.family, this.around.isVirtual));
    const assessment = assess(this.own, {
      script: this.around.script,
      file: this.around.file,
      process: this.around.process,
      proxy: this.around.proxy,
      link: (name) => this.around.condition(name),
      sourcePresent: source !== undefined && (present || !this.own.trackSourceAddress),
    });
    return {
      assessment: this.#withVirtualInterface(assessment),
      source: source === undefined ? 0 : ipAddress(source),
    };
  }

  #withVirtualInterface(assessment: Assessment): Assessment {
    const virtual = this.virtualInterface;
    if (virtual === undefined || virtual.base === undefined || virtual.link !== undefined) return assessment;
    const missing = { kind: "interface-missing", interface: virtual.settings.name } as const;
    return { ...assessment, faults: [...assessment.faults, missing] };
  }

  #withGroup(assessment: Assessment): Assessment {
    const kind = this.group?.hold;
    if (assessment.faults.length > 0 || kind === undefined) return assessment;
    return { ...assessment, faults: [{ kind, group: this.group!.own.name }], endured: [] };
  }

  #handle(event: InstanceEvent, now = this.around.now()): void {
    this.#step(event, now);
    this.group?.review();
  }

  #step(event: InstanceEvent, now: Instant): void {
    const { state, effects } = step(this.#state, event, now, this.#settings);
    const isNewPriority = state.priority !== this.#state.priority && this.#reported !== "STOP";
    this.#state = state;
    this.counters.setPriority(state.priority);
    if (state.endured.length > 0) this.counters.raise("last-resort");
    if (isNewPriority) this.around.priorityChanged(this.own.name, this.isMaster, state.priority);
    for (const effect of effects) this.#apply(effect);
    this.#schedule();
  }

  #apply(effect: Effect): void {
    switch (effect.kind) {
      case "send-advertisement":
        this.#advertise(effect.priority);
        break;
      case "add-addresses":
        if (this.own.promoteSecondaries) this.#promoteSecondaries();
        this.#holdAddresses();
        this.routing.add();
        if (this.own.garp.extraInterfaces.interval > 0)
          this.#announceElsewhereAt = earlier(
            this.#announceElsewhereAt,
            after(this.around.now(), this.own.garp.extraInterfaces.interval),
          );
        break;
      case "remove-addresses":
        this.counters.holdsAddresses = false;
        this.#renewAt = NEVER;
        this.#announceElsewhereAt = NEVER;
        this.around.announcer.drop(this);
        this.around.neighbours.drop(this);
        this.routing.remove();
        this.addresses.remove();
        break;
      case "announce":
        this.#announce(effect.repeat);
        break;
      case "rival-heard":
        this.counters.raise("both-hold");
        this.around.rivalHeard(this.own.name, this.#state.priority);
        this.group?.rivalHeard(this);
        break;
      case "log":
        this.around.log(effect.level, effect.text);
        break;
      case "alarm":
        this.#peers.raise(effect.alarm, () => effect.text);
        break;
      case "state-changed":
        this.#stateChanged(effect.state);
        break;
    }
  }

  #holdAddresses(): void {
    this.addresses.add();
    this.counters.holdsAddresses = true;
    this.#renewalsAsked = this.counters.renewals;
    this.#renewLater(this.around.now());
  }

  /** Three times in their lifetime, so that one that is missed does no harm. */
  #renewLater(now: Instant): void {
    const { lifetime } = this.addresses;
    if (lifetime !== undefined) this.#renewAt = after(now, microseconds(Math.floor((lifetime * 1_000_000) / 3)));
  }

  /**
   * All changes of the network's settings on a host wait for one lock of the kernel (rtnl_mutex), and where containers
   * come and go it is taken for many milliseconds: advertisements do not wait for it. If nobody has renewed the
   * addresses for us by the next time, they are worth more than an advertisement.
   */
  #renewAddresses(now: Instant): void {
    if (this.#renewalsAsked > this.counters.renewals) {
      this.#holdAddresses();
      return;
    }
    this.#renewalsAsked++;
    this.around.renew(this, this.addresses.settings);
    this.#renewLater(now);
  }

  /** Without it the kernel removes, with the first address of a network, all others of that network. */
  #promoteSecondaries(): void {
    const { interface: device } = this.own;
    const devices = device === undefined ? this.addresses.all.map((address) => address.device) : [device];
    try {
      for (const name of new Set(devices)) writeFileSync(`/proc/sys/net/ipv4/conf/${name}/promote_secondaries`, "1");
    } catch (error) {
      this.#peers.complain("promote", () => `cannot set promote_secondaries: ${(error as Error).message}`);
    }
  }

  #advertise(priority: number): void {
    const result = this.endpoint.send(priority, this.#state.source);
    if (result < 0) {
      this.counters.count("sendErrors");
      this.#peers.complain(`send ${result}`, () => `cannot send advertisement: ${errnoText(-result)}`);
      return;
    }
    this.counters.count("advertisementsSent");
    if (priority === 0) this.counters.count("priorityZeroSent");
  }

  #announce(repeat: number, addresses = this.addresses.all): void {
    for (const { address, device, family } of addresses) {
      const what = family === 4 ? "gratuitous ARPs" : "Unsolicited Neighbour Adverts";
      this.around.log("detail", `(${this.own.name}) Sending/queueing ${what} on ${device} for ${address}`);
    }
    this.around.announcer.announce(this, addresses, repeat, this.around.now());
  }

  /**
   * `garp_extra_if`: switches learn the place of a MAC address from what leaves it, and interfaces that carry no
   * advertisement may be silent for longer than they remember.
   */
  #announceElsewhere(): void {
    const { interval, all } = this.own.garp.extraInterfaces;
    const { network, now } = this.around;
    const virtual = this.virtualInterface?.settings;
    const advertising = virtual?.transmitOnBase === false ? virtual.name : this.own.interface;
    const silent = this.addresses.all.filter(
      ({ device }) => device !== advertising && (all || network.link(device)?.kind === "macvlan"),
    );
    if (silent.length > 0) this.#announce(1, silent);
    this.#announceElsewhereAt = after(now(), interval);
  }

  #stateChanged(state: ReportedState): void {
    this.counters.setState(state);
    const { neighbours, now } = this.around;
    if (state === "MASTER") neighbours.watch(this, this.addresses.all, this.own.garp.masterRefresh, now());
    if (state === this.#reported) return;
    if (state === "MASTER") this.counters.count("becameMaster");
    else if (this.#reported === "MASTER") this.counters.count("releasedMaster");
    this.#reported = state;
    if (state === "MASTER" && !this.counters.hasHeard) this.#peers.sayAlone();
    if (this.#isDeleted) this.around.deleted(this.own.name, this.#state.priority);
    else this.around.stateChanged(this.own.name, state, this.#state.priority);
  }
}
