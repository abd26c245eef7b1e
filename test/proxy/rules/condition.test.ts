/** Conditions asked about what has come so far, without a socket. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ClientAddress } from "../../../src/proxy/client-address.js";
import { compileCondition, type Test } from "../../../src/proxy/rules/condition.js";
import { type Client, Evidence } from "../../../src/proxy/rules/evidence.js";
import { Verdict } from "../../../src/proxy/rules/verdict.js";
import { readConfiguration } from "../../support/proxy.js";

const { pass, fail, unknown } = Verdict;

function condition(text: string): Test {
  const configuration = readConfiguration(`frontend f
    mode tcp
    tcp-request inspect-delay 1s
    tcp-request content reject ${text}
`);
  return compileCondition(configuration.frontends[0]!.rules.content[0]!.condition);
}

function client(address: string, port = 1234): Client {
  const proxied = ClientAddress.proxied({
    source: { address, port },
    destination: { address: address.includes(":") ? "2001:db8::80" : "198.51.100.80", port: 443 },
  });
  return { address: proxied, localAddress: () => proxied.destination! };
}

const evidence = new Evidence();
const someone = client("192.0.2.7");

/** The verdict about `text`, as bytes that have come. */
function ask(test: Test, text: string | Uint8Array, isFinal = false): number {
  const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  return test(evidence.ofBytes(someone, bytes, 0, bytes.length, isFinal));
}

describe("addresses", () => {
  const cases: readonly (readonly [test: string, address: string, expected: boolean])[] = [
    ["src 192.0.2.0/24", "192.0.2.7", true],
    ["src 192.0.2.0/29", "192.0.2.8", false],
    ["src 0.0.0.0/0", "203.0.113.9", true],
    ["src 192.0.2.0/24", "2001:db8::1", false],
    ["src 2001:db8::/33", "2001:db8:7fff::1", true],
    ["src 2001:db8::/33", "2001:db8:8000::1", false],
    ["src 2001:db8::1", "2001:db8::1", true],
    // An IPv4 address is looked for in its IPv6 form, too (RFC 4291 §2.5.5.2).
    ["src ::ffff:192.0.2.0/120", "192.0.2.7", true],
    ["src 192.0.2.0/24", "::ffff:192.0.2.7", true],
    ["dst 198.51.100.80", "192.0.2.7", true],
    ["dst_port 443", "192.0.2.7", true],
    ["src_port 1000:2000", "192.0.2.7", true],
    ["src 127.1.2.3/8", "127.9.9.9", true],
  ];
  for (const [text, address, expected] of cases)
    test(`${text} of ${address}`, () =>
      assert.equal(condition(`if { ${text} }`)(evidence.ofClient(client(address))), expected ? pass : fail));
});

describe("HTTP, also where it is only passed on", () => {
  const REQUEST =
    "GET http://a.example/Api/v1/x.png?q=1 HTTP/1.1\r\nHost: a.example\r\nX-L: one, Two\r\nx-l: three\r\n\r\nrest";
  const cases: readonly (readonly [test: string, expected: boolean])[] = [
    ["path /Api/v1/x.png", true],
    ["path -i /api/V1/X.png", true],
    ["path_beg /Api/", true],
    ["path_beg /api/", false],
    ["path_end .png .gif", true],
    ["path_sub v1", true],
    ["path_dir v1", true],
    ["path_dir v", false],
    ["path_dir Api/v1", true],
    ["path_reg ^/[A-Z].*png$", true],
    ["path,lower /api/v1/x.png", true],
    ["query q=1", true],
    ["url_beg http://a", true],
    ["method GET POST", true],
    ["method POST", false],
    ["hdr(host) a.example", true],
    ["hdr_dom(host) example", true],
    ["hdr_dom(host) ample", false],
    // Values are parted at commas, and lines of one name are all looked at.
    ["hdr(X-l) Two", true],
    ["hdr(x-L) three", true],
    ["hdr(x-l) one,", false],
    ["req.fhdr(x-l) -m sub one,", true],
    ["hdr(none) -m found", false],
    ["hdr(x-l) -m found", true],
    ["path -m len 13", true],
    ["req.proto_http", true],
  ];
  for (const [text, expected] of cases)
    test(text, () => assert.equal(ask(condition(`if { ${text} }`), REQUEST), expected ? pass : fail));

  test("no part of a head decides, wherever it is cut", () => {
    const test = condition("if { hdr(x-l) three }");
    for (let end = 0; end < REQUEST.indexOf("rest"); end++) {
      assert.equal(ask(test, REQUEST.slice(0, end)), unknown, `${end} bytes`);
      assert.equal(ask(test, REQUEST.slice(0, end), true), fail, `the last ${end} bytes`);
    }
  });

  test("what cannot become a request fails at once", () => {
    assert.equal(ask(condition("if HTTP"), "SSH-2.0-x\r\n"), fail);
    assert.equal(ask(condition("if HTTP"), "\x16\x03\x01"), fail);
  });

  test("the asterisk has no path", () => {
    assert.equal(ask(condition("if { path -m found }"), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), fail);
    assert.equal(ask(condition("if HTTP_URL_STAR"), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), pass);
  });
});

describe("three values", () => {
  // Nothing has come: `req.len 5` may yet hold, the constants do not change.
  const cases: readonly (readonly [condition: string, expected: number])[] = [
    ["if { req.len 5 }", unknown],
    ["if !{ req.len 5 }", unknown],
    ["if { req.len 5 } TRUE", unknown],
    ["if FALSE { req.len 5 }", fail],
    ["if { req.len 5 } or TRUE", pass],
    ["if { req.len 5 } or FALSE", unknown],
    ["unless { req.len 5 } or TRUE", fail],
    ["if { req.len lt 5 }", pass],
    ["if WAIT_END", unknown],
    ["if !FALSE", pass],
    ["unless TRUE", fail],
  ];
  for (const [text, expected] of cases) test(text, () => assert.equal(ask(condition(text), ""), expected));

  test("in the end nothing is unknown", () => {
    for (const [text] of cases) assert.notEqual(ask(condition(text), "", true), unknown, text);
    assert.equal(ask(condition("if WAIT_END"), "", true), pass);
  });
});

test("no bytes make a condition throw, and no cut changes a verdict once it is known", () => {
  const tests = [
    "{ req.ssl_sni -m found }",
    "{ req.ssl_ver 3 }",
    "{ path_beg / }",
    "{ hdr(host) -m found }",
    "HTTP",
    "METH_GET",
  ].map((text) => condition(`if ${text}`));
  const begins = fc.constantFrom("", "GET / HTTP/1.1\r\n", "\x16\x03\x01\x00\x10\x01\x00\x00\x0c\x03\x03");
  fc.assert(
    fc.property(begins, fc.uint8Array({ maxLength: 80 }), (begin, rest) => {
      const bytes = Buffer.concat([Buffer.from(begin, "latin1"), rest]);
      for (const test of tests) {
        let known: number = unknown;
        for (let end = 0; end <= bytes.length; end++) {
          const verdict = ask(test, bytes.subarray(0, end));
          if (known !== unknown) assert.equal(verdict, known);
          known = verdict;
        }
        assert.notEqual(ask(test, bytes, true), unknown);
      }
    }),
  );
});
