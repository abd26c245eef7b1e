/** Command lines, exit codes and first lines by which drivers know haproxy and keepalived. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bascule, entry, folder } from "./program.js";

const GOOD_PROXY =
  "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n" +
  "frontend www\n  bind 127.0.0.1:18931\n  default_backend web\nbackend web\n  server web1 127.0.0.1:18932 check\n";
const BAD_PROXY = "frontend www\n  bind 127.0.0.1:18931\n  default_backend nowhere\n";
/** This host need not have the interface. */
const ANYWHERE = "global_defs {\n  dynamic_interfaces\n}\n";
const GOOD_VRRP =
  "vrrp_instance VI_1 {\n  interface eth0\n  virtual_router_id 51\n  priority 100\n" +
  "  virtual_ipaddress {\n    192.0.2.1\n  }\n}\n";

test("haproxy -v: the version is in the first line, our own name on a line of its own", () => {
  const { code, stdout } = bascule("haproxy", "-v");
  assert.equal(code, 0);
  const lines = stdout.split("\n");
  assert.match(lines[0]!, /^HAProxy version 3\.4\.0 \d{4}\/\d\d\/\d\d /);
  assert.ok(lines.slice(1).some((line) => /^Bascule version \d+\.\d+\.\d+/.test(line)));
});

test("haproxy -vv has the lines that drivers read", () => {
  const { code, stdout } = bascule("haproxy", "-vv");
  assert.equal(code, 0);
  for (const line of [/^HAProxy version 3\.4\.0 /m, /^ {2}TARGET {2}= linux-glibc$/m, /^Feature list : [+-]/m])
    assert.match(stdout, line);
  assert.match(stdout, /^Available services : /m);
});

test("keepalived -v names the version on stderr", () => {
  const { code, stderr } = bascule("keepalived", "-v");
  assert.equal(code, 0);
  assert.match(stderr, /^Keepalived v2\.2\.8 /);
  assert.match(stderr, /^Bascule version /m);
});

test("haproxy -c: 0 for a valid file, in silence; with -V it says so", (t) => {
  const file = join(folder(t, { "haproxy.cfg": GOOD_PROXY }), "haproxy.cfg");
  assert.deepEqual(bascule("haproxy", "-c", "-f", file), { code: 0, stdout: "", stderr: "" });
  assert.equal(bascule("haproxy", "-c", "-V", "-f", file).stdout, "Configuration file is valid\n");
});

test("haproxy -c: 1 for an invalid file, with the reason; -q takes the words away", (t) => {
  const file = join(folder(t, { "haproxy.cfg": BAD_PROXY }), "haproxy.cfg");
  const { code, stderr } = bascule("haproxy", "-c", "-f", file);
  assert.equal(code, 1);
  assert.match(stderr, /haproxy\.cfg:3:\d+: error/);
  assert.match(stderr, /Fatal errors found in configuration/);
  assert.equal(bascule("haproxy", "-c", "-q", "-f", file).code, 1);
});

test("haproxy -c reads certificates too, and names those that are no good", (t) => {
  const path = folder(t, { "empty.pem": "" });
  const withTls = GOOD_PROXY.replace(/^( *bind .*)$/m, `$1 ssl crt ${join(path, "empty.pem")}`);
  writeFileSync(join(path, "haproxy.cfg"), withTls);
  const { code, stderr } = bascule("haproxy", "-c", "-f", join(path, "haproxy.cfg"));
  assert.equal(code, 1);
  assert.match(stderr, /empty\.pem: no certificate in this file/);
  assert.match(stderr, /Fatal errors found in configuration/);
});

test("haproxy -dW makes a warning fatal", (t) => {
  const file = join(folder(t, { "haproxy.cfg": GOOD_PROXY.replace("  timeout client 50s\n", "") }), "haproxy.cfg");
  assert.equal(bascule("haproxy", "-c", "-f", file).code, 0);
  assert.equal(bascule("haproxy", "-c", "-dW", "-f", file).code, 1);
});

