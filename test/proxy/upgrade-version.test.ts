/** `ws` of a server line: over which version upgrades go, and what ALPN then offers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { upgradeVersion } from "../../src/proxy/upgrade-version.js";
import { readConfiguration } from "../support/proxy.js";

for (const [line, version, alpn] of [
  ["", undefined, undefined],
  ["proto h2", undefined, undefined],
  ["proto h2 ws h1", "h1", undefined],
  ["ws h2", "h2", undefined],
  ["ssl verify none alpn h2", undefined, undefined],
  ["ssl verify none alpn h2,http/1.1", "h1", "http/1.1"],
  ["ssl verify none alpn h2,http/1.1 ws auto", "h1", "http/1.1"],
  ["ssl verify none alpn h2,http/1.1 ws h2", "h2", "h2"],
  ["ssl verify none alpn h2 ws h1", "h1", "http/1.1"],
  ["ssl verify none ws h1", "h1", undefined],
] as const)
  test(`server … ${line}`, () => {
    const { backends } = readConfiguration(
      `defaults\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nbackend b\n mode http\n server s 192.0.2.1:80 ${line}`,
    );
    assert.deepEqual(upgradeVersion(backends[0]!.servers[0]!), { version, alpn });
  });
