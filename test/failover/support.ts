/** Small makings shared by the tests of the fail-over engine. */
import assert from "node:assert/strict";
import type { Span } from "../../src/config/diagnostics.js";
import { noNotifyScripts, noTrackers } from "../../src/config/keepalived/defaults.js";
import type { Trackers, VirtualAddress, VrrpInstance } from "../../src/config/keepalived/model.js";
import { fromSeconds, type Microseconds, microseconds } from "../../src/config/units.js";
import type { Alarm } from "../../src/failover/alarms.js";
import {
  type Effect,
  type InstanceEvent,
  type InstanceSettings,
  type InstanceState,
  initialState,
  nextDeadline,
  step,
} from "../../src/failover/instance.js";
import type { FaultReason } from "../../src/failover/tracking.js";
import { addressOctets, parseIp } from "../../src/failover/wire/ip-address.js";
import { parseIpv4 } from "../../src/failover/wire/ipv4.js";
import { type AdvertisementSettings, VRRP_GROUP } from "../../src/failover/wire/packet.js";
import type { Link } from "../../src/sys/netlink.js";

export const span: Span = { file: { path: "test.conf", text: "" }, line: 1, column: 1, length: 1 };

type Overrides = Partial<Omit<VrrpInstance, "addresses" | "track">> & {
  readonly addresses?: Partial<VirtualAddress>[];
  readonly track?: Partial<Trackers>;
};

/** A typed `vrrp_instance` with keepalived's defaults. */
export function vrrpInstance({ addresses = [{ address: "192.0.2.1" }], track, ...overrides }: Overrides): VrrpInstance {
  return {
    name: "VI_1",
    state: "BACKUP",
    interface: "eth0",
    virtualRouterId: 51,
    version: 2,
    priority: 100,
    advertInterval: fromSeconds(1),
    authentication: undefined,
    addresses: addresses.map((address) => ({
      address: "192.0.2.1",
      family: 4,
      prefixLength: 32,
      device: undefined,
      label: undefined,
      scope: 0,
      broadcast: undefined,
      virtualMac: false,
      peer: undefined,
      home: false,
      noDad: false,
      manageTemporary: false,
      noPrefixRoute: false,
      autoJoin: false,
      preferredLifetime: "forever",
      track: true,
      span,
      ...address,
    })),
    excludedAddresses: [],
    sourceAddress: undefined,
    family: 4,
    vrf: undefined,
    routes: [],
    rules: [],
    promoteSecondaries: false,
    transport: { kind: "multicast", group: "224.0.0.18" },
    checksum: { v3AsV2: false, oldUnicast: "auto" },
    virtualMac: undefined,
    addressInterfaces: [],
    ipvlan: undefined,
    accept: true,
    strict: false,
    skipAddressCheck: false,
    downTimerAdverts: 3,
    higherPrioritySendAdvert: false,
    lowerPriorityNoAdvert: false,
    ownerIgnoreAdverts: false,
    timerExpiredBackup: undefined,
    track: { ...noTrackers, ...track },
    trackPrimary: true,
    notify: noNotifyScripts,
    notifyPriorityChanges: false,
    smtpAlert: false,
    receiveBuffer: undefined,
    lastResort: false,
    addressLifetime: "off",
    trackSourceAddress: false,
    preempt: true,
    preemptDelay: microseconds(0),
    garp: keepalivedGarp,
    lvsSyncDaemonInterface: undefined,
    span,
    ...overrides,
  };
}

export const keepalivedGarp = {
  masterDelay: fromSeconds(5),
  masterRepeat: 5,
  masterRefresh: microseconds(0),
  masterRefreshRepeat: 1,
  lowerPriorityDelay: fromSeconds(5),
  lowerPriorityRepeat: 5,
  extraInterfaces: { interval: microseconds(0), all: false },
};

/** VRRPv2 over multicast, of virtual router 51, each second, for 192.0.2.1. */
export const advertising: AdvertisementSettings = {
  virtualRouterId: 51,
  version: 2,
  family: 4,
  advertInterval: fromSeconds(1),
  authentication: undefined,
  addresses: [addressOctets(parseIp("192.0.2.1")!)],
  unicast: false,
  group: VRRP_GROUP,
  peers: [],
  checkSource: false,
  ttl: 255,
  plainChecksum: false,
  oldUnicastChecksum: "auto",
};