test("haproxy -f takes several files as one configuration, or a folder of .cfg files in lexical order", (t) => {
  const [head, tail] = [
    GOOD_PROXY.slice(0, GOOD_PROXY.indexOf("frontend")),
    GOOD_PROXY.slice(GOOD_PROXY.indexOf("frontend")),
  ];
  // Read in the other order, or with the hidden one, it would be wrong: the frontend needs the defaults before it.
  const path = folder(t, { "1.cfg": head, "2.cfg": tail, ".0.cfg": "nonsense\n", "3.cfg.bak": "nonsense\n" });
  assert.equal(bascule("haproxy", "-c", "-dW", "-f", join(path, "1.cfg"), "-f", join(path, "2.cfg")).code, 0);
  assert.equal(bascule("haproxy", "-c", "-dW", "-f", path).code, 0);
  assert.equal(bascule("haproxy", "-c", "-dW", "--", join(path, "1.cfg"), join(path, "2.cfg")).code, 0);
});

test("haproxy -C changes the folder before files are read, -L names the peer that they may ask for", (t) => {
  const path = folder(t, { "haproxy.cfg": GOOD_PROXY.replace("127.0.0.1:18932", '"$HAPROXY_LOCALPEER":18932') });
  assert.equal(bascule("haproxy", "-c", "-C", path, "-f", "haproxy.cfg", "-L", "127.0.0.1").code, 0);
  assert.equal(bascule("haproxy", "-c", "-C", path, "-f", "haproxy.cfg", "-L", "not an address").code, 1);
});

test("haproxy without a file, with a bad number or a flag not done, fails and says why", () => {
  assert.match(bascule("haproxy").stderr, /no configuration file/);
  for (const words of [[], ["-n", "x", "-f", "y"], ["-sf", "me"], ["-S", "/run/m.sock"], ["-f", "/nonexistent.cfg"]])
    assert.equal(bascule("haproxy", ...words).code, 1);
  assert.equal(bascule("haproxy", "-cc", "1").code, 2, "1 would say that the condition is false");
});

test("keepalived -t: 0 for a good file, 5 for a bad one, and the messages go to stderr or to -t=LOG", (t) => {
  const path = folder(t, {
    "good.conf": GOOD_VRRP + ANYWHERE,
    "bad.conf": GOOD_VRRP.replace("priority 100", "priority 300"),
  });
  assert.equal(bascule("keepalived", "-t", "-f", join(path, "good.conf")).code, 0);
  const bad = bascule("keepalived", "-t", "-f", join(path, "bad.conf"));
  assert.equal(bad.code, 5);
  assert.match(bad.stderr, /bad\.conf:4:\d+: error/);
  for (const flag of ["-tlog", "--config-test=log"]) {
    const log = join(path, "log");
    const logged = bascule("keepalived", flag.replace("log", log), "-f", join(path, "bad.conf"));
    assert.deepEqual([logged.code, logged.stderr], [5, ""]);
    assert.match(readFileSync(log, "utf8"), /bad\.conf:4:\d+: error/);
    unlinkSync(log);
  }
  assert.equal(bascule("keepalived", `-t${join(path, "no-folder", "log")}`, "-f", join(path, "good.conf")).code, 1);
});

test("keepalived -t: 6 where scripts would run as root and enable_script_security is not set, as keepalived has it", (t) => {
  const script = "vrrp_script chk {\n  script /bin/true\n}\n";
  const tracking = GOOD_VRRP.replace("priority 100", "priority 100\n  track_script {\n    chk\n  }");
  const secure = "global_defs {\n  dynamic_interfaces\n  enable_script_security\n  script_user root\n}\n";
  const path = folder(t, { "root.conf": script + tracking, "secure.conf": secure + script + tracking });
  assert.equal(bascule("keepalived", "-t", "-f", join(path, "root.conf")).code, 6);
  assert.equal(bascule("keepalived", "-t", "-f", join(path, "secure.conf")).code, 0);
});

test("keepalived -i chooses the lines of a host, and files are included from beside the file", (t) => {
  const path = folder(t, {
    "keepalived.conf": `@one include one.conf\n$NAME=one\n@^one prioritty 5\ninclude "one.conf"\n`,
    "one.conf": GOOD_VRRP,
  });
  assert.equal(bascule("keepalived", "-t", "-i", "one", "-f", join(path, "keepalived.conf")).code, 5, "one.conf twice");
  const two = bascule("keepalived", "-t", "--config-id=two", "-f", join(path, "keepalived.conf"));
  assert.equal(two.code, 5);
  assert.match(two.stderr, /keepalived\.conf:3:7: error\[unknown-keyword\]/);
  assert.doesNotMatch(two.stderr, /one\.conf/);
});

