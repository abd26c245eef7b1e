/**
 * HPACK's Huffman code (RFC 7541 §5.2, appendix B). The code is canonical: the lengths say it all, since codes of one
 * length are consecutive in the order of their symbols, and shorter ones come first.
 */

/** Bits of each symbol's code: 256 octets, then EOS. */
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];

const EOS = 256;
const CODES = canonicalCodes();

/** The automaton: one step takes four bits. A step: state in the low byte, symbol above it, then the flags. */
const EMITS = 1 << 16;
const FAILS = 1 << 17;
const steps = new Int32Array(256 * 16);
/** States in which a string may end: fewer than eight bits, all ones, since the last symbol. */
const accepts = new Uint8Array(256);
buildAutomaton();

/**
 * Decodes bytes[start, end) to `out` from `outStart`, where there must be room for 8/5 of the bytes.
 * @returns the offset behind what was decoded; -1 if the padding is not right or EOS is in it
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outStart: number,
): number {
  let state = 0;
  let to = outStart;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    let step = steps[(state << 4) | (byte >> 4)]!;
    if ((step & EMITS) !== 0) out[to++] = (step >> 8) & 0xff;
    if ((step & FAILS) !== 0) return -1;
    step = steps[((step & 0xff) << 4) | (byte & 15)]!;
    if ((step & EMITS) !== 0) out[to++] = (step >> 8) & 0xff;
    if ((step & FAILS) !== 0) return -1;
    state = step & 0xff;
  }
  return accepts[state] === 1 ? to : -1;
}

/** Octets that bytes[start, end) take when encoded. */
export function huffmanLength(bytes: Uint8Array, start: number, end: number): number {
  let bits = 0;
  for (let at = start; at < end; at++) bits += LENGTHS[bytes[at]!]!;
  return (bits + 7) >> 3;
}

/** Encodes bytes[start, end) to `out` from `outStart`. Returns the offset behind. */
export function encodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outStart: number,
): number {
  let to = outStart;
  let pending = 0;
  let bits = 0;
  for (let at = start; at < end; at++) {
    const code = CODES[bytes[at]!]!;
    let left = LENGTHS[bytes[at]!]!;
    // At most 7 bits wait, so taking up to 16 at a time stays within 32.
    while (left > 0) {
      const taken = Math.min(left, 16);
      left -= taken;
      pending = (pending << taken) | ((code >>> left) & ((1 << taken) - 1));
      bits += taken;
      while (bits >= 8) {
        bits -= 8;
        out[to++] = (pending >>> bits) & 0xff;
      }
      pending &= (1 << bits) - 1;
    }
  }
  // The rest is filled with ones: the beginning of EOS.
  if (bits > 0) out[to++] = ((pending << (8 - bits)) | (0xff >> bits)) & 0xff;
  return to;
}

function canonicalCodes(): number[] {
  const codes = new Array<number>(LENGTHS.length).fill(0);
  let code = 0;
  for (let length = 1; length <= 30; length++) {
    code *= 2;
    for (let symbol = 0; symbol < LENGTHS.length; symbol++) if (LENGTHS[symbol] === length) codes[symbol] = code++;
  }
  return codes;
}

function buildAutomaton(): void {
  // Children of the 256 inner nodes of the code's tree; -1 - symbol for a leaf.
  const children = [[0, 0]];
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0;
    for (let bit = LENGTHS[symbol]! - 1; bit >= 0; bit--) {
      const branch = (CODES[symbol]! >>> bit) & 1;
      if (bit === 0) children[node]![branch] = -1 - symbol;
      else {
        if (children[node]![branch] === 0) children[node]![branch] = children.push([0, 0]) - 1;
        node = children[node]![branch]!;
      }
    }
  }
  for (let state = 0; state < children.length; state++)
    for (let nibble = 0; nibble < 16; nibble++) steps[(state << 4) | nibble] = stepOf(children, state, nibble);
  let onlyOnes = 0;
  for (let depth = 0; depth < 8; depth++) {
    accepts[onlyOnes] = 1;
    onlyOnes = children[onlyOnes]![1]!;
  }
}

function stepOf(children: readonly (readonly number[])[], state: number, nibble: number): number {
  let node = state;
  let flags = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[node]![(nibble >> bit) & 1]!;
    if (next >= 0) {
      node = next;
      continue;
    }
    const symbol = -1 - next;
    if (symbol === EOS) return FAILS;
    flags = EMITS | (symbol << 8);
    node = 0;
  }
  return flags | node;
}
