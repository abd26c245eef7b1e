/** `http-request` rules as they are read (configuration manual §4.2). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HttpRequestAction } from "../../../src/config/haproxy/rules/model.js";
import { type Outcome, read, WORLD } from "./support.js";

const files: Record<string, string> = { "/page": "HTTP/1.1 418 Tea\r\n\r\n", "/text": "plain words" };

const outcome = (lines: string, mode = "http"): Outcome =>
  read(
    `defaults
mode ${mode}
timeout connect 1s
timeout client 2s
timeout server 3s
listen web
bind :80
${lines}
server s 192.0.2.1:80 check
`,
    { ...WORLD, readFile: (path) => files[path] },
  );

function actionOf(line: string): HttpRequestAction {
  const { configuration, codes } = outcome(`http-request ${line}`);
  assert.deepEqual(codes, []);
  const [rule] = configuration.frontends[0]!.rules.httpRequest;
  return rule!.action;
}

const page = (status: number): unknown => ({ status, content: { kind: "page" } });
const body = (status: number, text = "", type?: string, fields: unknown = []): unknown => ({
  status,
  content: { kind: "body", text, type, fields },
});

describe("an action", () => {
  const cases: readonly (readonly [line: string, action: unknown])[] = [
    ["allow", { kind: "allow" }],
    ["reject if { src 192.0.2.1 }", { kind: "reject" }],
    ["silent-drop unless { path /a }", { kind: "silent-drop" }],
    ["disable-l7-retry if METH_POST", { kind: "disable-l7-retry" }],
    ["deny", { kind: "deny", reply: page(403) }],
    ["deny deny_status 429 if { path / }", { kind: "deny", reply: page(429) }],
    ["tarpit", { kind: "tarpit", reply: page(500) }],
    ["tarpit status 404 default-errorfiles", { kind: "tarpit", reply: page(404) }],
    ["deny status 418 hdr X-Pot tea", { kind: "deny", reply: body(418, "", undefined, [["x-pot", "tea"]]) }],
    ["return", { kind: "return", reply: body(200) }],
    ["return status 204", { kind: "return", reply: body(204) }],
    ["return content-type a/b string hello", { kind: "return", reply: body(200, "hello", "a/b") }],
    ["return content-type a/b file /text", { kind: "return", reply: body(200, "plain words", "a/b") }],
    [
      "return errorfile /page",
      { kind: "return", reply: { status: 200, content: { kind: "response", text: files["/page"] } } },
    ],
    [
      "return content-type a/b string hello hdr Up 100%% hdr to 'you all'",
      {
        kind: "return",
        reply: body(200, "hello", "a/b", [
          ["up", "100%"],
          ["to", "you all"],
        ]),
      },
    ],
  ];
  for (const [line, action] of cases) test(line, () => assert.deepEqual(actionOf(line), action));
});

describe("refused", () => {
  const cases: readonly (readonly [line: string, code: string])[] = [
    ["deny deny_status 418", "bad-value"],
    ["return status 199", "bad-number"],
    ["return status 418 errorfile /page", "bad-value"],
    ["return errorfile /text", "bad-error-page"],
    ["return content-type a/b file /nowhere", "unreadable-file"],
    ["return string hello", "missing-argument"],
    ["return content-type", "missing-argument"],
    ["return status 204 content-type a/b string hello", "bad-value"],
    ["return content-type a/b lf-string %[src]", "not-supported"],
    ["return hdr x-client %[src]", "not-supported"],
    ["return hdr x:y 1", "bad-value"],
    ["deny when-it-rains", "bad-value"],
    ["allow deny_status 403", "extra-argument"],
    ["set-header x y", "not-supported"],
    ["set-var(txn.x) src", "not-supported"],
    ["tarpot", "bad-value"],
    ["deny if nothing", "unknown-acl"],
  ];
  for (const [line, code] of cases)
    test(line, () => assert.deepEqual(outcome(`http-request ${line}`).codes, [`error[${code}]`]));
});

describe("said aloud", () => {
  test("fields that a page does not get", () =>
    assert.deepEqual(outcome("http-request return errorfile /page hdr a b").codes, ["warning[no-effect]"]));
  test("a type of nothing", () =>
    assert.deepEqual(outcome("http-request return content-type a/b").codes, ["warning[no-effect]"]));
  test("rules where there are no requests", () =>
    assert.deepEqual(outcome("http-request deny", "tcp").codes, ["warning[needs-http]"]));
});

test("timeout tarpit falls back to timeout connect", () => {
  const half = (lines: string): unknown[] => {
    const { frontends, backends } = outcome(lines).configuration;
    return [frontends[0]!.timeoutTarpit, backends[0]!.timeoutTarpit];
  };
  assert.deepEqual(half(""), [1000, 1000]);
  assert.deepEqual(half("timeout tarpit 7s"), [7000, 7000]);
});
