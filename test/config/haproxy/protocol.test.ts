/** `proto`, which says the HTTP version beforehand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import type { HaproxyConfiguration } from "../../../src/config/haproxy/model.js";
import { readHaproxy } from "../../../src/config/haproxy/read.js";

function read(text: string): { configuration: HaproxyConfiguration; errors: string[] } {
  const diagnostics = new Diagnostics();
  const configuration = readHaproxy([{ path: "test.cfg", text }], diagnostics, { readFile: () => undefined });
  const errors = diagnostics.all.filter(({ severity }) => severity === "error");
  return { configuration, errors: errors.map(({ code }) => code) };
}

const proxy = (mode: string, bind: string, server: string): string =>
  `listen web\n mode ${mode}\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n` +
  ` bind :80 ${bind}\n default-server ${server}\n server one 192.0.2.1:80\n`;

for (const [bind, server, expected] of [
  ["", "", [undefined, undefined]],
  ["proto h2", "proto h2", ["h2", "h2"]],
  ["proto h1", "proto h1", ["h1", "h1"]],
] as const)
  test(`bind ${bind || "without proto"}, default-server ${server || "without proto"}`, () => {
    const { configuration, errors } = read(proxy("http", bind, server || "weight 1"));
    assert.deepEqual(errors, []);
    const [frontend] = configuration.frontends;
    const [backend] = configuration.backends;
    assert.deepEqual([frontend!.binds[0]!.protocol, backend!.servers[0]!.protocol], expected);
  });

for (const [what, text, code] of [
  ["a version that there is not", proxy("http", "proto h4", "weight 1"), "bad-value"],
  ["one that is not done yet", proxy("http", "proto fcgi", "weight 1"), "not-supported"],
  ["mode tcp, for a listener", proxy("tcp", "proto h2", "weight 1"), "needs-http"],
  ["mode tcp, for a server", proxy("tcp", "", "proto h2"), "needs-http"],
] as const)
  test(`proto is refused with ${what}`, () => assert.deepEqual(read(text).errors, [code]));
