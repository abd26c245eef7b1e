/**
 * The driver of the fail-over engine: one thread that owns the VRRP sockets, watches interfaces and addresses, and
 * drives the instances. Everything in it is synchronous, and it shares nothing but counters with the other threads.
 */

import { readFileSync } from "node:fs";
import type { KeepalivedConfiguration, VrrpInstance } from "../config/keepalived/model.js";
import { drainEventfd } from "../sys/epoll.js";
import { EPERM, errnoText, SystemError } from "../sys/errno.js";
import { lockProgramMemory } from "../sys/locked-memory.js";
import { type InterfaceAddress, Netlink } from "../sys/netlink.js";
import {
  type NetlinkEvent,
  NetlinkMonitor,
  RTMGRP_IPV4_IFADDR,
  RTMGRP_IPV4_ROUTE,
  RTMGRP_IPV4_RULE,
  RTMGRP_IPV6_IFADDR,
  RTMGRP_IPV6_ROUTE,
  RTMGRP_IPV6_RULE,
  RTMGRP_LINK,
} from "../sys/netlink-monitor.js";
import { openArpSocket } from "../sys/packet-socket.js";
import { setAffinity, setNiceness, setRealTime, setThreadName } from "../sys/process.js";
import { close } from "../sys/socket.js";
import type { HeldAddress } from "./addresses.js";
import { Announcer, type Announcing, sendAnnouncement } from "./announcer.js";
import { InstanceCounters } from "./counters.js";
import { receiveBufferOf } from "./endpoint.js";
import { RunningHeartbeat } from "./heartbeat.js";
import { heartbeatInterval } from "./heartbeat-timing.js";
import type { ReportedState } from "./instance.js";
import { LinkDelays } from "./link-delays.js";
import type { EngineOrders, FromEngine, ToEngine } from "./messages.js";
import { namesakesOf } from "./namesakes.js";
import { Neighbours } from "./neighbours.js";
import { HostNetwork } from "./network.js";
import { monotonic, PreciseLoop } from "./precise-loop.js";
import { RunningInstance, type Surroundings } from "./running-instance.js";
import { successorOf } from "./successors.js";
import { RunningSyncGroup } from "./sync-group.js";
import { earlier, type Instant } from "./timers.js";
import { isAsWanted, type ProxyHealth } from "./track/proxy-health.js";
import { requiredInterfaces, type ScriptState, withGroupTrackers } from "./tracking.js";
import type { Claim } from "./wire/heartbeat.js";
import type { Family } from "./wire/ip-address.js";

/** Above ordinary threads; the lowest of the real-time ones, as keepalived asks for by default. */
export const REAL_TIME_PRIORITY = 1;

/** How the engine talks to the main thread. */
export interface Correspondence {
  post(message: FromEngine): void;
  /** The next message that waits, or undefined. */
  next(): ToEngine | undefined;
}

export class Engine {
  readonly #loop = new PreciseLoop();
  readonly #netlink = new Netlink();
  readonly #monitor: NetlinkMonitor;
  readonly #network = new HostNetwork();
  readonly #links: LinkDelays;
  readonly #scripts: Map<string, ScriptState["kind"]>;
  readonly #files: Map<string, number>;
  readonly #processes: Map<string, boolean>;
  #proxy: ProxyHealth;
  #realTimePriority = REAL_TIME_PRIORITY;
  readonly #instances: readonly RunningInstance[];
  readonly #groups: readonly RunningSyncGroup[];
  readonly #heartbeats: readonly RunningHeartbeat[];
  /** Instances hand over to their successors; when all have, it is the end. */
  #isLeaving = false;
  /** Somebody has become master, or is not any more: peers hear of it at once. */
  #hasMoved = false;
  readonly #arpSocket: number;
  readonly #announcer: Announcer;
  readonly #neighbours: Neighbours;