/** The protocol of an instance as keepalived has it without a word. */
export const protocol = {
  isGrouped: false,
  version: 2,
  downTimerAdverts: 3,
  answersLowerPriority: true,
  advertisesBeforeYielding: false,
  highestRival: undefined,
  lastResort: false,
} as const;

export const ipv4 = (text: string): number => {
  const address = parseIpv4(text);
  assert.ok(address !== undefined, `${text} is no address`);
  return address;
};

/** An instance at 192.0.2.10 that carries its effects out on itself, and writes down what it did. */
export class RecordingInstance {
  state: InstanceState = initialState;
  now = microseconds(0);
  holdsAddresses = false;
  /** One word an effect since the last `take`: "send 100", "add", "remove", "announce 5", "MASTER". */
  #did: string[] = [];
  readonly logs: string[] = [];
  readonly alarms: Alarm[] = [];
  readonly settings: InstanceSettings;

  constructor(
    readonly own: { readonly priority: number; readonly source?: string } & Partial<InstanceSettings>,
    { started = true } = {},
  ) {
    this.settings = {
      name: "VI_1",
      advertInterval: fromSeconds(1),
      preempt: true,
      preemptDelay: microseconds(0),
      garp: keepalivedGarp,
      ...protocol,
      ...own,
    };
    if (started) this.start();
  }

  start(faults: FaultReason[] = []): this {
    return this.handle({
      kind: "start",
      assessment: { priority: this.own.priority, faults, endured: [] },
      source: this.source,
    });
  }

  get source(): number {
    return ipv4(this.own.source ?? "192.0.2.10");
  }

  handle(event: InstanceEvent): this {
    const { state, effects } = step(this.state, event, this.now, this.settings);
    this.state = state;
    for (const effect of effects) this.#record(effect);
    return this;
  }

  /** Lets time pass; timers fire exactly when they are due. */
  advance(duration: Microseconds): this {
    const end = this.now + duration;
    for (;;) {
      const deadline = nextDeadline(this.state);
      if (deadline === undefined || deadline > end) break;
      this.now = microseconds(Math.max(deadline, this.now));
      this.handle({ kind: "timer" });
    }
    this.now = microseconds(end);
    return this;
  }

  hear(priority: number, source = "192.0.2.20", interval = this.settings.advertInterval): this {
    return this.handle({ kind: "advertisement", priority, source: ipv4(source), interval });
  }

  assess(priority: number, faults: readonly FaultReason[] = [], endured: readonly FaultReason[] = []): this {
    return this.handle({ kind: "assessed", assessment: { priority, faults, endured }, source: this.source });
  }

  /** What it did since this was asked last. */
  take(): string[] {
    return this.#did.splice(0);
  }

  #record(effect: Effect): void {
    switch (effect.kind) {
      case "log":
        this.logs.push(effect.text);
        return;
      case "alarm":
        this.alarms.push(effect.alarm);
        this.logs.push(`(${this.settings.name}) ${effect.text}`);
        return;
      case "send-advertisement":
        this.#did.push(`send ${effect.priority}`);
        return;
      case "announce":
        this.#did.push(`announce ${effect.repeat}`);
        return;
      case "state-changed":
        this.#did.push(effect.state);
        return;
      case "rival-heard":
        return;
      case "add-addresses":
        this.holdsAddresses = true;
        this.#did.push("add");
        return;
      case "remove-addresses":
        this.holdsAddresses = false;
        this.#did.push("remove");
        return;
    }
  }
}

/** An interface as netlink tells of it: up, with a carrier, a plain one. */
export const link = (index: number, name: string, changes: Partial<Link> = {}): Link => ({
  index,
  name,
  flags: 0,
  up: true,
  running: true,
  carrier: true,
  mac: "02:00:00:00:00:01",
  mtu: 1500,
  kind: undefined,
  master: undefined,
  parent: undefined,
  group: 0,
  ...changes,
});
