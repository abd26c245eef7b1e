/** The field values that decide framing and routing, read in place: bytes[start, end), OWS already trimmed. */
import { CHARACTER, COLON, COMMA, DIGIT, HOST, HTAB, SEMICOLON, SP, TOKEN } from "./characters.js";

/** One decimal number of bytes (RFC 9110 §8.6), or -1: no sign, no list, nothing above 2^53 - 1. */
export function parseContentLength(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if ((CHARACTER[byte]! & DIGIT) === 0) return -1;
    value = value * 10 + (byte - 0x30);
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

export const TRANSFER_BAD = -1;
export const TRANSFER_OTHER = 0;
export const TRANSFER_CHUNKED = 1;

/**
 * Reads one Transfer-Encoding value (RFC 9112 §6.1): whether its last coding is chunked.
 * @returns TRANSFER_CHUNKED, TRANSFER_OTHER, or TRANSFER_BAD: an empty element, a coding after chunked (chunked
 *   twice included), a parameter of chunked, anything that is not a token list with simple parameters.
 */
export function parseTransferEncoding(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (;;) {
    const nameStart = at;
    while (at < end && (CHARACTER[bytes[at]!]! & TOKEN) !== 0) at += 1;
    const nameEnd = at;
    if (nameStart === nameEnd) return TRANSFER_BAD;
    const chunked = isWord(bytes, nameStart, nameEnd, CHUNKED);
    at = skipWhitespace(bytes, at, end);
    if (at === end) return chunked ? TRANSFER_CHUNKED : TRANSFER_OTHER;
    if (chunked) return TRANSFER_BAD;
    // Parameters change nothing for us, but a quoted one could hide a comma: those are refused with the rest.
    while (at < end && bytes[at] === SEMICOLON) {
      at = skipWhitespace(bytes, at + 1, end);
      while (at < end && ((CHARACTER[bytes[at]!]! & TOKEN) !== 0 || bytes[at] === EQUALS)) at += 1;
      at = skipWhitespace(bytes, at, end);
    }
    if (at === end) return TRANSFER_OTHER;
    if (bytes[at] !== COMMA) return TRANSFER_BAD;
    at = skipWhitespace(bytes, at + 1, end);
  }
}

/** Bits of what Connection names. */
export const CONNECTION_CLOSE = 1;
export const CONNECTION_KEEP_ALIVE = 2;
export const CONNECTION_UPGRADE = 4;
/** Field names of this hop alone, which go no further (RFC 9110 §7.6.1). */
export const CONNECTION_PRIVATE = 8;

/** The CONNECTION_ bits of one Connection value. "te" is known and sets none. */
export function parseConnection(bytes: Uint8Array, start: number, end: number): number {
  if (isWord(bytes, start, end, KEEP_ALIVE)) return CONNECTION_KEEP_ALIVE;
  if (isWord(bytes, start, end, CLOSE)) return CONNECTION_CLOSE;
  let bits = 0;
  let at = start;
  while (at < end) {
    const elementEnd = endOfElement(bytes, at, end);
    const wordStart = skipWhitespace(bytes, at, elementEnd);
    const wordEnd = trimEnd(bytes, wordStart, elementEnd);
    if (isWord(bytes, wordStart, wordEnd, KEEP_ALIVE)) bits |= CONNECTION_KEEP_ALIVE;
    else if (isWord(bytes, wordStart, wordEnd, CLOSE)) bits |= CONNECTION_CLOSE;
    else if (isWord(bytes, wordStart, wordEnd, UPGRADE)) bits |= CONNECTION_UPGRADE;
    else if (wordStart < wordEnd && !isWord(bytes, wordStart, wordEnd, TE)) bits |= CONNECTION_PRIVATE;
    at = elementEnd + 1;
  }
  return bits;
}

/** Whether the comma-separated list bytes[start, end) has the token bytes[wordStart, wordEnd), in any case. */
export function listNames(bytes: Uint8Array, start: number, end: number, wordStart: number, wordEnd: number): boolean {
  let at = start;
  while (at < end) {
    const elementEnd = endOfElement(bytes, at, end);
    const elementStart = skipWhitespace(bytes, at, elementEnd);
    if (equalFolded(bytes, elementStart, trimEnd(bytes, elementStart, elementEnd), wordStart, wordEnd)) return true;
    at = elementEnd + 1;
  }
  return false;
}

/** Host or authority: `uri-host [":" port]` (RFC 3986 §3.2.2–3). An empty host is legal (RFC 9112 §3.2). */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (at < end && bytes[at] === OPEN_BRACKET) {
    at += 1;
    while (at < end && bytes[at] !== CLOSE_BRACKET) {
      if ((CHARACTER[bytes[at]!]! & HOST) === 0 || bytes[at] === OPEN_BRACKET) return false;
      at += 1;
    }
    if (at === end || at === start + 1) return false;
    at += 1;
  } else {
    while (at < end && bytes[at] !== COLON) {
      const byte = bytes[at]!;
      if ((CHARACTER[byte]! & HOST) === 0 || byte === OPEN_BRACKET || byte === CLOSE_BRACKET) return false;
      at += 1;
    }
  }
  if (at === end) return true;
  if (bytes[at] !== COLON || at === start) return false;
  let port = 0;
  for (at += 1; at < end; at += 1) {
    if ((CHARACTER[bytes[at]!]! & DIGIT) === 0) return false;
    port = port * 10 + (bytes[at]! - 0x30);
    if (port > 65_535) return false;
  }
  return true;
}

/** Whether the only thing in the value is `100-continue`, in any case. */
export function isContinue(bytes: Uint8Array, start: number, end: number): boolean {
  return isWord(bytes, start, end, CONTINUE);
}

/** Whether the only thing in the value is `trailers`, in any case. */
export function isTrailers(bytes: Uint8Array, start: number, end: number): boolean {
  return isWord(bytes, start, end, TRAILERS);
}

/** Whether two ranges are equal, letters compared without case. */
export function equalFolded(bytes: Uint8Array, start: number, end: number, start2: number, end2: number): boolean {
  if (end - start !== end2 - start2) return false;
  for (let i = 0; i < end - start; i += 1) if (lower(bytes[start + i]!) !== lower(bytes[start2 + i]!)) return false;
  return true;
}

const EQUALS = 0x3d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const word = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const CHUNKED = word("chunked");
const CLOSE = word("close");
const KEEP_ALIVE = word("keep-alive");
const UPGRADE = word("upgrade");
const TE = word("te");
const CONTINUE = word("100-continue");
const TRAILERS = word("trailers");

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);

/**
 * Whether bytes[start, end) spells `expected` (lower-case) in any case. In a value there are no control characters, so
 * setting 0x20 turns nothing but the capital letter into a letter, and nothing else into "-" or a digit.
 */
function isWord(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  if (end - start !== expected.length) return false;
  for (let i = 0; i < expected.length; i += 1) if ((bytes[start + i]! | 0x20) !== expected[i]) return false;
  return true;
}

function skipWhitespace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at += 1;
  return at;
}

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === SP || bytes[at - 1] === HTAB)) at -= 1;
  return at;
}

function endOfElement(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== COMMA) at += 1;
  return at;
}