  /** Throws a SystemError if it may not open raw sockets. */
  constructor(
    readonly orders: EngineOrders,
    readonly mail: Correspondence,
  ) {
    this.#scripts = new Map(orders.scripts);
    this.#files = new Map(orders.files);
    this.#processes = new Map(orders.processes);
    this.#proxy = orders.proxy;
    this.#links = new LinkDelays(orders.configuration.linkDelays, this.#network);
    this.#monitor = new NetlinkMonitor(newsFor(orders.configuration));
    this.#arpSocket = openArpSocket();
    if (this.#arpSocket < 0) {
      this.#close();
      throw new SystemError(-this.#arpSocket, "packet socket");
    }
    this.#announcer = new Announcer(orders.configuration, this.#network, this.#announce.bind(this));
    const { instances, syncGroups } = orders.configuration;
    const virtual = new Set(
      instances.flatMap((own) => [...own.addresses, ...own.excludedAddresses].map(({ address }) => address)),
    );
    const strangers = new Set<string>();
    const runHere = new Set(instances.map((own) => `${own.interface} ${own.virtualRouterId}`));
    const isVirtual = (address: string): boolean => virtual.has(address);
    const wantGateway = (ifindex: number, family: Family): void =>
      this.mail.post({ kind: "gateway-wanted", ifindex, family });
    this.#neighbours = new Neighbours(orders.configuration, this.#network, wantGateway, this.#arpSocket, isVirtual);
    const around: Surroundings = {
      netlink: this.#netlink,
      network: this.#network,
      announcer: this.#announcer,
      neighbours: this.#neighbours.watch,
      now: monotonic,
      script: (name) => this.#scripts.get(name),
      file: (name) => this.#files.get(name) ?? 0,
      process: (name) => this.#processes.get(name) ?? false,
      proxy: (tracked) => isAsWanted(this.#proxy, tracked),
      isVirtual,
      condition: (link) => this.#links.condition(link),
      lost: () => this.mail.post({ kind: "lost" }),
      log: (level, text) => this.mail.post({ kind: "log", level, text }),
      renew: (instance, addresses) =>
        this.mail.post({ kind: "renew", index: this.#instances.indexOf(instance), addresses, at: process.uptime() }),
      stateChanged: (instance, state, priority) => {
        this.#hasMoved = true;
        this.mail.post({ kind: "state", instance, state, priority });
      },
      receiveBuffer: (own, wire) => receiveBufferOf(own, wire, orders.configuration.global.receiveBuffers),
      late: (microseconds) => this.#raisePriority(microseconds),
      strangerHeard: ({ interface: device }, id) => {
        if (!orders.configuration.global.logUnknownVirtualRouterIds || strangers.has(`${device} ${id}`)) return;
        if (runHere.has(`${device} ${id}`)) return;
        strangers.add(`${device} ${id}`);
        around.log(
          "info",
          `received advertisements of virtual router ${id} on ${device}, which is not configured here`,
        );
      },
      isRunHere: ({ interface: device }, id) => runHere.has(`${device} ${id}`),
      deleted: (instance, priority) => this.mail.post({ kind: "deleted", instance, priority }),
      rivalHeard: (instance, priority) => this.mail.post({ kind: "rival", instance, priority }),
      priorityChanged: (instance, isMaster, priority) =>
        this.mail.post({ kind: "priority", instance, isMaster, priority }),
    };
    this.#instances = instances.map((own, index) => {
      const group = syncGroups.find(({ members }) => members.includes(own.name));
      const counters = new InstanceCounters(orders.counters, index);
      const tracking = withGroupTrackers(own, group, instances);
      return new RunningInstance(tracking, counters, around, group !== undefined, namesakesOf(own, instances));
    });
    this.#heartbeats = this.#makeHeartbeats(around.log);
    this.#groups = syncGroups.map((group) => {
      const members = this.#instances.filter(({ own }) => group.members.includes(own.name));
      const changed = (name: string, state: ReportedState): void =>
        this.mail.post({ kind: "group", group: name, state });
      const running = new RunningSyncGroup(group, members, around.log, changed);
      for (const member of members) member.group = running;
      return running;
    });
  }

