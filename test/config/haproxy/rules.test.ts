/** ACLs, conditions and the rules that hang on them, as they are read (configuration manual §7). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AclTest, Condition, FrontendRules } from "../../../src/config/haproxy/rules/model.js";
import { type Outcome, read, WORLD } from "./support.js";

const files: Record<string, string> = { "/names": "# ours\n\n  a.example\nb.example\n" };

const outcome = (lines: string, mode = "tcp"): Outcome =>
  read(
    `defaults
mode ${mode}
timeout connect 1s
timeout client 1s
timeout server 1s
frontend f
bind :443
tcp-request inspect-delay 5s
${lines}
default_backend b
backend b
server s 192.0.2.1:80 check
backend c
server s 192.0.2.1:80 check
`,
    { ...WORLD, readFile: (path) => files[path] },
  );

/** What else a rule could be told of is told elsewhere. */
const UNUSED = "notice[unused-backend]";
const codesOf = (lines: string, mode?: string): readonly string[] =>
  outcome(lines, mode).codes.filter((code) => code !== UNUSED);

function rules(lines: string, mode?: string): FrontendRules {
  const { configuration, codes } = outcome(lines, mode);
  assert.deepEqual(
    codes.filter((code) => code !== UNUSED),
    [],
  );
  return configuration.frontends[0]!.rules;
}

const conditionOf = (text: string): Condition => rules(`tcp-request content reject ${text}`).content[0]!.condition!;

/** The one test of `{ … }`. */
const testOf = (text: string): AclTest => conditionOf(`if { ${text} }`).alternatives[0]![0]!.tests[0]!;

describe("a test", () => {
  const cases: readonly (readonly [text: string, fetch: string, matcher: unknown])[] = [
    ["src 10.0.0.0/8 192.0.2.1", "src", address(["10.0.0.0", 8], ["192.0.2.1", 32])],
    ["src 10.0.0.0/255.0.0.0", "src", address(["10.0.0.0", 8])],
    ["src 2001:db8::/32", "src", { kind: "address", networks: [{ family: 6, address: "2001:db8::", bits: 32 }] }],
    ["dst_port 80 443", "dst_port", numbers([80, 80], [443, 443])],
    ["dst_port 1000:2000", "dst_port", numbers([1000, 2000])],
    ["dst_port ge 1024", "dst_port", numbers([1024, Number.MAX_SAFE_INTEGER])],
    ["req.len gt 10", "req.len", numbers([11, Number.MAX_SAFE_INTEGER])],
    ["req.len lt 10", "req.len", numbers([-Number.MAX_SAFE_INTEGER, 9])],
    ["req.ssl_hello_type 1", "req.ssl_hello_type", numbers([1, 1])],
    ["req_ssl_ver 3.1", "req.ssl_ver", numbers([0x30001, 0x30001])],
    ["req.ssl_ver 2:3.1", "req.ssl_ver", numbers([0x20000, 0x30001])],
    ["req.ssl_ver gt 3", "req.ssl_ver", numbers([0x30001, Number.MAX_SAFE_INTEGER])],
    ["req.ssl_sni -i A.example", "req.ssl_sni", text("str", true, "A.example")],
    ["req_ssl_sni -m end .example", "req.ssl_sni", text("end", false, ".example")],
    ["req.ssl_sni -f /names c.example", "req.ssl_sni", text("str", false, "a.example", "b.example", "c.example")],
    ["req.ssl_sni -m found", "req.ssl_sni", { kind: "found" }],
    ["req.ssl_sni -- -i", "req.ssl_sni", text("str", false, "-i")],
    ["path_beg /api", "path", text("beg", false, "/api")],
    ["hdr_dom(Host) -i example", "req.hdr", text("dom", true, "example")],
    ["path -m len 5:9", "path", { kind: "length", ranges: [{ least: 5, most: 9 }] }],
    ["ssl_fc", "ssl_fc", { kind: "boolean" }],
  ];
  for (const [line, fetch, matcher] of cases)
    test(line, () => {
      const { sample, matcher: read } = testOf(line);
      assert.deepEqual([sample.fetch, read], [fetch, matcher]);
    });

  test("converters stand behind the sample", () =>
    assert.deepEqual(testOf("hdr(host),lower a.example").sample, {
      fetch: "req.hdr",
      argument: "host",
      converters: ["lower"],
    }));
});

describe("a condition", () => {
  /** Names stand for tests on ports. */
  const ACLS = "acl a dst_port 1\nacl b dst_port 2\nacl c dst_port 3\n";
  const shape = (condition: string): unknown => {
    const { negated, alternatives } = rules(`${ACLS}tcp-request content reject ${condition}`).content[0]!.condition!;
    const terms = alternatives.map((alternative) =>
      alternative.map(({ negated: isNot, tests }) => {
        const ports = tests.map(({ matcher }) => (matcher.kind === "number" ? matcher.ranges[0]!.least : "?"));
        return `${isNot ? "!" : ""}${ports.join("|")}`;
      }),
    );
    return [negated ? "unless" : "if", ...terms];
  };
  const cases: readonly (readonly [condition: string, expected: unknown])[] = [
    ["if a b", ["if", ["1", "2"]]],
    ["if a b or c", ["if", ["1", "2"], ["3"]]],
    ["if a || b !c", ["if", ["1"], ["2", "!3"]]],
    ["unless a", ["unless", ["1"]]],
    ["if ! a", ["if", ["!1"]]],
    ["if !!a", ["if", ["1"]]],
    ["if !{ dst_port 9 } a", ["if", ["!9", "1"]]],
  ];
  for (const [condition, expected] of cases) test(condition, () => assert.deepEqual(shape(condition), expected));

  test("several ACLs of a name are alternatives, also one that stands below the rule", () => {
    const { content } = rules("acl a dst_port 1\ntcp-request content reject if a\nacl a dst_port 2");
    assert.equal(content[0]!.condition!.alternatives[0]![0]!.tests.length, 2);
  });

  test("predefined ACLs are there without being declared, and may be declared anew", () => {
    assert.equal(conditionOf("if WAIT_END").alternatives[0]![0]!.tests[0]!.sample.fetch, "wait_end");
    const { content } = rules("acl TRUE dst_port 1\ntcp-request content reject if TRUE");
    assert.equal(content[0]!.condition!.alternatives[0]![0]!.tests[0]!.sample.fetch, "dst_port");
  });
});

