import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../support/repository.js";
import { bascule, folder } from "./program.js";

const fixture = (path: string) => join(repositoryRoot, "test", "fixtures", "configs", path);

const ALL = [
  "web-pair/haproxy.cfg",
  "web-pair/lb1/keepalived.conf",
  "caddy-pair/lb1/keepalived.conf",
  "floating-ip/web-node-1/keepalived.conf",
  "transparent/haproxy.cfg",
  "transparent/lb2/keepalived.conf",
  "kubernetes-api/haproxy.cfg",
  "kubernetes-api/lb1/keepalived.conf",
];

for (const path of ALL)
  test(`the published ${path} is valid as it stands, and recognised without being told its language`, () => {
    const { code, stdout, stderr } = bascule("check", fixture(path));
    assert.equal(code, 0, stderr);
    const language = path.endsWith(".cfg") ? "haproxy.cfg" : "keepalived.conf";
    assert.match(stdout, new RegExp(`^${fixture(path)} \\(${language}\\): `, "m"));
    assert.match(stdout, /^Configuration is valid/m);
  });

test("files of two languages are checked in one run, and every mistake of each is shown", (t) => {
  const path = folder(t, {
    "haproxy.cfg": "frontend www\n    bind :8080\n    modee tcp\n    default_backend nowhere\n",
    "keepalived.conf": "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 300\n}\n",
  });
  const { code, stdout, stderr } = bascule("check", join(path, "haproxy.cfg"), join(path, "keepalived.conf"));
  assert.equal(code, 1);
  assert.match(stderr, /haproxy\.cfg:3:5: error\[[\w-]+\]: .*modee/);
  assert.match(stderr, /haproxy\.cfg:4:\d+: error\[[\w-]+\]: .*nowhere/);
  assert.match(stderr, /keepalived\.conf:4:\d+: error\[[\w-]+\]: .*300/);
  assert.match(stdout, /haproxy\.cfg \(haproxy\.cfg\): 2 errors/);
  assert.match(stdout, /^Configuration is not valid: \d+ errors/m);
});

test("a file that is not there, or of no known language, fails with its name", (t) => {
  const path = folder(t, { "notes.txt": "buy milk\n", Caddyfile: "example.com {\n  reverse_proxy :8080\n}\n" });
  const missing = bascule("check", join(path, "haproxy.cfg"));
  assert.deepEqual([missing.code, missing.stderr], [1, `${join(path, "haproxy.cfg")}: no such file\n`]);
  const unknown = bascule("check", join(path, "notes.txt"), join(path, "Caddyfile"));
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /notes\.txt: neither a haproxy\.cfg nor a keepalived\.conf/);
  assert.match(unknown.stderr, /Caddyfile: a Caddyfile; this language is not supported yet/);
});

test("-q leaves the answer to the exit code", () => {
  assert.deepEqual(bascule("check", "-q", fixture("web-pair/haproxy.cfg")), { code: 0, stdout: "", stderr: "" });
});

test("an unknown command fails and offers the one that was meant", () => {
  const { code, stderr } = bascule("chekc");
  assert.equal(code, 1);
  assert.match(stderr, /unknown command chekc \(did you mean check\?\)/);
});

test("the keepalived.conf files of two boxes are judged each by itself", () => {
  const pair = ["lb1", "lb2"].map((node) => fixture(`kubernetes-api/${node}/keepalived.conf`));
  const { code, stdout } = bascule("check", ...pair);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /Configuration is valid \(5 warnings\)/);
});
