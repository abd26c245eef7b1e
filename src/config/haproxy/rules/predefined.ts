/** The ACLs that are there without being declared (configuration manual §7.4). */
import type { FetchName } from "./fetches.js";
import type { AclTest, Matcher } from "./model.js";

const test = (fetch: FetchName, matcher: Matcher, argument?: string): AclTest => ({
  sample: { fetch, argument, converters: [] },
  matcher,
});
const TRUE: Matcher = { kind: "boolean" };
const positive: Matcher = { kind: "number", ranges: [{ least: 1, most: Number.MAX_SAFE_INTEGER }] };
const text = (method: "str" | "beg" | "reg", ...patterns: string[]): Matcher => ({
  kind: "text",
  method,
  ignoreCase: false,
  patterns,
});
const method = (...names: string[]): [AclTest] => [test("method", text("str", ...names))];

export const PREDEFINED_ACLS: ReadonlyMap<string, readonly AclTest[]> = new Map([
  ["TRUE", [test("always_true", TRUE)]],
  ["FALSE", [test("always_false", TRUE)]],
  [
    "LOCALHOST",
    [
      test("src", {
        kind: "address",
        networks: [
          { family: 4, address: "127.0.0.0", bits: 8 },
          { family: 6, address: "::1", bits: 128 },
        ],
      }),
    ],
  ],
  ["WAIT_END", [test("wait_end", TRUE)]],
  ["REQ_CONTENT", [test("req.len", positive)]],
  ["HTTP", [test("req.proto_http", TRUE)]],
  ["HTTP_URL_ABS", [test("url", text("reg", "^[^/:]*://"))]],
  ["HTTP_URL_SLASH", [test("url", text("beg", "/"))]],
  ["HTTP_URL_STAR", [test("url", text("str", "*"))]],
  // A request for the head alone is one for the whole, as far as rules go.
  ["METH_GET", method("GET", "HEAD")],
  ...["CONNECT", "DELETE", "HEAD", "OPTIONS", "POST", "PUT", "TRACE"].map((name): [string, AclTest[]] => [
    `METH_${name}`,
    method(name),
  ]),
]);

export const PLANNED_ACLS: readonly string[] = "HTTP_1.0 HTTP_1.1 HTTP_2.0 HTTP_3.0 HTTP_CONTENT RDP_COOKIE".split(" ");
