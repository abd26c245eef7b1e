/** What each byte may be in an HTTP/1 head, as one table look-up (RFC 9110 §5.5–5.6, RFC 3986). */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

/** A letter, digit or mark of a method, field name or other token. */
export const TOKEN = 1;
/** Inside a field value or reason phrase: visible, SP, HTAB or ≥ 0x80; no other control character. */
export const VALUE = 2;
/** Inside a request target: visible ASCII without "#", since a fragment never travels. */
export const TARGET = 4;
/** Inside a host: what RFC 3986 §3.2.2 allows, the brackets of an IPv6 address and the port's colon included. */
export const HOST = 8;
export const DIGIT = 16;
export const HEX = 32;

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const digits = "0123456789";

/** `CHARACTER[byte] & TOKEN` and so on. */
export const CHARACTER: Uint8Array = buildTable();

function buildTable(): Uint8Array {
  const table = new Uint8Array(256);
  const mark = (characters: string, kind: number) => {
    for (const character of characters) table[character.charCodeAt(0)]! |= kind;
  };
  mark(`!#$%&'*+-.^_\`|~${digits}${letters}`, TOKEN);
  mark(`-._~!$&'()*+,;=%[]:${digits}${letters}`, HOST);
  mark(digits, DIGIT);
  mark(`${digits}abcdefABCDEF`, HEX);
  for (let byte = 0x21; byte <= 0x7e; byte += 1) table[byte]! |= VALUE | TARGET;
  for (let byte = 0x80; byte <= 0xff; byte += 1) table[byte]! |= VALUE;
  table[HTAB]! |= VALUE;
  table[SP]! |= VALUE;
  table["#".charCodeAt(0)]! &= ~TARGET;
  return table;
}