  /** Runs until the main thread says stop; then every master has resigned and no virtual address is left. */
  run(): void {
    try {
      this.#run();
    } finally {
      for (const { endpoint } of this.#instances) endpoint.close();
      for (const heartbeat of this.#heartbeats) heartbeat.close();
      this.#close();
    }
  }

  /** Threads share their descriptors: those of one that dies would stay open. */
  #close(): void {
    this.#loop.close();
    this.#monitor.close();
    this.#netlink.close();
    if (this.#arpSocket >= 0) close(this.#arpSocket);
    this.#neighbours?.close();
  }

  #run(): void {
    this.#becomeRealTime();
    // Subscribed first and listed afterwards, so that no change falls between the two.
    this.#loop.add(this.#monitor.fd, () => this.#networkChanged());
    this.#loop.add(this.orders.wakeUp, () => this.#readMail());
    this.#loadNetwork();
    this.#openHeartbeats();
    for (const fd of this.#neighbours.descriptors) this.#loop.add(fd, () => this.#neighbours.drain(fd, monotonic()));
    for (const instance of this.#instances) this.#followLinks(instance);
    for (const group of this.#groups) group.prepare();
    for (const instance of this.#instances)
      instance.start(this.orders.resume.has(instance.own.name), this.orders.isReload);
    for (const group of this.#groups) group.start();
    this.mail.post({ kind: "ready" });
    this.#loop.run({
      deadline: () => this.#earliestDeadline(),
      wokeUp: (now) => {
        for (const instance of this.#instances) instance.noticeFreeze(now);
      },
      timers: (now) => {
        if (this.#links.timer(now)) for (const instance of this.#instances) instance.reassess();
        for (const instance of this.#instances) instance.timer(now);
        this.#announcer.timer(now);
        this.#neighbours.watch.timer(now);
        this.#sendHeartbeats(now);
        if (this.#isLeaving && this.#instances.every(({ hasLeft }) => hasLeft)) this.#stop(false);
      },
    });
  }

  #makeHeartbeats(log: Surroundings["log"]): RunningHeartbeat[] {
    const { heartbeatPaths, instances } = this.orders.configuration;
    return heartbeatPaths.flatMap((own) => {
      try {
        const interval = heartbeatInterval(own, instances);
        return [new RunningHeartbeat(own, interval, monotonic(), (text) => log("warning", text))];
      } catch (error) {
        // The addresses are worth more than the second path.
        log("warning", `heartbeat_path ${own.name} is not used: ${(error as Error).message}`);
        return [];
      }
    });
  }

  #openHeartbeats(): void {
    for (const heartbeat of this.#heartbeats)
      if (heartbeat.open(monotonic()))
        this.#loop.add(heartbeat.fd, () =>
          heartbeat.drain(monotonic(), (claim, until) => {
            if (claim.isMaster) this.#virtualRouter(claim)?.claimed(claim, until);
          }),
        );
  }

  /** The instance of that number and family; none if two interfaces have one. */
  #virtualRouter({ virtualRouterId, family }: Claim): RunningInstance | undefined {
    const found = this.#instances.filter(({ own }) => own.virtualRouterId === virtualRouterId && own.family === family);
    return found.length === 1 ? found[0] : undefined;
  }

  #sendHeartbeats(now: Instant): void {
    for (const heartbeat of this.#heartbeats)
      if (this.#hasMoved || now >= heartbeat.nextAt)
        heartbeat.send(
          this.#instances.map(({ claim }) => claim),
          now,
        );
    this.#hasMoved = false;
  }

  #becomeRealTime(): void {
    setThreadName("vrrp");
    const { niceness, lockMemory, realTimePriority, cpus } = this.orders.configuration.global.process;
    this.#ask("run on the processors of vrrp_cpu_affinity", cpus === undefined ? 0 : setAffinity(cpus));
    this.#ask("lock its memory (vrrp_no_swap)", lockMemory ? lockProgramMemory() : 0);
    this.#ask("take vrrp_priority", niceness === undefined ? 0 : setNiceness(niceness));
    this.#realTimePriority = realTimePriority ?? REAL_TIME_PRIORITY;
    const result = setRealTime(this.#realTimePriority);
    if (result >= 0) return;
    const hint = result === -EPERM ? " (it takes CAP_SYS_NICE)" : "";
    const text = `no real-time scheduling: ${errnoText(-result)}${hint}; on a busy host timers may run late`;
    this.mail.post({ kind: "log", level: "warning", text });
  }

  /** max_auto_priority: a timer was late, so from now on fewer others may run before us. */
  #raisePriority(late: number): void {
    const { maxAutoPriority, minAutoPriorityDelay } = this.orders.configuration.global.process;
    if (late < minAutoPriorityDelay || this.#realTimePriority >= maxAutoPriority) return;
    this.#realTimePriority++;
    this.#ask(`take the real-time priority ${this.#realTimePriority}`, setRealTime(this.#realTimePriority));
  }

  #ask(what: string, result: number): void {
    if (result < 0) this.mail.post({ kind: "log", level: "warning", text: `cannot ${what}: ${errnoText(-result)}` });
  }

  #earliestDeadline(): Instant {
    let first = earlier(this.#announcer.deadline, this.#neighbours.watch.deadline);
    first = earlier(first, this.#links.deadline);
    for (const { deadline } of this.#instances) first = earlier(first, deadline);
    for (const { nextAt } of this.#heartbeats) first = earlier(first, nextAt);
    return first;
  }

  #announce(address: HeldAddress, { counters }: Announcing): void {
    const link = this.#network.link(address.device);
    if (link === undefined || link.mac === "") return;
    const isRouter = address.family === 6 && forwardsIpv6(address.device);
    const sent = sendAnnouncement(this.#arpSocket, link, address.address, isRouter);
    counters.count(sent < 0 ? "sendErrors" : "gratuitousArpsSent");
  }

  #readMail(): void {
    drainEventfd(this.orders.wakeUp);
    for (let message = this.mail.next(); message !== undefined; message = this.mail.next()) {
      if (message.kind === "stop") {
        if (message.keep) this.#stop(true);
        else this.#leave();
        return;
      }
      if (message.kind === "hand-over") {
        this.#handOver(message.to);
        return;
      }
      if (message.kind === "gateway") {
        this.#neighbours.learnGateway(message.ifindex, message.family, message.gateway);
        continue;
      }
      this.#note(message);
      for (const instance of this.#instances) instance.reassess();
    }
  }

  #note(message: Exclude<ToEngine, { kind: "stop" | "hand-over" | "gateway" }>): void {
    switch (message.kind) {
      case "script":
        this.#scripts.set(message.name, message.state);
        break;
      case "file":
        this.#files.set(message.name, message.value);
        break;
      case "process":
        this.#processes.set(message.name, message.up);
        break;
      case "proxy":
        this.#proxy = message.health;
        break;
    }
  }

  #leave(): void {
    for (const instance of this.#instances) instance.group = undefined;
    for (const instance of this.#instances) instance.leave();
    this.#isLeaving = true;
    this.#hasMoved = true;
  }

  #stop(keep: boolean): void {
    for (const instance of this.#instances) instance.group = undefined;
    for (const instance of this.#instances) {
      this.#ignore(instance.endpoint.descriptors);
      if (keep) instance.abandon();
      else instance.stop();
    }
    this.#sendHeartbeats(monotonic());
    for (const { name } of this.orders.configuration.syncGroups)
      this.mail.post({ kind: "group", group: name, state: "STOP" });
    this.#loop.stop();
  }

  #handOver(to: KeepalivedConfiguration): void {
    for (const instance of this.#instances) instance.group = undefined;
    for (const instance of this.#instances) {
      this.#ignore(instance.endpoint.descriptors);
      const successor = successorOf(instance.own, to);
      if (successor === undefined) instance.delete();
      else instance.leaveTo(successor);
    }
    this.#loop.stop();
  }

  #loadNetwork(): void {
    this.#network.load(this.#netlink.links(), this.#netlink.addresses());
    this.#links.observe(monotonic());
  }

  #networkChanged(): void {
    let changed = false;
    let overrun = false;
    const gone: InterfaceAddress[] = [];
    const goneRouting: NetlinkEvent[] = [];
    this.#monitor.drain((event) => {
      if (event.kind === "overrun") overrun = true;
      else if (event.kind === "route" || event.kind === "rule") {
        if (event.action === "delete") goneRouting.push(event);
      } else if (this.#take(event)) changed = true;
      if (event.kind === "address" && event.action === "delete") gone.push(event.address);
    });
    for (const event of goneRouting)
      for (const instance of this.#instances) {
        if (event.kind === "route") instance.routeGone(event.route);
        else if (event.kind === "rule") instance.ruleGone(event.rule);
      }
    if (overrun) this.#loadNetwork();
    this.#links.observe(monotonic());
    if (!changed && !overrun) return;
    this.#openHeartbeats();
    const renewed = new Set<RunningInstance>();
    for (const instance of this.#instances) {
      if (this.#followLinks(instance)) renewed.add(instance);
      instance.reassess();
    }
    // Last, so that an instance whose source address went too is in fault by now, and does not fight for a moment.
    for (const instance of this.#instances) {
      const lost =
        overrun || renewed.has(instance)
          ? instance.addresses.all
          : gone.map((address) => instance.addresses.find(address));
      for (const address of lost) if (address !== undefined) instance.addressGone(address);
    }
  }

  /** @returns whether instances must look again. */
  #take(event: NetlinkEvent): boolean {
    if (event.kind === "address") return this.#takeAddress(event);
    if (event.kind !== "link") return this.#network.apply(event);
    const before = this.#network.condition(event.link.name);
    const changed = this.#network.apply(event);
    this.#reportLink(event.link.name, before);
    return changed;
  }

  #takeAddress(event: Extract<NetlinkEvent, { kind: "address" }>): boolean {
    const changed = this.#network.apply(event);
    const { index, address } = event.address;
    const device = this.#network.linkByIndex(index)?.name;
    const isOurs = this.#instances.some(({ addresses }) => addresses.find(event.address) !== undefined);
    if (!changed || device === undefined || !(isOurs || this.orders.reportsAddresses)) return changed;
    const text = `Netlink reflector reports IP ${address} ${event.action === "new" ? "added to" : "removed from"} ${device}`;
    this.mail.post({ kind: "log", level: this.orders.reportsAddresses ? "info" : "detail", text });
    return changed;
  }

  #reportLink(name: string, before: "up" | "down" | "missing"): void {
    const condition = this.#network.condition(name);
    // A host of containers has interfaces coming and going all day.
    if (condition === before || !this.#instances.some(({ own }) => concerns(own, name))) return;
    const text = `Netlink reports ${name} ${condition === "missing" ? "deleted" : condition}`;
    this.mail.post({ kind: "log", level: "info", text });
  }

  /**
   * Opens an instance's socket when its interface appears, or appears again as another one.
   * @returns whether its own interface had to be made: what was on the one before is gone.
   */
  #followLinks(instance: RunningInstance): boolean {
    const { endpoint } = instance;
    const before = endpoint.descriptors;
    const { hasMoved, isNew } = instance.followLinks();
    if (!hasMoved) return isNew;
    this.#ignore(before);
    for (const fd of endpoint.descriptors)
      this.#loop.add(fd, () => endpoint.drain(fd, (packet, length) => instance.receive(packet, length)));
    return isNew;
  }

  #ignore(descriptors: readonly number[]): void {
    for (const fd of descriptors) this.#loop.remove(fd);
  }
}

/** Whether an instance needs or tracks that interface, or has made it. */
const concerns = (own: VrrpInstance, name: string): boolean =>
  requiredInterfaces(own).has(name) ||
  own.interface === name ||
  own.virtualMac?.name === name ||
  own.track.interfaces.some((tracked) => tracked.interface === name);

/** What the kernel is to tell of: tables of routes change all the time, so only where some of them are ours. */
function newsFor({ instances }: KeepalivedConfiguration): number {
  const routes = instances.some((own) => own.routes.length > 0) ? RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE : 0;
  const rules = instances.some((own) => own.rules.length > 0) ? RTMGRP_IPV4_RULE | RTMGRP_IPV6_RULE : 0;
  return RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | routes | rules;
}

/** Asked at each announcement, for it may be switched on at any time; a pseudo-file never waits for a disk. */
function forwardsIpv6(device: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${device}/forwarding`, "latin1").trim() !== "0";
  } catch {
    return false;
  }
}
