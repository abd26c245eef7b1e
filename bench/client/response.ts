/** Where a response ends, in bytes that have been gathered from its beginning. */

const END_STREAM = 1;
const FRAME_HEADER = 9;

/**
 * @returns the length of an HTTP/1.1 response with a Content-Length; 0 while its head is not complete
 * @throws Error if it is anything else than such a response with status 200
 */
export function http1ResponseSize(bytes: Buffer): number {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return 0;
  const head = bytes.toString("latin1", 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (!head.startsWith("HTTP/1.1 200 ") || length === undefined) throw new Error(`a strange response: ${head}`);
  return headEnd + 4 + Number(length);
}

/** Whether the frames hold the end of stream 1 (RFC 9113 §4.1). */
export function isHttp2ResponseComplete(bytes: Buffer): boolean {
  for (let at = 0; at + FRAME_HEADER <= bytes.length; ) {
    const next = at + FRAME_HEADER + bytes.readUIntBE(at, 3);
    const isHeadersOrData = bytes[at + 3]! <= 1;
    const endsStream = isHeadersOrData && (bytes[at + 4]! & END_STREAM) !== 0 && bytes.readUInt32BE(at + 5) === 1;
    if (endsStream) return next <= bytes.length;
    at = next;
  }
  return false;
}
