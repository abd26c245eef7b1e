/** What a head parser made of some bytes, as plain values to compare. */
import { type HeadError, RequestHead, ResponseHead } from "../../../src/proxy/http1/head.js";

export type HeadErrorCode = (typeof HeadError)[keyof typeof HeadError];

/** One character a byte. */
export const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

/** Feeds `bytes` with the given ends, until the parser says what it is. */
export function feedRequest(head: RequestHead, bytes: Uint8Array, ends: readonly number[], start = 0): number {
  let result = 0;
  for (const end of ends) {
    result = head.parse(bytes, start, start + end);
    if (result !== 0) break;
  }
  return result;
}

export function feedResponse(head: ResponseHead, bytes: Uint8Array, ends: readonly number[], method: number): number {
  let result = 0;
  for (const end of ends) {
    result = head.parse(bytes, 0, end, method);
    if (result !== 0) break;
  }
  return result;
}

export const fieldsOf = (head: RequestHead | ResponseHead, bytes: Uint8Array): [string, string][] => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  return Array.from({ length: head.fieldCount }, (_, index) => {
    const [nameStart, nameEnd, valueStart, valueEnd] = head.fields.subarray(4 * index, 4 * index + 4);
    return [text.slice(nameStart, nameEnd), text.slice(valueStart, valueEnd)];
  });
};

/** Everything that a caller can see, once a head is complete. */
export function viewOf(head: RequestHead | ResponseHead, bytes: Uint8Array): Record<string, unknown> {
  const view: Record<string, unknown> = {
    minor: head.minor,
    fields: fieldsOf(head, bytes),
    ids: [...head.fieldIds.subarray(0, head.fieldCount)],
    contentLength: head.contentLength,
    chunked: head.chunked,
    keepAlive: head.keepAlive,
    connectionField: head.connectionField,
    upgrade: head.upgrade,
    expectContinue: head.expectContinue,
    hostIndex: head.hostIndex,
    hasPrivateHops: head.hasPrivateHops,
    length: head.length,
  };
  if (head instanceof RequestHead) {
    const { methodStart, methodEnd, targetStart, targetEnd, method, skipped } = head;
    return { ...view, methodStart, methodEnd, targetStart, targetEnd, method, skipped };
  }
  const { status, reasonStart, reasonEnd, bodyless, untilClose, lengthOverridden } = head;
  return { ...view, status, reasonStart, reasonEnd, bodyless, untilClose, lengthOverridden };
}

/** Parses a whole request: its view, or the HeadError. */
export function request(text: string): Record<string, unknown> | number {
  const bytes = bytesOf(text);
  const head = new RequestHead();
  const result = head.parse(bytes, 0, bytes.length);
  return result < 0 ? -result : { ...viewOf(head, bytes), result };
}

export function response(text: string, method: number): Record<string, unknown> | number {
  const bytes = bytesOf(text);
  const head = new ResponseHead();
  const result = head.parse(bytes, 0, bytes.length, method);
  return result < 0 ? -result : { ...viewOf(head, bytes), result };
}