test("check and run refuse a mistake that keepalived goes on from, unless they are to be lenient", (t) => {
  const path = folder(t, { "keepalived.conf": GOOD_VRRP.replace("priority 100", "prioritty 100") });
  const file = join(path, "keepalived.conf");
  assert.equal(bascule("check", file).code, 1);
  const lenient = bascule("check", "--lenient", file);
  assert.equal(lenient.code, 0);
  assert.match(lenient.stderr, /warning\[unknown-keyword\][\s\S]*did you mean priority\?/);
  assert.match(bascule("run", file).stderr, /Not started: 1 error/);
});

test("of thousands of mistakes the first hundreds are shown, errors before warnings, and the others counted", (t) => {
  const path = folder(t, { "keepalived.conf": `${"prioritty 100\n".repeat(5000)}vrrp_instance VI_1 {\n}\n` });
  const { code, stdout, stderr } = bascule("check", join(path, "keepalived.conf"));
  assert.equal(code, 1);
  assert.equal(stderr.match(/error\[unknown-keyword\]/g)!.length, 200);
  assert.match(stderr, /… and 480\d more/);
  assert.match(stdout, /500\d errors/);
});

test("keepalived -t: 5 where an interface, a tracked script or script_user is not there, 2 where a value is", (t) => {
  const script = 'vrrp_script chk {\n  script "/nonexistent/check"\n}\n';
  const tracking = GOOD_VRRP.replace("priority 100", "priority 100\n  track_script {\n    chk\n  }");
  const path = folder(t, {
    "elsewhere.conf": GOOD_VRRP.replace("eth0", "eth77"),
    "script.conf": ANYWHERE + script + tracking,
    "user.conf": `${GOOD_VRRP}${ANYWHERE.replace("}", "script_user nobody-knows\n}")}`,
    "notify.conf": ANYWHERE + GOOD_VRRP.replace("priority 100", "notify_master /nonexistent/notify"),
    "value.conf": ANYWHERE + GOOD_VRRP.replace("priority 100", "priority"),
  });
  const code = (name: string) => bascule("keepalived", "-t", "-f", join(path, `${name}.conf`)).code;
  assert.deepEqual([code("elsewhere"), code("script"), code("user"), code("notify"), code("value")], [5, 5, 5, 0, 2]);
});

test("keepalived -t calls a missing file good, as keepalived does, but not in silence", () => {
  const { code, stderr } = bascule("keepalived", "-t", "-f", "/nonexistent.conf");
  assert.equal(code, 0);
  assert.match(stderr, /nonexistent\.conf: no such file: nothing was checked/);
});

test("keepalived ends with 2 for a configuration that nothing may be started with, and 6 for none", (t) => {
  const path = folder(t, { "bad.conf": `${GOOD_VRRP}~SEQ(A, 1, 99999999) router_id x\n` });
  assert.equal(bascule("keepalived", "-n", "-f", join(path, "bad.conf")).code, 2);
  assert.equal(bascule("keepalived", "-f", join(path, "bad.conf")).code, 2);
  assert.equal(bascule("keepalived", "-n", "-f", "/nonexistent.conf").code, 6);
});

test("a symlink of either name acts as that program", (t) => {
  const path = folder(t, {});
  // bin/bascule is this line, over dist/; here it stands over the build that is tested.
  writeFileSync(join(path, "bascule.mjs"), `import ${JSON.stringify(entry)};\n`);
  for (const [name, words, expected] of [
    ["haproxy", ["-v"], /^HAProxy version/],
    ["keepalived", ["--version"], /^Keepalived v/],
    ["bascule", ["version"], /^Bascule version/],
  ] as const) {
    symlinkSync(join(path, "bascule.mjs"), join(path, name));
    const { stdout, stderr } = spawnSync(process.execPath, [join(path, name), ...words], { encoding: "utf8" });
    assert.match(stdout + stderr, expected);
  }
});
