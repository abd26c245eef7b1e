/** HTTP/1 heads and the chunked coding. */
import assert from "node:assert/strict";
import { ChunkedDecoder } from "../../../src/proxy/http1/chunked.js";
import { FieldId, HeadError, Method, RequestHead, ResponseHead } from "../../../src/proxy/http1/head.js";
import { editRequest, editResponse } from "../../../src/proxy/http1/head-edit.js";
import { ByteBuffer } from "../../../src/reactor/buffers.js";
import { feedRequest, feedResponse, viewOf } from "../../proxy/http1/support.js";
import { cutsOf } from "../cuts.js";
import { seedOf } from "../random.js";
import { latin1, type Target } from "../target.js";

const ROOM_FOR_EDITS = 64;

const LARGEST_ERROR = Math.max(...Object.values(HeadError));
const REQUESTS = latin1(
  "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
  "\r\nPOST http://example.org:80/x?y#z HTTP/1.1\r\nHost: example.org:80\r\nConnection: keep-alive, X\r\nX: \t a b \r\nContent-Length: 12\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\nTE: trailers\r\nTrailer: X\r\nExpect: 100-continue\r\n\r\n",
  "GET /chat HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nKeep-Alive: timeout=5\r\n\r\n",
  "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
  "OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\nProxy-Connection: keep-alive\r\n\r\n",
);
const RESPONSES = latin1(
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
  "HTTP/1.0 304 Not Modified\r\nConnection: close, X-Private\r\nX-Private: 1\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  "HTTP/1.1 204 \r\nTransfer-Encoding: chunked\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
);
const PIECES = latin1(
  ..."GET |POST |HTTP/1.1|HTTP/1.0|\r\n|\r\n\r\n|\n|\r|\0| |\t|: |:|,|Host: h\r\n|Content-Length: 5\r\n|Content-Length: 5, 5\r\n".split(
    "|",
  ),
  ..."Transfer-Encoding: chunked\r\n|Connection: close\r\n|Connection: host\r\n|Connection: upgrade\r\n|Upgrade: x\r\n|chunked|identity".split(
    "|",
  ),
  ..."Expect: 100-continue\r\n|http://h/|http://|%00|@|//|\x80|\xff|X : y\r\n| folded\r\n".split("|"),
);

/** A head that was accepted lies in order inside its bytes. */
function assertInside(head: RequestHead | ResponseHead, length: number): void {
  let last = 0;
  for (let at = 0; at < 4 * head.fieldCount; at++) {
    assert.ok(head.fields[at]! >= last && head.fields[at]! <= length, "offsets of fields ascend, and lie inside");
    last = head.fields[at]!;
  }
}

function bufferOf(input: Buffer): ByteBuffer {
  const buffer = new ByteBuffer(new Uint8Array(ROOM_FOR_EDITS + input.length), 0);
  buffer.bytes.set(input, ROOM_FOR_EDITS);
  buffer.start = ROOM_FOR_EDITS;
  buffer.end = ROOM_FOR_EDITS + input.length;
  return buffer;
}

const PRIVATE: readonly number[] = [FieldId.KEEP_ALIVE, FieldId.PROXY_CONNECTION];

/** What we send on is read by the next as we read it, and holds nothing that was for us alone. */
function assertForwarded(before: RequestHead | ResponseHead, after: RequestHead | ResponseHead): void {
  assert.equal(after.upgrade, before.upgrade);
  for (let index = 0; index < after.fieldCount; index++) assert.ok(!PRIVATE.includes(after.fieldIds[index]!));
}

/** As sessions reuse them: what an earlier head has left is forgotten. */
function usedRequestHead(): RequestHead {
  const head = new RequestHead();
  for (const earlier of REQUESTS.slice(1, 4)) {
    assert.ok(head.parse(earlier, 0, earlier.length) !== 0);
    head.reset();
  }
  return head;
}

function usedResponseHead(): ResponseHead {
  const head = new ResponseHead();
  for (const earlier of RESPONSES.slice(1)) {
    assert.ok(head.parse(earlier, 0, earlier.length, Method.CONNECT) !== 0);
    head.reset();
  }
  return head;
}

