/**
 * The field section that requests and responses share (RFC 9112 §5), read in one pass: each byte is looked at once,
 * however the head is cut, and fields are four integers each.
 */
import { CHARACTER, COLON, CR, HTAB, LF, SP, TOKEN, VALUE } from "./characters.js";
import {
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  CONNECTION_PRIVATE,
  CONNECTION_UPGRADE,
  isContinue,
  isHost,
  listNames,
  parseConnection,
  parseContentLength,
  parseTransferEncoding,
  TRANSFER_BAD,
  TRANSFER_CHUNKED,
} from "./field-values.js";
import { HeadError } from "./head-error.js";
import { FieldId, fieldNames } from "./names.js";

/** What `parse` returns while the head has not ended. */
export const NEED_MORE = 0;

/** The default of `tune.http.maxhdr` is 101, the first line among them. */
export const DEFAULT_MAX_FIELDS = 100;
/** The most that can be set. */
export const MOST_FIELDS = 32_767;
const INITIAL_FIELDS = 16;

// Where the parser stands. Start lines have the states below FIELD_START.
export const START = 0;
export const FIELD_START = 16;
const NAME = 17;
const VALUE_START = 18;
const IN_VALUE = 19;
const VALUE_LF = 20;
const END_LF = 21;
const DONE = 22;
const FAILED = 23;

export abstract class MessageHead {
  /** 0 or 1, of HTTP/1.x. */
  minor = 0;
  fieldCount = 0;
  /** Four offsets a field: name start, name end, value start, value end; the value without surrounding whitespace. */
  fields: Int32Array;
  /** A FieldId for each field. */
  fieldIds: Uint8Array;
  /** The body's length as Content-Length gives it, -1 without one. */
  contentLength = -1;
  /** The last transfer coding is chunked. */
  chunked = false;
  /** The peer will take another message on this connection. */
  keepAlive = false;
  /** There is a Connection field. */
  connectionField = false;
  /** Connection asks for an upgrade and an Upgrade field says to what; never with HTTP/1.0 (RFC 9110 §7.8). */
  upgrade = false;
  /** Expect: 100-continue, never with HTTP/1.0 (RFC 9110 §10.1.1). */
  expectContinue = false;
  /** Index of the Host field, -1 without one. */
  hostIndex = -1;
  /** Connection names fields that must not be forwarded; `isPrivateHop` tells which. */
  hasPrivateHops = false;
  /** Bytes from `start` to behind the empty line: the body begins at start + length. 0 until the head is complete. */
  length = 0;

  protected state = START;
  /** The next byte to look at. */
  protected at = 0;
  protected start = 0;
  protected connectionBits = 0;
  /** There is a Transfer-Encoding field. */
  protected transferEncoded = false;
  private error = 0;
  private readonly maxFields: number;
  private hasUpgradeField = false;
  private nameStart = 0;
  private valueStart = 0;

  constructor(maxFields: number) {
    this.fields = new Int32Array(4 * Math.min(INITIAL_FIELDS, maxFields));
    this.fieldIds = new Uint8Array(Math.min(INITIAL_FIELDS, maxFields));
    this.maxFields = maxFields;
  }

  /** Forgets the head; call it before each new one. */
  reset(): void {
    this.minor = 0;
    this.fieldCount = 0;
    this.contentLength = -1;
    this.chunked = false;
    this.keepAlive = false;
    this.connectionField = false;
    this.upgrade = false;
    this.expectContinue = false;
    this.hostIndex = -1;
    this.hasPrivateHops = false;
    this.length = 0;
    this.state = START;
    this.at = 0;
    this.start = 0;
    this.connectionBits = 0;
    this.transferEncoded = false;
    this.error = 0;
    this.hasUpgradeField = false;
  }

  /**
   * Whether Connection names field `index`, so that it must not be forwarded (RFC 9110 §7.6.1). Never so for the
   * fields that frame or route the message: a client that names those wants the next hop to read it differently.
   */
  isPrivateHop(bytes: Uint8Array, index: number): boolean {
    const id = this.fieldIds[index]!;
    if (id === FieldId.HOST || id === FieldId.CONTENT_LENGTH || id === FieldId.TRANSFER_ENCODING) return false;
    const nameStart = this.fields[4 * index]!;
    const nameEnd = this.fields[4 * index + 1]!;
    for (let i = 0; i < this.fieldCount; i += 1) {
      if (this.fieldIds[i] !== FieldId.CONNECTION) continue;
      if (listNames(bytes, this.fields[4 * i + 2]!, this.fields[4 * i + 3]!, nameStart, nameEnd)) return true;
    }
    return false;
  }

  /** Its body has a transfer coding besides chunked, or in its place: nobody may get it who is not told of it. */
  get hasOtherCoding(): boolean {
    if (!this.transferEncoded) return false;
    const index = this.fieldIds.indexOf(FieldId.TRANSFER_ENCODING); // of which there is but one
    return !this.chunked || this.fields[4 * index + 3]! - this.fields[4 * index + 2]! > "chunked".length;
  }

  /** Checks the fields against each other at the head's end: 0 or a HeadError. */
  protected abstract checkFields(bytes: Uint8Array): number;
  protected abstract acceptContentLength(value: number): number;

  protected fail(code: number): number {
    this.state = FAILED;
    this.error = code;
    return -code;
  }

