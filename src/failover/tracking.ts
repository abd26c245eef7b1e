/** What raises and lowers a priority, and what puts an instance into fault: scripts, links, the source address. */
import type { SyncGroup, TrackedProxy, VrrpInstance, VrrpScript, Weight } from "../config/keepalived/model.js";

/** What one tracked script has shown so far. Counts run towards the next change of mind. */
export type ScriptState =
  | { readonly kind: "pending" }
  /** Added while we run: it counts for nothing before its first result, so that a reload costs no master its place. */
  | { readonly kind: "added" }
  | { readonly kind: "up"; readonly failures: number }
  | { readonly kind: "down"; readonly successes: number };

/** A script without `init_fail` is unknown until it has exited once. */
export function initialScriptState(script: Pick<VrrpScript, "initFail">): ScriptState {
  return script.initFail ? { kind: "down", successes: 0 } : { kind: "pending" };
}

/**
 * Counts one result: `rise` successes in a row make a script up, `fall` failures in a row make it down. The very
 * first result decides alone, so that a start need not wait `rise` intervals.
 */
export function countScriptResult(
  state: ScriptState,
  succeeded: boolean,
  script: Pick<VrrpScript, "rise" | "fall">,
): ScriptState {
  switch (state.kind) {
    case "pending":
    case "added":
      return succeeded ? { kind: "up", failures: 0 } : { kind: "down", successes: 0 };
    case "up":
      if (succeeded) return { kind: "up", failures: 0 };
      if (state.failures + 1 >= script.fall) return { kind: "down", successes: 0 };
      return { kind: "up", failures: state.failures + 1 };
    case "down":
      if (!succeeded) return { kind: "down", successes: 0 };
      if (state.successes + 1 >= script.rise) return { kind: "up", failures: 0 };
      return { kind: "down", successes: state.successes + 1 };
  }
}

/** Why an instance must not take part. Each cause counts: the fault is over when the last one is. */
export type FaultReason =
  | { readonly kind: "interface-missing"; readonly interface: string }
  | { readonly kind: "interface-down"; readonly interface: string }
  /** Tracked with `reverse`: it must be down. */
  | { readonly kind: "interface-up"; readonly interface: string }
  | { readonly kind: "script-pending"; readonly script: string }
  | { readonly kind: "script-failed"; readonly script: string }
  | { readonly kind: "source-missing"; readonly address: string | undefined }
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "process"; readonly process: string }
  | { readonly kind: "proxy" }
  /** unicast_fault_no_peer */
  | { readonly kind: "no-peer" }
  /** Another member of the sync group has a fault of its own, or waits for the first results of its scripts. */
  | { readonly kind: "group" | "group-pending"; readonly group: string };

/** While an instance waits for the first results of scripts only, nothing is wrong yet and nobody need be told. */
export const isRealFault = ({ kind }: FaultReason): boolean => kind !== "script-pending" && kind !== "group-pending";

export const sameFault = (a: FaultReason, b: FaultReason): boolean => describeFault(a) === describeFault(b);

/** The words that stand behind `(VI_1): entering FAULT state`. */
export function describeFault(fault: FaultReason): string {
  switch (fault.kind) {
    case "interface-missing":
      return `(interface ${fault.interface} does not exist)`;
    case "interface-down":
      return `(interface ${fault.interface} down)`;
    case "interface-up":
      return `(interface ${fault.interface} up)`;
    case "script-pending":
      return `until script ${fault.script} has given its first result`;
    case "script-failed":
      return `due to script ${fault.script}`;
    case "file":
      return `due to tracked file ${fault.file}`;
    case "process":
      return `due to tracked process ${fault.process}`;
    case "proxy":
      return "due to the proxy beside it (track_proxy)";
    case "no-peer":
      return "(no unicast peer is configured)";
    case "group":
      return `due to sync group ${fault.group}`;
    case "group-pending":
      return `until the scripts of sync group ${fault.group} have given their first results`;
    case "source-missing":
      return fault.address === undefined ? "(no IPv4 address)" : `(src address ${fault.address} not configured)`;
  }
}

/** The host as an instance sees it. */
export interface TrackedWorld {
  /** undefined: the script is disabled and counts for nothing. */
  script(name: string): ScriptState["kind"] | undefined;
  /** The number in a tracked file. */
  file(name: string): number;
  /** Whether the quorum of a tracked process is there. */
  process(name: string): boolean;
  /** Whether the proxy beside us is as `track_proxy` wants it. */
  proxy(tracked: TrackedProxy): boolean;
  /** "up" means up and running: the carrier is there. */
  link(name: string): "up" | "down" | "missing";
  /** Whether the address that advertisements leave from is on the interface. */
  readonly sourcePresent: boolean;
}

export interface Assessment {
  /** The effective priority, 1–255. */
  readonly priority: number;
  readonly faults: readonly FaultReason[];
  /** With `last_resort`: what would be faults. It goes on with the lowest priority, for when nobody is well. */
  readonly endured: readonly FaultReason[];
}

const OWNER = 255;
/** Trackers reach neither 0, which resigns, nor 255, which owns the addresses. With `last_resort`: who is in fault. */
export const LOWEST = 1;
const HIGHEST = 254;

