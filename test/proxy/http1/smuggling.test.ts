/** Requests that two readers could take differently (RFC 9112 §11.2): refused, or read in the one right way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadError, headErrorText, RequestHead } from "../../../src/proxy/http1/head.js";
import { everyByte } from "../../support/random-cuts.js";
import { bytesOf, feedRequest, type HeadErrorCode, request } from "./support.js";

/** A request whose framing or field lines are under test. */
const withFields = (...lines: string[]): string => `POST / HTTP/1.1\r\nHost: a\r\n${lines.join("\r\n")}\r\n\r\n`;

const refused: readonly (readonly [string, string, HeadErrorCode])[] = [
  ["length and chunked", withFields("Content-Length: 6", "Transfer-Encoding: chunked"), HeadError.lengthAndChunked],
  ["chunked and length", withFields("Transfer-Encoding: chunked", "Content-Length: 6"), HeadError.lengthAndChunked],
  ["two lengths", withFields("Content-Length: 5", "Content-Length: 6"), HeadError.conflictingContentLength],
  ["one length twice", withFields("Content-Length: 5", "Content-Length: 5"), HeadError.conflictingContentLength],
  ["a list of equal lengths", withFields("Content-Length: 5, 5"), HeadError.badContentLength],
  ["a list of lengths", withFields("Content-Length: 5, 6"), HeadError.badContentLength],
  ["a signed length", withFields("Content-Length: +5"), HeadError.badContentLength],
  ["a negative length", withFields("Content-Length: -5"), HeadError.badContentLength],
  ["a hexadecimal length", withFields("Content-Length: 0x5"), HeadError.badContentLength],
  ["a length with a fraction", withFields("Content-Length: 5.0"), HeadError.badContentLength],
  ["a length with an exponent", withFields("Content-Length: 1e1"), HeadError.badContentLength],
  ["an empty length", withFields("Content-Length:"), HeadError.badContentLength],
  ["a length with a space inside", withFields("Content-Length: 5 5"), HeadError.badContentLength],
  ["a length beyond 2^53", withFields("Content-Length: 9007199254740993"), HeadError.badContentLength],
  ["a length that wraps at 2^64", withFields("Content-Length: 18446744073709551621"), HeadError.badContentLength],
  ["digits of another script", withFields("Content-Length: \xb2"), HeadError.badContentLength],
  ["a coding that is not chunked", withFields("Transfer-Encoding: identity"), HeadError.badTransferEncoding],
  ["almost chunked", withFields("Transfer-Encoding: xchunked"), HeadError.badTransferEncoding],
  ["chunked cut off", withFields("Transfer-Encoding: chunke"), HeadError.badTransferEncoding],
  ["chunked before gzip", withFields("Transfer-Encoding: chunked, gzip"), HeadError.badTransferEncoding],
  ["chunked before identity", withFields("Transfer-Encoding: chunked, identity"), HeadError.badTransferEncoding],
  ["chunked twice", withFields("Transfer-Encoding: chunked, chunked"), HeadError.badTransferEncoding],
  [
    "chunked in two lines",
    withFields("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    HeadError.badTransferEncoding,
  ],
  [
    "chunked before identity in its own line",
    withFields("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    HeadError.badTransferEncoding,
  ],
  [
    "chunked hidden in another line",
    withFields("Transfer-Encoding: chunked", "Transfer-encoding: cow"),
    HeadError.badTransferEncoding,
  ],
  [
    "codings in two lines, of which readers may see one",
    withFields("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
    HeadError.badTransferEncoding,
  ],
  ["chunked with a parameter", withFields("Transfer-Encoding: chunked;q=1"), HeadError.badTransferEncoding],
  ["quoted chunked", withFields('Transfer-Encoding: "chunked"'), HeadError.badTransferEncoding],
  ["chunked in a quoted parameter", withFields('Transfer-Encoding: gzip;a=", chunked'), HeadError.badTransferEncoding],
  ["an empty element", withFields("Transfer-Encoding: , chunked"), HeadError.badTransferEncoding],
  ["a trailing comma", withFields("Transfer-Encoding: chunked,"), HeadError.badTransferEncoding],
  ["an empty coding", withFields("Transfer-Encoding:"), HeadError.badTransferEncoding],
  ["a space within chunked", withFields("Transfer-Encoding: chun ked"), HeadError.badTransferEncoding],
  ["chunked behind a vertical tab", withFields("Transfer-Encoding: \x0bchunked"), HeadError.badFieldValue],
  ["chunked behind NUL", withFields("Transfer-Encoding: \0chunked"), HeadError.badFieldValue],
  ["chunked after a no-break space", withFields("Transfer-Encoding: \xa0chunked"), HeadError.badTransferEncoding],
  [
    "chunked with HTTP/1.0",
    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    HeadError.badTransferEncoding,
  ],
  ["a space before the colon", withFields("Transfer-Encoding : chunked"), HeadError.spaceBeforeColon],
  ["a tab before the colon", withFields("Content-Length\t: 5"), HeadError.spaceBeforeColon],
  ["a space before the name", withFields("X: 1", " Transfer-Encoding: chunked"), HeadError.obsoleteFolding],
  ["a folded value", withFields("Transfer-Encoding:", " chunked"), HeadError.badTransferEncoding],
  ["a folded other value", withFields("X: 1", "\tTransfer-Encoding: chunked"), HeadError.obsoleteFolding],
  [
    "a space before the first field",
    "GET / HTTP/1.1\r\n Content-Length: 5\r\nHost: a\r\n\r\n",
    HeadError.obsoleteFolding,
  ],
  ["a NUL in a name", withFields("Content-Length\0: 5"), HeadError.badFieldName],
  ["an empty name", withFields(": 5"), HeadError.badFieldName],
  ["a line without a colon", withFields("Content-Length"), HeadError.badFieldName],
  ["a name in brackets", withFields("[Content-Length]: 5"), HeadError.badFieldName],
  ["a name with a letter beyond ASCII", withFields("Content-L\xe9ngth: 5"), HeadError.badFieldName],
  ["a carriage return in a value", withFields("X: 1\rContent-Length: 5"), HeadError.bareCarriageReturn],
  ["a line feed alone", withFields("X: 1\nTransfer-Encoding: chunked"), HeadError.bareLineFeed],
  ["two carriage returns", withFields("X: 1\r"), HeadError.bareCarriageReturn],
  ["an empty line of a line feed", "GET / HTTP/1.1\r\nHost: a\r\n\nX: 1\r\n\r\n", HeadError.bareLineFeed],
  ["an end of CR and something else", "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", HeadError.bareCarriageReturn],
  ["a request line that ends in LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", HeadError.bareLineFeed],
  ["a NUL in a value", withFields("X: a\0b"), HeadError.badFieldValue],
  ["DEL in a value", withFields("X: a\x7fb"), HeadError.badFieldValue],
  ["an escape sequence in a value", withFields("X: \x1b[2J"), HeadError.badFieldValue],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", HeadError.missingHost],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", HeadError.duplicateHost],
  ["one Host twice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", HeadError.duplicateHost],
  ["two Hosts in one", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", HeadError.badHost],
  ["a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HeadError.badHost],
  ["a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", HeadError.badHost],
  ["a Host with a query", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", HeadError.badHost],
  ["a Host with two ports", "GET / HTTP/1.1\r\nHost: a:80:81\r\n\r\n", HeadError.badHost],
  ["a Host with a port of letters", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", HeadError.badHost],
  ["a Host with a port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", HeadError.badHost],
  ["a Host of a port alone", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", HeadError.badHost],
  ["a Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", HeadError.badHost],
  ["a Host with words behind its bracket", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", HeadError.badHost],
  ["a Host beyond ASCII", "GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n", HeadError.badHost],
  ["a target for another Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", HeadError.hostMismatch],
  ["a target for another port", "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.hostMismatch],
  ["a target for https, a Host for http", "GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", HeadError.hostMismatch],
  ["a target for http, a Host for https", "GET http://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n", HeadError.hostMismatch],
  ["a tunnel to another Host", "CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", HeadError.hostMismatch],
  ["a tunnel to another port", "CONNECT a:8443 HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.hostMismatch],
  ["a target with a user", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["a target without authority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["a target with a fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["a target beyond ASCII", "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["a target with a tab", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["a relative target", "GET index.html HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["an asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["CONNECT with a path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["CONNECT without a port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["an authority with GET", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badTarget],
  ["a target with a space", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badVersion],
  ["two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badRequestLine],
  ["two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badVersion],
  ["a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", HeadError.badVersion],
  ["no version", "GET /\r\nHost: a\r\n\r\n", HeadError.badVersion],
  ["HTTP/0.9", "GET /\r\n", HeadError.badVersion],
  ["HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", HeadError.badVersion],
  ["HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", HeadError.badVersion],
  ["the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HeadError.badTarget],
  ["lower-case http", "GET / http/1.1\r\nHost: a\r\n\r\n", HeadError.badVersion],
  ["a space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.badRequestLine],
  ["a method in quotes", '"GET" / HTTP/1.1\r\nHost: a\r\n\r\n', HeadError.badMethod],
  ["a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01", HeadError.badMethod],
  ["a line feed first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.bareLineFeed],
  ["a carriage return first", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.bareCarriageReturn],
  ["endless empty lines", "\r\n".repeat(5), HeadError.badRequestLine],
];

for (const [what, text, code] of refused)
  test(`${what}: ${headErrorText(code)}`, () => {
    const seen = request(text);
    assert.equal(seen, code, typeof seen === "number" ? headErrorText(seen) : "it was accepted");
    const bytes = bytesOf(text);
    assert.equal(feedRequest(new RequestHead(), bytes, everyByte(bytes.length)), -code, "byte by byte");
  });

const read: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
  ["chunked in capitals", withFields("TRANSFER-ENCODING: CHUNKED"), { chunked: true, contentLength: -1 }],
  ["chunked behind a tab", withFields("Transfer-Encoding:\tchunked\t "), { chunked: true }],
  ["gzip, then chunked", withFields("Transfer-Encoding: gzip, chunked"), { chunked: true }],
  ["gzip with a parameter", withFields("Transfer-Encoding: gzip;q=1 ,chunked"), { chunked: true }],
  ["a length with zeros in front", withFields("Content-Length: 0005"), { contentLength: 5 }],
  ["the largest length", withFields("Content-Length: 9007199254740991"), { contentLength: Number.MAX_SAFE_INTEGER }],
  [
    "names that only look like it",
    withFields("Content_Length: 5", "XTransfer-Encoding: chunked"),
    { contentLength: -1, chunked: false },
  ],
  ["neither length nor chunked: no body", withFields("X: 1"), { contentLength: -1, chunked: false }],
  [
    "an absolute target and its Host",
    "GET http://A.example:80/x HTTP/1.1\r\nHost: a.EXAMPLE\r\n\r\n",
    { hostIndex: 0 },
  ],
  ["an absolute target of TLS", "GET https://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n", { hostIndex: 0 }],
  ["an absolute target with a query alone", "GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n", { hostIndex: 0 }],
  ["HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", { hostIndex: -1, minor: 0 }],
  ["an empty Host (RFC 9112 §3.2)", "GET / HTTP/1.1\r\nHost:\r\n\r\n", { hostIndex: 0 }],
  ["an IPv6 Host", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n", { hostIndex: 0 }],
  ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", { hostIndex: 0 }],
  ["CONNECT", "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n", { hostIndex: 0 }],
  ["CRLF in a percent escape stays text", "GET /%0d%0aX:%201 HTTP/1.1\r\nHost: a\r\n\r\n", { fields: [["Host", "a"]] }],
];

for (const [what, text, expected] of read)
  test(`${what} is read one way`, () => {
    const view = request(text);
    assert.ok(typeof view === "object", `refused: ${headErrorText(Number(view))}`);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(view[key], value, key);
    assert.equal(view.length, text.length);
  });
