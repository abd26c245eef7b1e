/** A box of the simulation: its instances, and the world that they track. */
import type { KeepalivedConfiguration, VrrpInstance, VrrpScript } from "../../config/keepalived/model.js";
import { RunningSyncGroup } from "../sync-group.js";
import {
  countScriptResult,
  initialScriptState,
  type ScriptState,
  type TrackedWorld,
  withGroupTrackers,
} from "../tracking.js";
import type { Claim } from "../wire/heartbeat.js";
import { type IpAddress, parseIp } from "../wire/ip-address.js";
import type { SimulatedCluster } from "./cluster.js";
import { pathAddress, SimulatedHeartbeat } from "./heartbeat.js";
import { SimulatedInstance } from "./instance.js";
import { wellBox } from "./well.js";

interface RunningScript {
  readonly script: VrrpScript;
  state: ScriptState;
  nextAt: number;
}

export class SimulatedBox {
  readonly instances: readonly SimulatedInstance[];
  readonly heartbeats: readonly SimulatedHeartbeat[];
  isUp = true;
  readonly #groups: readonly RunningSyncGroup[];
  readonly #linksDown: Set<string>;
  readonly #failing: Set<string>;
  readonly #processesGone: Set<string>;
  readonly #files: Map<string, number>;
  #isProxyGone: boolean;
  #scripts: RunningScript[] = [];

  constructor(
    readonly cluster: SimulatedCluster,
    readonly name: string,
    readonly configuration: KeepalivedConfiguration,
    index: number,
    all: readonly KeepalivedConfiguration[],
  ) {
    const { instances, syncGroups } = configuration;
    const well = wellBox(configuration);
    this.#linksDown = new Set(well.linksDown);
    this.#failing = new Set(well.scriptsFailing);
    this.#processesGone = new Set(well.processesGone);
    this.#files = new Map(well.files);
    this.#isProxyGone = well.isProxyGone;
    this.instances = instances.map((own) => {
      const group = syncGroups.find(({ members }) => members.includes(own.name));
      return new SimulatedInstance(
        this,
        withGroupTrackers(own, group, instances),
        sourceOf(own, index, all),
        group !== undefined,
      );
    });
    this.heartbeats = configuration.heartbeatPaths.map(
      (path) => new SimulatedHeartbeat(this, path, index, pathAddress(path, index, all)),
    );
    this.#groups = syncGroups.map((group) => {
      const members = this.instances.filter(({ own }) => group.members.includes(own.name));
      const running = new RunningSyncGroup(
        group,
        members,
        () => {},
        () => {},
      );
      for (const member of members) member.group = running;
      return running;
    });
  }

  get groups(): readonly RunningSyncGroup[] {
    return this.#groups;
  }

  readonly world: Omit<TrackedWorld, "sourcePresent"> = {
    script: (name) => this.#scripts.find(({ script }) => script.name === name)?.state.kind,
    link: (name) => this.link(name),
    file: (name) => this.#files.get(name) ?? 0,
    process: (name) => !this.#processesGone.has(name),
    proxy: () => !this.#isProxyGone,
  };

  link(name: string): "up" | "down" {
    return this.#linksDown.has(name) ? "down" : "up";
  }

  /** The instance of that number and family; none if two interfaces have one. */
  virtualRouter({ virtualRouterId, family }: Claim): SimulatedInstance | undefined {
    const found = this.instances.filter(({ own }) => own.virtualRouterId === virtualRouterId && own.family === family);
    return found.length === 1 ? found[0] : undefined;
  }

  /** Some instance has become master, or is not any more: peers hear of it at once. */
  hasMoved(): void {
    for (const heartbeat of this.heartbeats) heartbeat.nextAt = this.cluster.now;
  }

  start(): void {
    this.isUp = true;
    this.#scripts = this.configuration.scripts.map((script) => ({
      script,
      state: initialScriptState(script),
      nextAt: this.cluster.now,
    }));
    for (const group of this.#groups) group.prepare();
    for (const instance of this.instances) instance.start();
    for (const group of this.#groups) group.start();
  }

  /** As an operator stops it: masters resign. */
  stop(): void {
    for (const instance of this.instances) instance.stop();
    this.isUp = false;
  }

  die(): void {
    this.isUp = false;
    for (const instance of this.instances) instance.die();
  }

  setLink(name: string, up: boolean): void {
    if (up) this.#linksDown.delete(name);
    else this.#linksDown.add(name);
    this.#reassess();
  }

  /** What a script finds from its next run on; a run has just ended, so that it notices as late as it can. */
  setScript(name: string, succeeds: boolean): void {
    if (succeeds) this.#failing.delete(name);
    else this.#failing.add(name);
    for (const each of this.#scripts)
      if (each.script.name === name) each.nextAt = this.cluster.now + each.script.interval;
  }

  setProcess(name: string, up: boolean): void {
    if (up) this.#processesGone.delete(name);
    else this.#processesGone.add(name);
    this.#reassess();
  }

  setFile(name: string, value: number): void {
    this.#files.set(name, value);
    this.#reassess();
  }

  setProxy(up: boolean): void {
    this.#isProxyGone = !up;
    this.#reassess();
  }

  get nextMoment(): number {
    if (!this.isUp) return Number.POSITIVE_INFINITY;
    return Math.min(
      ...this.instances.map(({ nextMoment }) => nextMoment),
      ...this.#scripts.map(({ nextAt }) => nextAt),
      ...this.heartbeats.map(({ nextAt }) => nextAt),
      Number.POSITIVE_INFINITY,
    );
  }

  tick(): void {
    if (!this.isUp) return;
    this.#runScripts();
    for (const instance of this.instances) instance.fireTimers();
    for (const heartbeat of this.heartbeats) heartbeat.fireTimers();
  }

  #runScripts(): void {
    let hasChanged = false;
    for (const each of this.#scripts) {
      if (each.nextAt > this.cluster.now) continue;
      const before = each.state.kind;
      each.state = countScriptResult(each.state, !this.#failing.has(each.script.name), each.script);
      each.nextAt = this.cluster.now + each.script.interval;
      hasChanged ||= each.state.kind !== before;
    }
    if (hasChanged) this.#reassess();
  }

  #reassess(): void {
    if (this.isUp) for (const instance of this.instances) instance.reassess();
  }
}

/**
 * Where an instance's advertisements come from, which a file need not say: with unicast, what the others call this box;
 * else an address made up, the higher the later the box stands.
 */
function sourceOf(own: VrrpInstance, index: number, all: readonly KeepalivedConfiguration[]): IpAddress {
  const written = own.sourceAddress ?? (own.transport.kind === "unicast" ? inferredSource(own, index, all) : undefined);
  return parseIp(written ?? (own.family === 4 ? `10.255.255.${index + 1}` : `fe80::${index + 1}`))!;
}

function inferredSource(own: VrrpInstance, index: number, all: readonly KeepalivedConfiguration[]): string | undefined {
  const peersOf = ({ transport }: VrrpInstance): string[] =>
    transport.kind === "unicast" ? transport.peers.map(({ address }) => address) : [];
  const mine = new Set(peersOf(own));
  for (const [other, configuration] of all.entries())
    for (const instance of configuration.instances)
      if (other !== index && instance.virtualRouterId === own.virtualRouterId && instance.family === own.family)
        for (const address of peersOf(instance)) if (!mine.has(address)) return address;
  return undefined;
}