function runRequest(input: Buffer): void {
  const whole = usedRequestHead();
  const expected = whole.parse(input, 0, input.length);
  assert.ok(Number.isInteger(expected) && expected <= input.length && expected >= -LARGEST_ERROR);
  const view = expected > 0 ? viewOf(whole, input) : undefined;
  for (const ends of cutsOf(input)) {
    const head = new RequestHead();
    assert.equal(feedRequest(head, input, ends), expected);
    if (view !== undefined) assert.deepEqual(viewOf(head, input), view);
  }
  if (expected <= 0) return;
  assertInside(whole, input.length);
  const buffer = bufferOf(input);
  const head = new RequestHead();
  head.parse(buffer.bytes, buffer.start, buffer.end);
  const saysClose = (seedOf(input) & 1) === 0;
  editRequest(buffer, head, saysClose);
  const next = new RequestHead();
  assert.ok(next.parse(buffer.bytes, buffer.start, buffer.end) > 0, "what is forwarded is a request");
  assertForwarded(whole, next);
  assert.equal(next.chunked, whole.chunked, "framed as it came");
  assert.equal(next.contentLength, whole.contentLength, "framed as it came");
  assert.equal(next.method, whole.method);
  if (next.upgrade) return;
  if (saysClose) assert.ok(!next.keepAlive, "the server is told");
  else assert.ok(next.minor === 0 || !next.connectionField, "the client's wishes are no matter of the server's");
}

function runResponse(input: Buffer): void {
  const seed = seedOf(input);
  const method = Object.values(Method)[seed % Object.values(Method).length]!;
  const whole = usedResponseHead();
  const expected = whole.parse(input, 0, input.length, method);
  assert.ok(Number.isInteger(expected) && expected <= input.length && expected >= -LARGEST_ERROR);
  const view = expected > 0 ? viewOf(whole, input) : undefined;
  for (const ends of cutsOf(input)) {
    const head = new ResponseHead();
    assert.equal(feedResponse(head, input, ends, method), expected);
    if (view !== undefined) assert.deepEqual(viewOf(head, input), view);
  }
  if (expected <= 0) return;
  assertInside(whole, input.length);
  const isOldClient = (seed & 2) === 0;
  // A switch of protocols keeps the connection, whatever else was wished.
  const keepAlive = whole.upgrade || (whole.keepAlive && (seed & 1) === 0 && !(isOldClient && whole.chunked));
  const buffer = bufferOf(input);
  const head = new ResponseHead();
  head.parse(buffer.bytes, buffer.start, buffer.end, method);
  editResponse(buffer, head, keepAlive, isOldClient);
  const next = new ResponseHead();
  assert.ok(next.parse(buffer.bytes, buffer.start, buffer.end, method) > 0, "what is forwarded is a response");
  assertForwarded(whole, next);
  const { isLengthless } = whole;
  assert.equal(next.chunked, whole.chunked && !isOldClient && !isLengthless, "framed as it came");
  assert.equal(next.contentLength, isLengthless ? -1 : whole.contentLength, "framed as it came");
  assert.equal(next.status, whole.status);
  if (!next.upgrade) assert.equal(next.keepAlive, keepAlive && !next.untilClose, "it says what holds");
}

/** The content of a whole chunked body, by the book and not by state machine (RFC 9112 §7.1.3). */
function contentOf(body: string): string {
  let content = "";
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    if (size === 0) return content;
    content += body.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

function strip(input: Buffer, ends: readonly number[]): Record<string, unknown> {
  const decoder = new ChunkedDecoder();
  const out = Buffer.alloc(input.length);
  let [size, at] = [0, 0];
  for (const end of ends) {
    if (decoder.done || decoder.error !== 0) break;
    size = decoder.strip(input, at, end, out, size);
    at = decoder.position;
  }
  const { done, error, dataBytes } = decoder;
  return { done, error, dataBytes, at, content: out.toString("latin1", 0, size) };
}

function runChunked(input: Buffer): void {
  const whole = strip(input, [input.length]);
  for (const ends of cutsOf(input)) assert.deepEqual(strip(input, ends), whole);
  const walked = new ChunkedDecoder();
  assert.equal(walked.advance(input, 0, input.length), whole.at);
  assert.equal((whole.content as string).length, whole.dataBytes);
  if (whole.done) assert.equal(whole.content, contentOf(input.toString("latin1", 0, whole.at as number)));
}

export const http1Targets: readonly Target[] = [
  { name: "http1-request", corpus: REQUESTS, dictionary: PIECES, run: runRequest },
  {
    name: "http1-response",
    corpus: RESPONSES,
    dictionary: [...PIECES, ...latin1("200", "101", "999", "099")],
    run: runResponse,
  },
  {
    name: "chunked",
    corpus: latin1(
      '4\r\nWiki\r\n7;a=b;c="d e"\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\nExpires: never\r\nX:\r\n\r\n',
      "0\r\n\r\n",
      "00a \t\r\n0123456789\r\n0;x\r\n\r\nGET / HTTP/1.1\r\n",
      "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    ),
    dictionary: latin1(
      ..."\r\n|\n|0\r\n|0\r\n\r\n|;|;a=b|ffffffff\r\n|fffffffffffff\r\n|0x1|-1|+1| |\t|X: y\r\n|\0".split("|"),
    ),
    run: runChunked,
  },
];