/** Works out the effective priority and the fault reasons from all that an instance tracks. */
export function assess(instance: VrrpInstance, world: TrackedWorld): Assessment {
  const faults: FaultReason[] = [];
  let sum = instance.priority;

  for (const name of requiredInterfaces(instance)) {
    const link = world.link(name);
    if (link === "missing") faults.push({ kind: "interface-missing", interface: name });
    else if (link === "down") faults.push({ kind: "interface-down", interface: name });
  }
  for (const tracked of instance.track.interfaces) {
    // The own interface is watched anyway, so that a weight on it could never show.
    if (tracked.interface === instance.interface) continue;
    const link = world.link(tracked.interface);
    if (tracked.weight !== 0) sum += contribution(tracked, link === "up");
    else if (tracked.reverse && link === "up") faults.push({ kind: "interface-up", interface: tracked.interface });
  }
  for (const tracked of instance.track.scripts) {
    const state = world.script(tracked.script);
    if (state === undefined || state === "added") continue;
    if (state === "pending") {
      if (tracked.weight === 0) faults.push({ kind: "script-pending", script: tracked.script });
    } else if (tracked.weight !== 0) sum += contribution(tracked, state === "up");
    else if ((state === "up") === tracked.reverse) faults.push({ kind: "script-failed", script: tracked.script });
  }
  for (const tracked of instance.track.files) {
    const { offset, isFault } = fileContribution(tracked, world.file(tracked.file));
    sum += offset;
    if (isFault) faults.push({ kind: "file", file: tracked.file });
  }
  for (const tracked of instance.track.processes) {
    const up = world.process(tracked.process);
    if (tracked.weight !== 0) sum += contribution(tracked, up);
    else if (up === tracked.reverse) faults.push({ kind: "process", process: tracked.process });
  }
  const { proxy } = instance.track;
  if (proxy !== undefined) {
    const up = world.proxy(proxy);
    if (proxy.weight !== 0) sum += contribution(proxy, up);
    else if (up === proxy.reverse) faults.push({ kind: "proxy" });
  }
  const { transport } = instance;
  if (transport.kind === "unicast" && transport.peers.length === 0) faults.push({ kind: "no-peer" });
  if (!world.sourcePresent) faults.push({ kind: "source-missing", address: instance.sourceAddress });

  if (instance.lastResort && faults.length > 0 && faults.every(isEndurable))
    return { priority: LOWEST, faults: [], endured: faults };
  const priority = instance.priority === OWNER ? OWNER : Math.max(LOWEST, Math.min(HIGHEST, sum));
  return { priority, faults, endured: [] };
}

/** What it serves may be ill, but it can hold the addresses. Without its interfaces or its own address it cannot. */
function isEndurable({ kind }: FaultReason): boolean {
  return kind === "script-failed" || kind === "file" || kind === "process" || kind === "proxy";
}

/** The number times the weight; what takes away more than any priority is a fault. Weight 0: any number but 0 is. */
function fileContribution({ weight, reverse }: Weight, value: number): { offset: number; isFault: boolean } {
  if (weight === 0) return { offset: 0, isFault: (value !== 0) !== reverse };
  const offset = Math.max(-LOWEST_OFFSET, Math.min(LOWEST_OFFSET, value * (reverse ? -weight : weight)));
  return offset === -LOWEST_OFFSET ? { offset: 0, isFault: true } : { offset, isFault: false };
}
const LOWEST_OFFSET = 254;

/** A positive weight is added while all is well, a negative one while it is not; `reverse` turns the sign. */
function contribution({ weight, reverse }: Weight, up: boolean): number {
  if (weight > 0 !== up) return 0;
  return reverse ? -weight : weight;
}

/** Its own interface, those its addresses live on, and those tracked with weight 0. */
export function requiredInterfaces(instance: VrrpInstance): ReadonlySet<string> {
  const names = new Set(instance.trackPrimary && instance.interface !== undefined ? [instance.interface] : []);
  for (const { device, track } of [...instance.addresses, ...instance.excludedAddresses])
    if (device !== undefined && track && (instance.trackPrimary || device !== instance.interface)) names.add(device);
  for (const tracked of instance.track.interfaces)
    if (tracked.weight === 0 && !tracked.reverse) names.add(tracked.interface);
  return names;
}

/**
 * What a sync group tracks counts for each of its members, without weights unless the group says so.
 * @param instances all of the file
 */
export function withGroupTrackers(
  instance: VrrpInstance,
  group: SyncGroup | undefined,
  instances: readonly VrrpInstance[],
): VrrpInstance {
  if (group === undefined) return instance;
  const { track } = group;
  const members = instances.filter(({ name }) => group.members.includes(name));
  const lastResort = members.every((member) => member.lastResort);
  const others = lastResort ? members.filter(({ name }) => name !== instance.name).map((member) => member.track) : [];
  return {
    ...instance,
    lastResort,
    track: {
      scripts: [
        ...instance.track.scripts,
        ...track.scripts,
        ...others.flatMap(({ scripts }) => scripts.filter(isFault)),
      ],
      interfaces: [...instance.track.interfaces, ...track.interfaces],
      files: [...instance.track.files, ...track.files, ...others.flatMap(({ files }) => files.filter(isFault))],
      processes: [
        ...instance.track.processes,
        ...track.processes,
        ...others.flatMap(({ processes }) => processes.filter(isFault)),
      ],
      proxy: instance.track.proxy ?? track.proxy ?? others.find(({ proxy }) => proxy?.weight === 0)?.proxy,
    },
  };
}

/** A fault of one member is one of all: those who endure it together must each know of it. */
const isFault = ({ weight }: Weight): boolean => weight === 0;
