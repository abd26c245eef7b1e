/** The table of test/interop/smuggling.test.ts. */

export interface AmbiguousRequest {
  readonly name: string;
  /** One character a byte. */
  readonly bytes: string;
  /** `one`: one request reaches the server, in one reading; `refused`: none does, the client gets 400. */
  readonly outcome: "one" | "refused";
  /** Where haproxy 2.6 does otherwise: what, and why we do not. */
  readonly haproxy?: { readonly outcome: "one" | "refused"; readonly why: string };
}

/** The target that no reader of what reaches a server may see. */
export const SMUGGLED = "/smuggled";
const HIDDEN = `GET ${SMUGGLED} HTTP/1.1\r\nHost: h\r\n\r\n`;

type Row = readonly [name: string, bytes: string, outcome: "one" | "refused", haproxyDoesOtherwise?: string];

/** A request whose field lines are under test; the body hides another request. */
const post = (fields: string, body: string): string => `POST /a HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n${body}`;
const CHUNKED = "Transfer-Encoding: chunked";
const lengthOf = (body: string): string => `Content-Length: ${body.length}`;
const ENDS_THEN_HIDDEN = `0\r\n\r\n${HIDDEN}`;
/** As if by length `hidden` were a body; without it, a request of its own. */
const withLength = (line: string): string => post(line, HIDDEN);
const withCoding = (lines: string): string => post(`${lines}\r\n${lengthOf(ENDS_THEN_HIDDEN)}`, ENDS_THEN_HIDDEN);
const chunks = (text: string): string => post(CHUNKED, text);
const get = (line: string, fields = ""): string => `${line}\r\nHost: h\r\n${fields}\r\n`;
const octets = HIDDEN.length;

// Why haproxy takes what we refuse.
const BOTH = "it goes by the chunks, and takes the length out; RFC 9112 §6.3 calls the pair an attempt to smuggle";
const ONE_LENGTH = "it makes one of them, as RFC 9112 §6.3 lets a recipient";
const LF = "it takes LF alone for the end of a line, as RFC 9112 §2.2 lets a recipient";
const FOLDS = "it unfolds lines, as RFC 9112 §5.2 lets a proxy";
const SPACES = "it takes other whitespace between words, as RFC 9112 §3 lets a recipient";
const HOSTS = "it does not look into Host, unless there is an authority to compare with";

