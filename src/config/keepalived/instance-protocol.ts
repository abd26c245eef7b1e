/** What an instance says on the wire: version, family, interval, authentication, and what strict mode makes of it. */
import type { Diagnostics, Span } from "../diagnostics.js";
import { fromSeconds, type Microseconds } from "../units.js";
import type { GarpDraft } from "./keywords/garp.js";
import type { GlobalDraft } from "./keywords/global-defs.js";
import type { InstanceDraft } from "./keywords/vrrp-instance.js";
import type { AddressFamily, Authentication, GratuitousArp } from "./model.js";

/** The address owner's priority (RFC 9568 §5.2.4). */
export const owner = 255;
/** Bytes of a VRRPv2 password (RFC 2338 §5.3.10). */
const passwordBytes = 8;

/** The first address decides, as in keepalived. */
export function familyOf({ addresses, sourceAddress, peers, multicastGroup }: InstanceDraft): AddressFamily {
  return addresses[0]?.family ?? sourceAddress?.family ?? peers[0]?.family ?? multicastGroup?.family ?? 4;
}

export function versionOf(
  draft: InstanceDraft,
  family: AddressFamily,
  global: GlobalDraft,
  diagnostics: Diagnostics,
): 2 | 3 {
  if (family === 4) return draft.version ?? global.vrrpVersion ?? 2;
  if (draft.version === 2)
    diagnostics.report({
      severity: "warning",
      code: "ipv6-needs-version-3",
      span: spanOf(draft, "version"),
      message: `${draft.name} uses version 3`,
      cause: "its addresses are IPv6, which VRRPv2 does not have (RFC 9568)",
      remedy: "write version 3, or take the line out",
    });
  return 3;
}

/** Rounded to what the packet can carry, as keepalived does; half of a unit goes up. */
export function advertIntervalOf(draft: InstanceDraft, version: 2 | 3, diagnostics: Diagnostics): Microseconds {
  const unit = version === 2 ? 1_000_000 : 10_000;
  const longest = version === 2 ? 255_000_000 : 40_950_000;
  const written = draft.advertInterval;
  const rounded = Math.min(longest, Math.max(unit, Math.floor((written + unit / 2) / unit) * unit)) as Microseconds;
  if (rounded === written) return written;
  const tooLong = written > longest;
  diagnostics.report({
    severity: "warning",
    code: "advert-interval",
    span: valueSpan(draft, "advert_int"),
    message: `advert_int ${written / 1_000_000} becomes ${rounded / 1_000_000}`,
    cause: tooLong
      ? `VRRPv${version} carries at most ${longest / 1_000_000} s`
      : `VRRPv${version} counts ${version === 2 ? "whole seconds" : "hundredths of a second"}, in the packet`,
    remedy:
      version === 2 && written < 1_000_000
        ? "write version 3 on all routers, which has fractions"
        : "write it so on all routers",
  });
  return rounded;
}

export function authenticationOf(
  draft: InstanceDraft,
  version: 2 | 3,
  strict: boolean,
  diagnostics: Diagnostics,
): Authentication | undefined {
  const { type, password, written } = draft.authentication;
  const typeLine = written.get("auth_type");
  const passwordLine = written.get("auth_pass");
  const missing = (code: string, span: Span, message: string, remedy: string) =>
    diagnostics.report({ severity: "error", code, span, message, cause: "authentication needs both", remedy });
  if (typeLine !== undefined && passwordLine === undefined)
    missing("missing-password", typeLine.keyword.span, "auth_type without auth_pass", "add auth_pass, 8 bytes at most");
  if (passwordLine !== undefined && typeLine === undefined)
    missing("missing-auth-type", passwordLine.keyword.span, "auth_pass without auth_type", "add auth_type PASS");
  if (type === undefined || password === undefined || passwordLine === undefined) return undefined;
  if (version === 3 || strict) {
    diagnostics.report({
      severity: "warning",
      code: "authentication-ignored",
      span: draft.written.get("authentication")?.keyword.span ?? draft.span,
      message: version === 3 ? "VRRPv3 has no authentication: it is left out" : "strict_mode leaves authentication out",
      cause: "anyone on the network may take part (RFC 9568 §9); keepalived leaves it out too",
      remedy: "take it out, so that nobody relies on it",
    });
    return undefined;
  }
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

export function preemptOf(draft: InstanceDraft, priority: number, diagnostics: Diagnostics): boolean {
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

export function garpOf(own: Omit<GarpDraft, "written">, global: GlobalDraft, strict: boolean): GratuitousArp {
  const masterDelay = global.garpMasterDelay ?? fromSeconds(global.minGarp ? 0 : 5);
  const masterRepeat = global.garpMasterRepeat ?? (global.minGarp ? 1 : 5);
  return {
    masterDelay: own.garpMasterDelay ?? masterDelay,
    masterRepeat: own.garpMasterRepeat ?? masterRepeat,
    masterRefresh: own.garpMasterRefresh ?? global.garpMasterRefresh ?? fromSeconds(global.minGarp ? 0 : 60),
    masterRefreshRepeat: own.garpMasterRefreshRepeat ?? global.garpMasterRefreshRepeat ?? 1,
    // keepalived takes these from the global master_* settings, not from the instance's own.
    lowerPriorityDelay: strict
      ? fromSeconds(0)
      : (own.garpLowerPriorityDelay ?? global.garpLowerPriorityDelay ?? masterDelay),
    lowerPriorityRepeat: strict ? 0 : (own.garpLowerPriorityRepeat ?? global.garpLowerPriorityRepeat ?? masterRepeat),
    extraInterfaces: own.garpExtraInterfaces ?? global.garpExtraInterfaces ?? { interval: fromSeconds(0), all: false },
  };
}

/** Where a keyword's value stands, to point there. */
export function valueSpan(instance: InstanceDraft, keyword: string): Span {
  const statement = instance.written.get(keyword);
  return statement?.arguments[0]?.span ?? statement?.keyword.span ?? instance.span;
}

export const spanOf = (instance: InstanceDraft, keyword: string): Span =>
  instance.written.get(keyword)?.keyword.span ?? instance.span;
