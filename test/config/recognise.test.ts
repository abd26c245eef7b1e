import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { recogniseLanguage } from "../../src/config/recognise.js";
import { published, readSource } from "./keepalived/support.js";

const language = (text: string, path = "configuration") => recogniseLanguage({ path, text });

for (const name of readdirSync(published, { recursive: true, encoding: "utf8" }).filter((one) =>
  /\.(conf|cfg)$/.test(one),
))
  test(`${name} is recognised by what it says, whatever it is called`, () => {
    const expected = name.endsWith(".cfg") ? "haproxy" : "keepalived";
    assert.equal(recogniseLanguage(readSource(join(published, name), "unnamed")), expected);
  });

const texts: readonly (readonly [string, string, ReturnType<typeof recogniseLanguage>])[] = [
  ["a keepalived block behind comments", "! Configuration File\n# for lb1\n\nglobal_defs {\n}\n", "keepalived"],
  ["a glued brace", "vrrp_instance{\n", "keepalived"],
  ["a brace on the next line", "vrrp_instance VI_1\n{\n", "keepalived"],
  ["a misspelled block around words of VRRP", "vrp_instance VI_1 {\n  virtual_router_id 51\n}\n", "keepalived"],
  ["a defaults section", "defaults\n    mode http\n", "haproxy"],
  ["a frontend with an old-style address", "frontend main *:80\n", "haproxy"],
  ["a misspelled section around words of the proxy", "fronted main\n  bind *:80\n", "haproxy"],
  ["a listen section with a byte order mark", "\ufefflisten web\n", "haproxy"],
  ["a site with a proxy", "example.com {\n  reverse_proxy 10.0.0.1:8080\n}\n", "caddyfile"],
  ["a site of several addresses", "example.com, www.example.com {\n  root * /srv\n}\n", "caddyfile"],
  ["a Caddyfile without braces", "localhost\n\nreverse_proxy 127.0.0.1:9000\n", "caddyfile"],
  ["global options before sites", "{\n  email me@example.com\n}\nexample.com {\n  respond hi\n}\n", "caddyfile"],
  ["a snippet before sites", "(common) {\n  encode gzip\n}\n", "caddyfile"],
  [
    "a Caddyfile whose upstreams look like the proxy's words",
    ":80 {\n  bind 10.0.0.1:80\n  header x\n}\n",
    "caddyfile",
  ],
  ["a comment that names another language", "# frontend main\nvrrp_script x {\n}\n", "keepalived"],
  ["nothing", "", undefined],
  ["prose", "Dear reader,\nthis is no configuration.\n", undefined],
];
for (const [what, text, expected] of texts)
  test(`${what}: ${expected ?? "no language"}`, () => assert.equal(language(text), expected));

for (const [path, expected] of [
  ["/etc/keepalived/keepalived.conf", "keepalived"],
  ["/etc/haproxy/haproxy.cfg", "haproxy"],
  ["/etc/caddy/Caddyfile", "caddyfile"],
  ["notes.txt", undefined],
] as const)
  test(`an empty ${path} goes by its name`, () => assert.equal(language("# nothing yet\n", path), expected));

test("what a file says counts before what it is called", () =>
  assert.equal(language("defaults\n  mode tcp\n", "keepalived.conf"), "haproxy"));

test("no text makes it throw", () =>
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void language(text))));