const ROWS: readonly Row[] = [
  // Two lengths
  ["length and chunked", post(`${lengthOf(ENDS_THEN_HIDDEN)}\r\n${CHUNKED}`, ENDS_THEN_HIDDEN), "refused", BOTH],
  ["chunked and length", post(`${CHUNKED}\r\n${lengthOf(ENDS_THEN_HIDDEN)}`, ENDS_THEN_HIDDEN), "refused", BOTH],
  ["two lengths, the first right", withLength(`Content-Length: ${octets}\r\nContent-Length: 0`), "refused"],
  ["two lengths, the second right", withLength(`Content-Length: 0\r\nContent-Length: ${octets}`), "refused"],
  [
    "the same length twice",
    withLength(`Content-Length: ${octets}\r\nContent-Length: ${octets}`),
    "refused",
    ONE_LENGTH,
  ],
  ["a list of the same length", withLength(`Content-Length: ${octets}, ${octets}`), "refused", ONE_LENGTH],
  ["a list of lengths", withLength(`Content-Length: 0, ${octets}`), "refused"],
  // Lengths that are none
  ["a length with a sign", withLength(`Content-Length: +${octets}`), "refused"],
  ["a negative length", withLength("Content-Length: -1"), "refused"],
  ["a hexadecimal length", withLength(`Content-Length: 0x${octets.toString(16)}`), "refused"],
  ["a length with a space in it", withLength(`Content-Length: ${octets} 0`), "refused"],
  ["a length with an exponent", withLength("Content-Length: 4e1"), "refused"],
  ["a length with a fraction", withLength(`Content-Length: ${octets}.0`), "refused"],
  ["an empty length", withLength("Content-Length:"), "refused"],
  ["a length that wraps at 2^64", withLength(`Content-Length: ${2n ** 64n + BigInt(octets)}`), "refused"],
  ["a length between semicolons", withLength(`Content-Length: ${octets};0`), "refused"],
  ["a length with zeros before", withLength(`Content-Length: 000${octets}`), "one"],
  ["a length with blanks around", withLength(`Content-Length: \t ${octets} \t`), "one"],
  // Transfer codings
  ["chunked in capitals", post("TRANSFER-ENCODING: CHUNKED", "0\r\n\r\n"), "one"],
  ["a coding that is not chunked", withCoding("Transfer-Encoding: identity"), "refused"],
  ["almost chunked", withCoding("Transfer-Encoding: xchunked"), "refused"],
  ["chunked, then identity", withCoding("Transfer-Encoding: chunked, identity"), "refused"],
  ["identity, then chunked", withCoding("Transfer-Encoding: identity, chunked"), "refused"],
  ["chunked twice", post("Transfer-Encoding: chunked, chunked", ENDS_THEN_HIDDEN), "refused"],
  ["chunked in two lines", post(`${CHUNKED}\r\n${CHUNKED}`, ENDS_THEN_HIDDEN), "refused"],
  ["chunked, and a cow", post(`${CHUNKED}\r\nTransfer-Encoding: cow`, ENDS_THEN_HIDDEN), "refused"],
  ["a cow, and chunked", post(`Transfer-Encoding: cow\r\n${CHUNKED}`, ENDS_THEN_HIDDEN), "refused"],
  ["chunked with a parameter", post("Transfer-Encoding: chunked;q=1", ENDS_THEN_HIDDEN), "refused"],
  ["chunked in quotes", post('Transfer-Encoding: "chunked"', ENDS_THEN_HIDDEN), "refused"],
  ["a comma before chunked", post("Transfer-Encoding: ,chunked", ENDS_THEN_HIDDEN), "refused"],
  [
    "a comma behind chunked",
    post("Transfer-Encoding: chunked,", ENDS_THEN_HIDDEN),
    "refused",
    "it passes over empty elements of lists",
  ],
  ["a vertical tab before chunked", withCoding("Transfer-Encoding: \x0bchunked"), "refused"],
  ["a NUL behind chunked", withCoding("Transfer-Encoding: chunked\0"), "refused"],
  ["an empty coding", withCoding("Transfer-Encoding:"), "refused"],
  [
    "chunked in HTTP/1.0",
    `POST /a HTTP/1.0\r\nHost: h\r\n${CHUNKED}\r\n\r\n${ENDS_THEN_HIDDEN}`,
    "refused",
    "RFC 9112 §6.1 has the framing of such a message called faulty",
  ],
  // Field lines
  ["a space before the colon", withCoding("Transfer-Encoding : chunked"), "refused"],
  ["a tab before the colon", withCoding("Transfer-Encoding\t: chunked"), "refused"],
  ["a space before the name", withCoding("X: y\r\n Transfer-Encoding: chunked"), "refused", FOLDS],
  ["a folded value", withCoding("Transfer-Encoding:\r\n chunked"), "refused", FOLDS],
  [
    "whitespace before the first field",
    `POST /a HTTP/1.1\r\n ${CHUNKED}\r\nHost: h\r\n\r\n${ENDS_THEN_HIDDEN}`,
    "refused",
  ],
  ["a NUL in a name", withCoding("Transfer-Encoding\0: chunked"), "refused"],
  ["a line without a colon", withCoding("Transfer-Encoding chunked"), "refused"],
  ["a name that is empty", withCoding(": chunked"), "refused"],
  ["a CR in a value", withCoding("X: y\rTransfer-Encoding: chunked"), "refused"],
  ["an LF that ends a line", withCoding("X: y\nTransfer-Encoding: chunked"), "refused", LF],
  ["an LF that ends the head", `GET /a HTTP/1.1\r\nHost: h\r\n\n${HIDDEN}`, "refused", LF],
  ["two CRs before an LF", `GET /a HTTP/1.1\r\nHost: h\r\r\n\r\n`, "refused"],
  ["a length that Connection names", post(`${lengthOf(HIDDEN)}\r\nConnection: Content-Length`, HIDDEN), "one"],
  ["a coding that Connection names", post(`${CHUNKED}\r\nConnection: transfer-encoding`, "0\r\n\r\n"), "one"],
  // Request lines
  ["a request line that LF ends", "GET /a HTTP/1.1\nHost: h\r\n\r\n", "refused", LF],
  ["two spaces", get("GET  /a HTTP/1.1"), "refused", SPACES],
  ["a tab for a space", get("GET\t/a HTTP/1.1"), "refused", SPACES],
  ["a space behind the version", get("GET /a HTTP/1.1 "), "refused"],
  ["a space in the target", get(`GET /a HTTP/1.1${SMUGGLED} HTTP/1.1`), "refused"],
  ["a version in small letters", get("GET /a http/1.1"), "refused"],
  ["a version of three digits", get("GET /a HTTP/1.10"), "refused"],
  ["HTTP/0.9", `GET /a\r\n${HIDDEN}`, "refused"],
  ["a colon in the method", get("GET: /a HTTP/1.1"), "refused"],
  ["an absolute target for another host", get("GET http://other/a HTTP/1.1"), "refused"],
  ["a target for http, a Host for https", "GET http://h/a HTTP/1.1\r\nHost: h:443\r\n\r\n", "refused"],
  ["a target for https, a Host for http", "GET https://h/a HTTP/1.1\r\nHost: h:80\r\n\r\n", "refused"],
  ["a tunnel to another host", "CONNECT other:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "refused"],
  ["a tunnel to another port", "CONNECT h:8443 HTTP/1.1\r\nHost: h\r\n\r\n", "refused"],
  ["a version of HTTP/1.x that is to come", get("GET /a HTTP/1.7"), "one"],
  ["credentials in the target", get("GET http://h@other/a HTTP/1.1"), "refused"],
  ["a fragment", get("GET /a#b HTTP/1.1"), "refused"],
  ["a CR in the target", get("GET /a\rb HTTP/1.1"), "refused"],
  // Hosts
  ["two hosts", "GET /a HTTP/1.1\r\nHost: h\r\nHost: other\r\n\r\n", "refused"],
  ["the same host twice", "GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "refused", "it makes one of them"],
  ["no host", "GET /a HTTP/1.1\r\n\r\n", "refused", "RFC 9112 §3.2 has a server answer 400"],
  ["a list of hosts", "GET /a HTTP/1.1\r\nHost: h, other\r\n\r\n", "refused", HOSTS],
  ["a path in the host", "GET /a HTTP/1.1\r\nHost: h/b\r\n\r\n", "refused", HOSTS],
  // Chunks
  ["a chunk size of zero digits", chunks(`;x\r\n${ENDS_THEN_HIDDEN}`), "refused"],
  ["a chunk size with 0x", chunks(`0x5\r\nabcde\r\n0\r\n\r\n`), "refused"],
  ["a chunk size with a sign", chunks("+5\r\nabcde\r\n0\r\n\r\n"), "refused"],
  ["a negative chunk size", chunks("-1\r\nabcde\r\n0\r\n\r\n"), "refused"],
  ["a chunk size that overflows", chunks("10000000000000005\r\nabcde\r\n0\r\n\r\n"), "refused"],
  ["a chunk size that LF ends", chunks("5\nabcde\r\n0\r\n\r\n"), "refused", LF],
  ["a chunk size that CR ends", chunks("5\rabcde\r\n0\r\n\r\n"), "refused"],
  ["a chunk that LF ends", chunks("5\r\nabcde\n0\r\n\r\n"), "refused", LF],
  ["a chunk that is longer than its size", chunks("5\r\nabcdefg\r\n0\r\n\r\n"), "refused"],
  ["a chunk extension with an LF", chunks(`5;x\ny\r\nabcde\r\n0\r\n\r\n`), "refused"],
  ["a chunk extension with a CR", chunks("5;x\ry\r\nabcde\r\n0\r\n\r\n"), "refused"],
  ["a trailer that LF ends", chunks("0\r\nX: y\n\r\n"), "refused", LF],
  ["a folded trailer", chunks("0\r\nX: y\r\n z\r\n\r\n"), "refused", FOLDS],
  ["a trailer that is no field", chunks("0\r\nxyz\r\n\r\n"), "refused"],
  ["a last chunk of many zeros", chunks("00000000\r\n\r\n"), "one"],
  ["a chunk extension", chunks(`5;x="y"\r\nabcde\r\n0\r\n\r\n`), "one"],
  // Bodies where none is expected
  ["GET with a body", `GET /a HTTP/1.1\r\nHost: h\r\n${lengthOf(HIDDEN)}\r\n\r\n${HIDDEN}`, "one"],
  ["GET with chunks", `GET /a HTTP/1.1\r\nHost: h\r\n${CHUNKED}\r\n\r\n0\r\n\r\n`, "one"],
  ["HEAD with a body", `HEAD /a HTTP/1.1\r\nHost: h\r\n${lengthOf(HIDDEN)}\r\n\r\n${HIDDEN}`, "one"],
];

export const AMBIGUOUS: readonly AmbiguousRequest[] = ROWS.map(([name, bytes, outcome, why]) => ({
  name,
  bytes,
  outcome,
  ...(why === undefined ? {} : { haproxy: { outcome: outcome === "one" ? "refused" : "one", why } }),
}));
