import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { otherTransport, parseAddress, parseLocalAddress } from "../../../src/config/haproxy/address.js";

const any = (family: 4 | 6) => ({ kind: "any", family });
const numeric = (address: string, family: 4 | 6) => ({ kind: "numeric", address, family });
const name = (text: string, family?: 4 | 6) => ({ kind: "name", name: text, family });

describe("addresses", () => {
  for (const [text, host, first, last] of [
    [":80", any(4), 80, 80],
    ["*:80", any(4), 80, 80],
    ["0.0.0.0:80", any(4), 80, 80],
    ["192.0.2.1:8000-8010", numeric("192.0.2.1", 4), 8000, 8010],
    ["[::]:80", any(6), 80, 80],
    [":::80", any(6), 80, 80],
    ["[2001:db8::1]:443", numeric("2001:db8::1", 6), 443, 443],
    ["2001:db8::1:443", numeric("2001:db8::1", 6), 443, 443],
    ["ipv6@:80", any(6), 80, 80],
    ["ipv4@192.0.2.1:1", numeric("192.0.2.1", 4), 1, 1],
    ["tcp4@app:65535", name("app", 4), 65_535, 65_535],
    ["app-1.example:80", name("app-1.example"), 80, 80],
  ] as const)
    test(`${text}`, () => assert.deepEqual(parseAddress(text), { ok: true, value: { host, ports: { first, last } } }));

  for (const [text, host] of [
    ["192.0.2.1", numeric("192.0.2.1", 4)],
    ["[2001:db8::1]", numeric("2001:db8::1", 6)],
    ["0.0.0.0", any(4)],
    // Cut at its last colon it would be no address, so all of it is the address.
    ["2001:db8:0:0:0:0:0:1", numeric("2001:db8:0:0:0:0:0:1", 6)],
  ] as const)
    test(`${text} has no port`, () =>
      assert.deepEqual(parseAddress(text), { ok: true, value: { host, ports: undefined } }));

  for (const text of [
    ":0",
    ":65536",
    ":http",
    ":",
    ":90-80",
    ":80-",
    ":-80",
    "256.0.0.1:80",
    "1.2.3:80",
    "[::1:80",
    "[nonsense]:80",
    "ipv4@[::1]:80",
    "ipv6@192.0.2.1:80",
    "a b:80",
    "café:80",
    "-a:80",
    "",
  ].filter((text) => text !== ""))
    test(`${text} is refused`, () => assert.equal(parseAddress(text).ok, false));

  for (const text of ["abnsz@a", "sockpair@3", "quic4@:443", "mptcp@:80"])
    test(`${text} is a transport that is not done`, () => assert.notEqual(otherTransport(text), undefined));

  test("an internet address is no other transport", () => assert.equal(otherTransport("tcp4@192.0.2.1:80"), undefined));
});

describe("addresses on this host alone", () => {
  for (const [text, kind, name] of [
    ["/run/a.sock", "unix", "/run/a.sock"],
    ["unix@/run/a.sock", "unix", "/run/a.sock"],
    ["uxst@/run/a.sock", "unix", "/run/a.sock"],
    ["abns@a", "abns", "a"],
    ["fd@3", "fd", "3"],
  ] as const)
    test(text, () => assert.deepEqual(parseLocalAddress(text), { ok: true, value: { kind, name } }));

  for (const text of ["unix@a.sock", "abns@", "fd@", "fd@x", "fd@-1", `/${"a".repeat(107)}`])
    test(`${text} is refused`, () => assert.equal(parseLocalAddress(text)?.ok, false));

  for (const text of ["192.0.2.1:80", "name:80", ":80", "ipv4@:80", "sockpair@3"])
    test(`${text} is not one of them`, () => assert.equal(parseLocalAddress(text), undefined));
});
