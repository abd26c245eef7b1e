/** Arithmetic on IPv4 addresses. Addresses are unsigned 32-bit numbers, prefix lengths 0–32. */

/** `192.0.2.1` → 0xc0000201. The text must be a valid address. */
export function toNumber(address: string): number {
  return address.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
}

export function toText(number: number): string {
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join(".");
}

/** 24 → 0xffffff00. */
export function netmask(prefixLength: number): number {
  // Shifting by 32 shifts by 0 in JavaScript.
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** The address with all host bits set. */
export function broadcastOf(address: string, prefixLength: number): string {
  return toText((toNumber(address) | ~netmask(prefixLength)) >>> 0);
}

/** The address with all host bits cleared. */
export function networkOf(address: string, prefixLength: number): string {
  return toText((toNumber(address) & netmask(prefixLength)) >>> 0);
}

/** 255.255.255.0 → 24; undefined if the ones are not all in front. */
export function prefixLengthOf(mask: string): number | undefined {
  const length = 32 - Math.log2(2 ** 32 - toNumber(mask));
  return Number.isInteger(length) ? length : undefined;
}
