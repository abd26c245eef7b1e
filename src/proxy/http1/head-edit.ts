/**
 * Edits of a head where it lies. Only what stands before the edit moves: the start line and a few fields, towards the
 * headroom in front or away from it. The body behind the head stays, however much of it has arrived.
 */
import type { ByteBuffer } from "../../reactor/buffers.js";
import { LF } from "./characters.js";
import { isTrailers } from "./field-values.js";
import type { RequestHead, ResponseHead } from "./head.js";
import { MOST_FIELDS } from "./message-head.js";
import { FieldId } from "./names.js";

const CONNECTION_CLOSE = Buffer.from("Connection: close\r\n", "latin1");
const CONNECTION_UPGRADE = Buffer.from("Connection: upgrade\r\n", "latin1");
const CONNECTION_KEEP_ALIVE = Buffer.from("Connection: keep-alive\r\n", "latin1");
const ONE = 0x31;
/** The digit that tells the version is behind `HTTP/1.`. */
const STATUS_LINE_MINOR = "HTTP/1.".length;
const REQUEST_LINE_MINOR = " HTTP/1.".length;

/** Fields to take out, found first: where names are looked up in Connection, nothing may have moved yet. */
const isGone = new Uint8Array(MOST_FIELDS);

/**
 * Takes out of a request what concerns only the client's connection (RFC 9110 §7.6.1). What its Connection field asks of
 * the server stays: an upgrade, and with HTTP/1.0 keep-alive.
 * @param saysClose the server's connection will be closed after the response, and the server is told
 */
export function editRequest(buffer: ByteBuffer, head: RequestHead, saysClose: boolean): void {
  let count = 0;
  for (let index = 0; index < head.fieldCount; index++) {
    const id = head.fieldIds[index]!;
    const gone = id === FieldId.CONNECTION || isHopField(buffer, head, index, id);
    isGone[index] = gone ? 1 : 0;
    if (gone) count++;
  }
  // A later 1.x has been read as 1.1, and goes on as that.
  if (head.minor === 1) buffer.bytes[head.targetEnd + REQUEST_LINE_MINOR] = ONE;
  buffer.start += head.skipped;
  if (count > 0) removeFields(buffer, head);
  if (head.upgrade) insertField(buffer, CONNECTION_UPGRADE);
  // HTTP/1.0 closes unless it is asked not to.
  else if (head.minor === 0 ? head.keepAlive && !saysClose : saysClose)
    insertField(buffer, head.minor === 0 ? CONNECTION_KEEP_ALIVE : CONNECTION_CLOSE);
}

/**
 * Makes a response's Connection field say what holds towards the client, and takes out what concerned the server's
 * connection.
 * @param keepAlive the client's connection stays open after this response
 * @param isOldClient the request was HTTP/1.0: keep-alive must be said, and the chunked coding will be taken off
 */
export function editResponse(buffer: ByteBuffer, head: ResponseHead, keepAlive: boolean, isOldClient: boolean): void {
  const saysRight = head.connectionField && saysWhatHolds(head, keepAlive);
  let count = 0;
  let lengths = 0;
  for (let index = 0; index < head.fieldCount; index++) {
    const id = head.fieldIds[index]!;
    const gone =
      (id === FieldId.CONNECTION && !saysRight) ||
      // Of a length that is repeated, one is enough (RFC 9110 §8.6).
      (id === FieldId.CONTENT_LENGTH && (head.lengthOverridden || head.isLengthless || lengths++ > 0)) ||
      (id === FieldId.TRANSFER_ENCODING && (isOldClient || head.isLengthless)) ||
      isHopField(buffer, head, index, id);
    isGone[index] = gone ? 1 : 0;
    if (gone) count++;
  }
  // An intermediary speaks for itself (RFC 9110 §2.5); its 1.1 also makes keep-alive the default.
  buffer.bytes[buffer.start + STATUS_LINE_MINOR] = ONE;
  if (count > 0) removeFields(buffer, head);
  if (saysRight) return;
  if (!keepAlive) insertField(buffer, CONNECTION_CLOSE);
  else if (isOldClient) insertField(buffer, CONNECTION_KEEP_ALIVE);
}

function saysWhatHolds(head: ResponseHead, keepAlive: boolean): boolean {
  if (head.upgrade && keepAlive) return true;
  if (head.hasPrivateHops || head.keepAlive !== keepAlive) return false;
  // An HTTP/1.0 response, or one without a length, closes without having said so.
  return keepAlive || (head.minor === 1 && !head.untilClose);
}

function isHopField(buffer: ByteBuffer, head: RequestHead | ResponseHead, index: number, id: number): boolean {
  if (id === FieldId.KEEP_ALIVE || id === FieldId.PROXY_CONNECTION) return true;
  // The transfer codings that one hop takes are not another's (RFC 9110 §10.1.4); trailers pass.
  if (id === FieldId.TE && !isTrailers(buffer.bytes, head.fields[4 * index + 2]!, head.fields[4 * index + 3]!))
    return true;
  if (!head.hasPrivateHops || id === FieldId.CONNECTION || (id === FieldId.UPGRADE && head.upgrade)) return false;
  return head.isPrivateHop(buffer.bytes, index);
}

/** Closes the gaps of the fields marked in `isGone`, from the first to the last: what is behind a gap stays. */
function removeFields(buffer: ByteBuffer, head: RequestHead | ResponseHead): void {
  for (let index = 0; index < head.fieldCount; index++) {
    if (isGone[index] === 0) continue;
    const lineStart = head.fields[4 * index]!;
    const length = behindLine(buffer.bytes, head.fields[4 * index + 3]!) - lineStart;
    buffer.bytes.copyWithin(buffer.start + length, buffer.start, lineStart);
    buffer.start += length;
  }
}

function behindLine(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end] !== LF) end++;
  return end + 1;
}

/** Puts a field behind the start line, into the headroom. */
function insertField(buffer: ByteBuffer, line: Buffer): void {
  const { bytes, start } = buffer;
  const fieldsAt = behindLine(bytes, start);
  bytes.copyWithin(start - line.length, start, fieldsAt);
  bytes.set(line, fieldsAt - line.length);
  buffer.start -= line.length;
}
