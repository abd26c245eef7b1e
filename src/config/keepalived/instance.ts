/** One vrrp_instance: what was written → what is run, with defaults, inheritance and keepalived's own overrulings. */
import { type Diagnostics, nearest } from "../diagnostics.js";
import { fromSeconds } from "../units.js";
import { noNotifyScripts } from "./defaults.js";
import type { GlobalDraft } from "./keywords/global-defs.js";
import type { TrackerDraft } from "./keywords/tracking.js";
import type { InstanceDraft } from "./keywords/vrrp-instance.js";
import type { Authentication, GratuitousArp, TrackedInterface, TrackedScript, VrrpInstance } from "./model.js";

/** The address owner's priority (RFC 9568 §5.2.4). */
const owner = 255;
/** Bytes of a VRRPv2 password (RFC 2338 §5.3.10). */
const passwordBytes = 8;

/**
 * @param scriptWeights Weight of each script that is defined, by name.
 * @returns undefined if something is missing without which nothing can run; a diagnostic says what.
 */
export function resolveInstance(
  draft: InstanceDraft,
  global: GlobalDraft,
  scriptWeights: ReadonlyMap<string, number>,
  diagnostics: Diagnostics,
): VrrpInstance | undefined {
  reportMissing(draft, diagnostics);
  const trackScripts = resolveScripts(draft, scriptWeights, diagnostics);
  const trackInterfaces = resolveInterfaces(draft, diagnostics);
  const authentication = resolveAuthentication(draft, diagnostics);
  const priority = draft.priority ?? (draft.state === "MASTER" ? owner : 100);
  const state = draft.state ?? (priority === owner ? "MASTER" : "BACKUP");
  const preempt = resolvePreempt(draft, priority, diagnostics);
  if (draft.interface === undefined || draft.virtualRouterId === undefined) return undefined;
  return {
    name: draft.name,
    state,
    interface: draft.interface,
    virtualRouterId: draft.virtualRouterId,
    version: draft.version ?? global.vrrpVersion,
    priority,
    advertInterval: draft.advertInterval,
    authentication,
    addresses: draft.addresses,
    excludedAddresses: draft.excludedAddresses,
    sourceAddress: draft.sourceAddress,
    family: 4,
    vrf: undefined,
    routes: [],
    rules: [],
    promoteSecondaries: false,
    transport:
      draft.peers.length === 0
        ? { kind: "multicast", group: "224.0.0.18" }
        : {
            kind: "unicast",
            peers: draft.peers.map((peer) => ({ address: peer.text, minTtl: undefined, maxTtl: undefined })),
            ttl: 255,
            checkSource: false,
          },
    checksum: { v3AsV2: false, oldUnicast: "auto" },
    virtualMac: undefined,
    virtualMacForAddresses: false,
    ipvlan: undefined,
    accept: true,
    strict: false,
    skipAddressCheck: false,
    downTimerAdverts: 3,
    higherPrioritySendAdvert: false,
    lowerPriorityNoAdvert: false,
    ownerIgnoreAdverts: false,
    timerExpiredBackup: undefined,
    track: { scripts: trackScripts, interfaces: trackInterfaces, files: [], processes: [], proxy: undefined },
    trackPrimary: true,
    notify: noNotifyScripts,
    notifyPriorityChanges: false,
    smtpAlert: false,
    receiveBuffer: undefined,
    lastResort: false,
    addressLifetime: "auto",
    trackSourceAddress: draft.trackSourceAddress,
    preempt,
    preemptDelay: draft.preemptDelay,
    garp: resolveGarp(draft, global),
    lvsSyncDaemonInterface: draft.lvsSyncDaemonInterface,
    span: draft.span,
  };
}

function reportMissing(draft: InstanceDraft, diagnostics: Diagnostics): void {
  // A keyword that is there with a wrong value has been reported; it is not missing.
  if (!draft.written.has("interface"))
    diagnostics.report({
      severity: "error",
      code: "missing-interface",
      span: draft.span,
      message: `${draft.name} names no interface`,
      cause:
        draft.peers.length > 0
          ? "unicast without an interface is not supported yet"
          : "VRRP runs on the interface that the routers share",
      remedy: "add a line such as interface eth0",
    });
  if (!draft.written.has("virtual_router_id"))
    diagnostics.report({
      severity: "error",
      code: "missing-virtual-router-id",
      span: draft.span,
      message: `${draft.name} has no virtual_router_id`,
      cause: "routers find each other by it",
      remedy: "add virtual_router_id with a number from 1 to 255, the same on all routers",
    });
  if (!draft.written.has("priority") && draft.state === "MASTER")
    diagnostics.report({
      severity: "warning",
      code: "implied-priority",
      span: draft.written.get("state")?.keyword.span ?? draft.span,
      message: `${draft.name} gets priority 255`,
      cause: "that is the default beside state MASTER: it owns the addresses, and no script or interface lowers it",
      remedy: "add priority with a number from 1 to 254",
    });
}