test("rules keep their order, and backends become numbers", () => {
  const { connection, content, inspectDelay, useBackend } = rules(
    "tcp-request connection expect-proxy layer4 if { src 192.0.2.0/24 }\ntcp-request connection reject unless LOCALHOST\n" +
      "tcp-request content accept if { req.ssl_hello_type 1 }\nuse_backend c if { req.ssl_sni c.example }\nuse_backend b",
  );
  assert.deepEqual(
    connection.map(({ action }) => action),
    ["expect-proxy", "reject"],
  );
  assert.deepEqual([content.length, inspectDelay], [1, 5000]);
  assert.deepEqual(
    useBackend.map(({ action, condition }) => [action.backend, condition !== undefined]),
    [
      [1, true],
      [0, false],
    ],
  );
});

describe("what is wrong is said", () => {
  const rule = (condition: string): string => `tcp-request content reject if ${condition}`;
  const cases: readonly (readonly [line: string, codes: readonly string[], mode?: string])[] = [
    [rule("unknown"), ["error[unknown-acl]"]],
    [rule("{ req.ssl_snl a }"), ["error[unknown-sample]"]],
    [rule("{ src_conn_rate gt 10 }"), ["error[not-supported]"]],
    [rule("{ urlp_beg(a) b }"), ["error[not-supported]"]],
    [rule("{ src 10.0.0.0/33 }"), ["error[bad-pattern]"]],
    [rule("{ src 10.0.0.0/255.0.255.0 }"), ["error[bad-pattern]"]],
    [rule("{ dst_port http }"), ["error[bad-pattern]"]],
    [rule("{ path_reg ( }"), ["error[bad-pattern]"]],
    [rule("{ req.ssl_sni -f /missing }"), ["error[unreadable-file]"]],
    [rule("{ req.ssl_sni -m ip 1 }"), ["error[not-supported]"]],
    [rule("{ path_beg -m end / }"), ["error[bad-value]"]],
    [rule("{ req.ssl_sni,field(1,.) a }"), ["error[not-supported]"]],
    [rule("{ hdr a }"), ["error[not-supported]"]],
    [rule("{ ssl_fc 1 }"), ["error[extra-argument]"]],
    [rule("{ src 192.0.2.1"), ["error[bad-condition]"]],
    [rule("{ }"), ["error[bad-condition]"]],
    [rule("or TRUE"), ["error[bad-condition]"]],
    [rule("TRUE or"), ["error[bad-condition]"]],
    [rule("TRUE !"), ["error[bad-condition]"]],
    [rule("HTTP_1.1"), ["error[not-supported]"]],
    [rule(""), ["error[missing-argument]"]],
    ["tcp-request content reject TRUE", ["error[bad-value]"]],
    ["tcp-request content track-sc0 src", ["error[not-supported]"]],
    ["tcp-request content refuse", ["error[bad-value]"]],
    ["tcp-request connection expect-proxy", ["error[missing-argument]"]],
    ["use_backend nowhere", ["error[unknown-backend]"]],
    ["use_backend %[src]", ["error[not-supported]"]],
    ["acl a", ["error[missing-argument]"]],
    ["acl a path", ["warning[no-pattern]"]],
    // Nobody has sent anything yet.
    ["tcp-request connection reject if { req.len gt 0 }", ["warning[never-matches]"]],
    // Without a content rule nothing waits for the name.
    ["use_backend c if { req.ssl_sni c.example }", ["warning[no-inspection]"]],
    ["use_backend c if { path_beg /c }", [], "http"],
    ["tcp-request inspect-delay 0\ntcp-request content reject if { req.len 1 }", ["warning[no-inspect-delay]"]],
  ];
  for (const [line, codes, mode] of cases) test(line, () => assert.deepEqual(codesOf(line, mode), codes));
});

function address(...networks: readonly (readonly [address: string, bits: number])[]) {
  return { kind: "address", networks: networks.map(([at, bits]) => ({ family: 4, address: at, bits })) };
}

function numbers(...ranges: readonly (readonly [least: number, most: number])[]) {
  return { kind: "number", ranges: ranges.map(([least, most]) => ({ least, most })) };
}

function text(method: string, ignoreCase: boolean, ...patterns: string[]) {
  return { kind: "text", method, ignoreCase, patterns };
}

test("a rule without a condition holds always", () => {
  for (const line of ["connection accept", "connection expect-proxy layer4", "content reject", "content silent-drop"])
    assert.deepEqual(codesOf(`tcp-request ${line}`), [], line);
});
