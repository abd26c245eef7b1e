/** MAC addresses as the kernel's lists write them: `02:00:00:00:00:01`. */

export const MAC_LENGTH = 6;

export const macOctets = (text: string): Uint8Array =>
  Uint8Array.from(text.split(":"), (octet) => Number.parseInt(octet, 16));

export const formatMac = (bytes: Uint8Array, offset: number): string =>
  Array.from(bytes.subarray(offset, offset + MAC_LENGTH), (octet) => octet.toString(16).padStart(2, "0")).join(":");