  /**
   * Goes on from FIELD_START or later. Same result as `parse`. The steps of a line stand in their order and each leads
   * to the next, so a line that is all there runs straight through; one that is cut leaves at the step it has reached.
   */
  protected parseFields(bytes: Uint8Array, end: number): number {
    if (this.state === DONE) return this.length;
    if (this.state === FAILED) return -this.error;
    const characters = CHARACTER;
    let at = this.at;
    let state = this.state;
    while (at < end) {
      if (state === FIELD_START) {
        const byte = bytes[at]!;
        if ((characters[byte]! & TOKEN) !== 0) {
          if (this.fieldCount === this.maxFields) return this.fail(HeadError.tooManyFields);
          this.nameStart = at;
          at += 1;
          state = NAME;
        } else if (byte === CR) {
          at += 1;
          state = END_LF;
        } else {
          return this.fail(lineStartError(byte));
        }
      }
      if (state === NAME) {
        while (at < end && (characters[bytes[at]!]! & TOKEN) !== 0) at += 1;
        if (at === end) break;
        if (bytes[at] !== COLON) return this.fail(nameError(bytes[at]!));
        this.addField(bytes, at);
        at += 1;
        state = VALUE_START;
      }
      if (state === VALUE_START) {
        while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at += 1;
        this.valueStart = at;
        if (at === end) break;
        state = IN_VALUE;
      }
      if (state === IN_VALUE) {
        while (at < end && (characters[bytes[at]!]! & VALUE) !== 0) at += 1;
        if (at === end) break;
        if (bytes[at] !== CR) return this.fail(bytes[at] === LF ? HeadError.bareLineFeed : HeadError.badFieldValue);
        at += 1;
        state = VALUE_LF;
      }
      if (at === end) break;
      if (bytes[at] !== LF) return this.fail(HeadError.bareCarriageReturn);
      at += 1;
      if (state === END_LF) return this.finish(bytes, at);
      const error = this.endField(bytes, at - 2);
      if (error !== 0) return this.fail(error);
      state = FIELD_START;
    }
    this.at = at;
    this.state = state;
    return NEED_MORE;
  }

  /** Notes the name bytes[nameStart, nameEnd). */
  private addField(bytes: Uint8Array, nameEnd: number): void {
    const index = this.fieldCount;
    if (index === this.fieldIds.length) this.grow();
    this.fieldIds[index] = fieldNames.find(bytes, this.nameStart, nameEnd);
    this.fields[4 * index] = this.nameStart;
    this.fields[4 * index + 1] = nameEnd;
  }

  /** Notes the value that ends at `lineEnd`, and what it means to us: 0 or a HeadError. */
  private endField(bytes: Uint8Array, lineEnd: number): number {
    const index = this.fieldCount;
    const start = this.valueStart;
    let end = lineEnd;
    while (end > start && (bytes[end - 1] === SP || bytes[end - 1] === HTAB)) end -= 1;
    this.fields[4 * index + 2] = start;
    this.fields[4 * index + 3] = end;
    this.fieldCount = index + 1;
    switch (this.fieldIds[index]) {
      case FieldId.HOST:
        if (this.hostIndex >= 0) return HeadError.duplicateHost;
        this.hostIndex = index;
        return isHost(bytes, start, end) ? 0 : HeadError.badHost;
      case FieldId.CONTENT_LENGTH: {
        const value = parseContentLength(bytes, start, end);
        return value < 0 ? HeadError.badContentLength : this.acceptContentLength(value);
      }
      case FieldId.TRANSFER_ENCODING: {
        // Several lines would be one list (RFC 9110 §5.3), but there are readers that go by the first, or the last.
        const coding = this.transferEncoded ? TRANSFER_BAD : parseTransferEncoding(bytes, start, end);
        this.transferEncoded = true;
        this.chunked = coding === TRANSFER_CHUNKED;
        return coding === TRANSFER_BAD ? HeadError.badTransferEncoding : 0;
      }
      case FieldId.CONNECTION:
        this.connectionField = true;
        this.connectionBits |= parseConnection(bytes, start, end);
        return 0;
      case FieldId.UPGRADE:
        this.hasUpgradeField = true;
        return 0;
      case FieldId.EXPECT:
        this.expectContinue = isContinue(bytes, start, end);
        return 0;
      default:
        return 0;
    }
  }

  private finish(bytes: Uint8Array, end: number): number {
    // RFC 9112 §6.1: before 1.1 nobody framed messages so; a peer that sends it anyway disagrees with another.
    if (this.transferEncoded && this.minor === 0) return this.fail(HeadError.badTransferEncoding);
    this.hasPrivateHops = (this.connectionBits & CONNECTION_PRIVATE) !== 0;
    this.upgrade = this.minor === 1 && this.hasUpgradeField && (this.connectionBits & CONNECTION_UPGRADE) !== 0;
    if (this.minor === 0) this.expectContinue = false;
    this.keepAlive =
      (this.connectionBits & CONNECTION_CLOSE) === 0 &&
      (this.minor === 1 || (this.connectionBits & CONNECTION_KEEP_ALIVE) !== 0);
    const error = this.checkFields(bytes);
    if (error !== 0) return this.fail(error);
    this.state = DONE;
    this.at = end;
    this.length = end - this.start;
    return this.length;
  }

  private grow(): void {
    const room = Math.min(2 * this.fieldIds.length, this.maxFields);
    const fields = new Int32Array(4 * room);
    const fieldIds = new Uint8Array(room);
    fields.set(this.fields);
    fieldIds.set(this.fieldIds);
    this.fields = fields;
    this.fieldIds = fieldIds;
  }
}

function lineStartError(byte: number): number {
  if (byte === SP || byte === HTAB) return HeadError.obsoleteFolding;
  return byte === LF ? HeadError.bareLineFeed : HeadError.badFieldName;
}

function nameError(byte: number): number {
  if (byte === SP || byte === HTAB) return HeadError.spaceBeforeColon;
  return byte === LF ? HeadError.bareLineFeed : HeadError.badFieldName;
}
