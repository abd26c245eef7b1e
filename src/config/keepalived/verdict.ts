/** What keepalived makes of a mistake: it logs most of them and goes on, and only its -t tells by an exit code. */
import { type Diagnostic, type Diagnostics, lineOf } from "../diagnostics.js";

/** Warnings of ours that keepalived counts as mistakes: its -t does not call such a file good. */
const complaints: ReadonlySet<string> = new Set([
  "advert-interval",
  "authentication-ignored",
  "byte-order-mark",
  "interface-missing",
  "ipv6-needs-version-3",
  "ipvs-sync",
  "no-virtual-address",
  "nopreempt-ignored",
  "own-interface-tracked",
  "password-cut",
  "preempt-delay-ignored",
  "preempt-delay-with-master",
  "rule-without-preference",
  "script-disabled",
  "script-user",
  "small-group",
  "strict-mode",
  "unicast-ttl",
  "unicast-without-peers",
  "untracked-route",
  "vmac-missing",
  "vmac-twice",
]);

/** Mistakes to us, of which keepalived says nothing: words behind those it needs, and an address that stands twice. */
const tolerated: ReadonlySet<string> = new Set(["duplicate-address", "extra-argument"]);

export type Verdict = "good" | "mistaken" | "insecure" | "incomplete" | "unusable";

/**
 * "insecure": scripts would run as root, and enable_script_security is not set. "incomplete": a file is missing that
 * must be there. "unusable": a keyword has no value, or a block in its place, and keepalived reads no further. They outweigh mistakes, as there.
 * @param isInsecure whether scripts would run as root, where somebody has looked at the host
 */
export function verdict(
  { all }: Diagnostics,
  isInsecure = all.some(({ code }) => code === "script-security"),
): Verdict {
  const errors = all.filter(({ severity, code }) => severity === "error" && !tolerated.has(code));
  if (errors.some(({ code }) => code === "missing-argument" || code === "block-for-value")) return "unusable";
  if (isInsecure) return "insecure";
  if (errors.some(({ code }) => code === "include")) return "incomplete";
  return errors.length > 0 || all.some(({ code }) => complaints.has(code)) ? "mistaken" : "good";
}

/**
 * Errors that nothing may be started with, though keepalived would: the file asks for something that is read and would
 * not be done, and without it the addresses might end up on two hosts, or on none.
 */
export const isFatal = ({ severity, code }: Diagnostic): boolean =>
  severity === "error" && (code === "not-supported-yet" || code === "expansion-limit");

/** Braces that do not match: on a reload, the file may be half written. */
export const isBroken = ({ code }: Diagnostic): boolean =>
  code === "unterminated-block" || code === "missing-brace" || code === "stray-brace";

/** The same mistake for those who go on in spite of it (`--lenient`). */
export const softened = (diagnostic: Diagnostic): Diagnostic =>
  diagnostic.severity !== "error" || isFatal(diagnostic) ? diagnostic : { ...diagnostic, severity: "warning" };

/** A line of the log in keepalived's words: `(FILE: Line N) Unknown keyword 'x'`. */
export function logLineOf({ code, message, span }: Diagnostic): string {
  const word = lineOf(span).slice(span.column - 1, span.column - 1 + span.length);
  const text = code === "unknown-keyword" || code === "wrong-place" ? `Unknown keyword '${word}'` : message;
  return `(${span.file.path}: Line ${span.line}) ${text}`;
}