function resolvePreempt(draft: InstanceDraft, priority: number, diagnostics: Diagnostics): boolean {
  const nopreempt = draft.preempt ? undefined : draft.written.get("nopreempt");
  const delay = draft.preemptDelay > 0 ? draft.written.get("preempt_delay") : undefined;
  const overruled = draft.state === "MASTER" || priority === owner;
  if (nopreempt !== undefined && overruled)
    diagnostics.report({
      severity: "warning",
      code: "nopreempt-ignored",
      span: nopreempt.keyword.span,
      message: `nopreempt has no effect beside ${draft.state === "MASTER" ? "state MASTER" : "priority 255"}`,
      cause: "keepalived clears it, and so does Bascule",
      remedy: draft.state === "MASTER" ? "write state BACKUP on all routers; priority alone elects" : "use 1–254",
    });
  else if (nopreempt !== undefined && delay !== undefined)
    diagnostics.report({
      severity: "warning",
      code: "preempt-delay-ignored",
      span: delay.keyword.span,
      message: "preempt_delay has no effect beside nopreempt",
      cause: "a router that does not preempt has nothing to delay",
      remedy: "keep one of the two",
    });
  if (delay !== undefined && draft.state === "MASTER")
    diagnostics.report({
      severity: "warning",
      code: "preempt-delay-with-master",
      span: delay.keyword.span,
      message: "keepalived ignores preempt_delay beside state MASTER; Bascule honours it",
      cause: "it delays taking over once another master has been heard",
      remedy: "write state BACKUP to have the delay with both; priority alone elects",
    });
  return nopreempt === undefined || overruled;
}

function resolveAuthentication(draft: InstanceDraft, diagnostics: Diagnostics): Authentication | undefined {
  const { type, password, written } = draft.authentication;
  const typeLine = written.get("auth_type");
  const passwordLine = written.get("auth_pass");
  const missing = (code: string, span: VrrpInstance["span"], message: string, remedy: string) =>
    diagnostics.report({ severity: "error", code, span, message, cause: "PASS needs both", remedy });
  if (typeLine !== undefined && passwordLine === undefined)
    missing("missing-password", typeLine.keyword.span, "auth_type without auth_pass", "add auth_pass, 8 bytes at most");
  if (passwordLine !== undefined && typeLine === undefined)
    missing("missing-auth-type", passwordLine.keyword.span, "auth_pass without auth_type", "add auth_type PASS");
  if (type === undefined || password === undefined || passwordLine === undefined) return undefined;
  const counted = firstBytes(password, passwordBytes);
  if (counted !== password || Buffer.byteLength(password) > passwordBytes)
    diagnostics.report({
      severity: "warning",
      code: "password-cut",
      span: passwordLine.arguments[0]?.span ?? passwordLine.keyword.span,
      message: `only the first ${passwordBytes} bytes of auth_pass count: ${counted}`,
      cause: "the field of VRRPv2 is that long; keepalived cuts it too",
      remedy: `write ${counted}, the same on all routers`,
    });
  return { type, password: counted };
}

/** The shortest prefix that holds the first `count` bytes: a character on the border is kept whole. */
function firstBytes(text: string, count: number): string {
  let bytes = 0;
  let prefix = "";
  for (const character of text) {
    if (bytes >= count) break;
    bytes += Buffer.byteLength(character);
    prefix += character;
  }
  return prefix;
}

function resolveScripts(
  draft: InstanceDraft,
  weights: ReadonlyMap<string, number>,
  diagnostics: Diagnostics,
): TrackedScript[] {
  return once(draft.trackScripts, diagnostics).flatMap(({ name, weight }) => {
    const own = weights.get(name.text);
    if (own !== undefined) return [{ script: name.text, weight: weight ?? own, reverse: false }];
    const best = nearest(name.text, weights.keys());
    diagnostics.report({
      severity: "error",
      code: "undefined-script",
      span: name.span,
      message: `no vrrp_script is called ${name.text}`,
      cause: `${draft.name} would never notice the failure that it is to track`,
      remedy: best === undefined ? `add vrrp_script ${name.text} { … }` : `did you mean ${best}?`,
    });
    return [];
  });
}

function resolveInterfaces(draft: InstanceDraft, diagnostics: Diagnostics): TrackedInterface[] {
  return once(draft.trackInterfaces, diagnostics).flatMap(({ name, weight }) => {
    if (name.text !== draft.interface) return [{ interface: name.text, weight: weight ?? 0, reverse: false }];
    diagnostics.report({
      severity: "warning",
      code: "own-interface-tracked",
      span: name.span,
      message: `${name.text} is the instance's own interface`,
      cause: `${draft.name} tracks it anyway: its loss is a fault${weight === undefined ? "" : ", whatever the weight"}`,
      remedy: "take the line out",
    });
    return [];
  });
}

/** Each tracked thing once: the first line counts. */
function once(trackers: readonly TrackerDraft[], diagnostics: Diagnostics): TrackerDraft[] {
  const first = new Map<string, TrackerDraft>();
  for (const tracker of trackers) {
    const before = first.get(tracker.name.text);
    if (before === undefined) first.set(tracker.name.text, tracker);
    else
      diagnostics.report({
        severity: "warning",
        code: "repeated-entry",
        span: tracker.name.span,
        message: `${tracker.name.text} is tracked already`,
        cause: `line ${before.name.span.line} counts`,
        remedy: "take this line out",
      });
  }
  return [...first.values()];
}

function resolveGarp(own: InstanceDraft, global: GlobalDraft): GratuitousArp {
  const masterDelay = global.garpMasterDelay ?? fromSeconds(5);
  const masterRepeat = global.garpMasterRepeat ?? 5;
  return {
    masterDelay: own.garpMasterDelay ?? masterDelay,
    masterRepeat: own.garpMasterRepeat ?? masterRepeat,
    masterRefresh: own.garpMasterRefresh ?? global.garpMasterRefresh ?? fromSeconds(0),
    masterRefreshRepeat: own.garpMasterRefreshRepeat ?? global.garpMasterRefreshRepeat ?? 1,
    // keepalived takes these from the global master_* settings, not from the instance's own.
    lowerPriorityDelay: own.garpLowerPriorityDelay ?? global.garpLowerPriorityDelay ?? masterDelay,
    lowerPriorityRepeat: own.garpLowerPriorityRepeat ?? global.garpLowerPriorityRepeat ?? masterRepeat,
    extraInterfaces: { interval: fromSeconds(0), all: false },
  };
}
