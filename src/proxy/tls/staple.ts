/** `<crt>.ocsp`: the response of a certificate's authority that goes along in handshakes (configuration manual §5.1, `crt`). */
import type { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseOcspResponse } from "./ocsp-response.js";

/** Crosses to a worker as it is. */
export interface Staple {
  /** DER. */
  readonly response: Uint8Array;
  /** Not served from then on: milliseconds of the wall clock. */
  readonly expiresAt: number;
}

/** Clocks may differ that much. */
const SKEW = 300_000;

/** @returns the staple; a text: why it is of no use; undefined: there is none */
export function readStaple(path: string, leaf: X509Certificate, now = Date.now()): Staple | string | undefined {
  const file = `${path}.ocsp`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? undefined : `${file}: ${message}`;
  }
  const refuse = (reason: string): string => `${file}: ${reason}; it is not stapled`;
  // Certbot's hooks and others make the file first, and fill it later.
  if (bytes.length === 0) return refuse("empty");
  const response = parseOcspResponse(bytes);
  if (response === undefined) return refuse("no successful OCSP response in DER");
  const { serialNumber, status, thisUpdate, nextUpdate } = response;
  if (serialNumber !== leaf.serialNumber.replace(/^0+/, ""))
    return refuse("this response is about another certificate");
  if (status !== "good") return refuse(`this response says that the certificate is ${status}`);
  if (thisUpdate > now + SKEW) return refuse(`this response holds from ${date(thisUpdate)} on only`);
  if (nextUpdate !== undefined && nextUpdate <= now) return refuse(`this response expired on ${date(nextUpdate)}`);
  return { response: bytes, expiresAt: nextUpdate ?? Number.POSITIVE_INFINITY };
}

const date = (time: number): string => new Date(time).toISOString();
