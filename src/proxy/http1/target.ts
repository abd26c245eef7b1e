/** Request targets (RFC 9112 §3.2). */
import { COLON } from "./characters.js";
import { equalFolded, isHost } from "./field-values.js";
import { Method } from "./names.js";

export const TARGET_BAD = 0;
export const TARGET_ORIGIN = 1;
export const TARGET_ABSOLUTE = 2;
export const TARGET_AUTHORITY = 3;
export const TARGET_ASTERISK = 4;

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const QUESTION = 0x3f;

/**
 * Which form bytes[start, end) has, if it is one that `method` may use: authority-form goes with CONNECT and only
 * with it, asterisk-form with OPTIONS. The bytes are known to be visible ASCII.
 * @param authority Set for absolute-form and authority-form: where the authority is.
 */
export function parseTarget(
  bytes: Uint8Array,
  start: number,
  end: number,
  method: number,
  authority: { start: number; end: number },
): number {
  if (method === Method.CONNECT) {
    authority.start = start;
    authority.end = end;
    return isHostWithPort(bytes, start, end) ? TARGET_AUTHORITY : TARGET_BAD;
  }
  if (bytes[start] === SLASH) return TARGET_ORIGIN;
  if (bytes[start] === ASTERISK) return end - start === 1 && method === Method.OPTIONS ? TARGET_ASTERISK : TARGET_BAD;
  let at = start;
  while (at < end && isSchemeCharacter(bytes[at]!, at === start)) at += 1;
  if (at === start || at + 3 > end) return TARGET_BAD;
  if (bytes[at] !== COLON || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH) return TARGET_BAD;
  at += 3;
  authority.start = at;
  while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION) at += 1;
  authority.end = at;
  // isHost also refuses "user@": RFC 9110 §4.2.4 takes it for an attempt to hide where the request goes.
  return at > authority.start && isHost(bytes, authority.start, at) ? TARGET_ABSOLUTE : TARGET_BAD;
}

/**
 * Whether Host bytes[hostStart, hostEnd) names the authority bytes[start, end) of a target. Letters are compared without
 * case, and either may leave out the scheme's default port; with CONNECT, which has no scheme, 80 or 443.
 * @param targetStart where the target begins: with its scheme in absolute-form, with the authority in authority-form
 */
export function matchesHost(
  bytes: Uint8Array,
  targetStart: number,
  start: number,
  end: number,
  hostStart: number,
  hostEnd: number,
): boolean {
  if (equalFolded(bytes, start, end, hostStart, hostEnd)) return true;
  const end1 = withoutDefaultPort(bytes, start, end);
  const end2 = withoutDefaultPort(bytes, hostStart, hostEnd);
  if (end1 !== end && end2 !== hostEnd) return false;
  const port = end - end1 + hostEnd - end2;
  if (targetStart < start && port !== (isSecure(bytes, start) ? ":443" : ":80").length) return false;
  return equalFolded(bytes, start, end1, hostStart, end2);
}

function isHostWithPort(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isHost(bytes, start, end)) return false;
  let at = end;
  while (at > start && isDigit(bytes[at - 1]!)) at -= 1;
  return at < end && at - 1 > start && bytes[at - 1] === COLON;
}

function withoutDefaultPort(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > 3 && bytes[end - 3] === COLON && bytes[end - 2] === 0x38 && bytes[end - 1] === 0x30) return end - 3;
  const isHttps = end - start > 4 && bytes[end - 4] === COLON;
  return isHttps && bytes[end - 3] === 0x34 && bytes[end - 2] === 0x34 && bytes[end - 1] === 0x33 ? end - 4 : end;
}

/** The scheme before `authority` is https, or wss. */
function isSecure(bytes: Uint8Array, authority: number): boolean {
  return (bytes[authority - "s://".length]! | 0x20) === 0x73;
}

function isSchemeCharacter(byte: number, first: boolean): boolean {
  const folded = byte | 0x20;
  if (folded >= 0x61 && folded <= 0x7a) return true;
  return !first && (isDigit(byte) || byte === 0x2b || byte === 0x2d || byte === 0x2e);
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
