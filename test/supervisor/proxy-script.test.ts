import assert from "node:assert/strict";
import { test } from "node:test";
import { recogniseProxyScript } from "../../src/supervisor/proxy-script.js";

for (const script of [
  "killall -0 haproxy",
  "/usr/bin/killall -0 haproxy",
  "/bin/killall -0 haproxy",
  "pidof haproxy",
  "/bin/pidof haproxy",
  "/sbin/pidof haproxy",
  "/usr/sbin/pidof haproxy",
  "pgrep haproxy",
  "pgrep -x haproxy",
  "/usr/bin/pgrep haproxy",
  "systemctl is-active haproxy",
  "systemctl is-active haproxy.service",
  "systemctl is-active --quiet haproxy",
  "/bin/systemctl -q is-active haproxy.service",
])
  test(`"${script}" asks whether the proxy runs`, () => assert.ok(recogniseProxyScript(script.split(" "))));

for (const script of [
  "",
  "haproxy",
  "killall haproxy",
  "killall -9 haproxy",
  "killall -0 haproxy nginx",
  "killall -0 nginx",
  "pidof nginx",
  "pidof haproxy-systemd-wrapper",
  "pgrep -f haproxy",
  "pgrep -u root haproxy",
  "systemctl is-active nginx",
  "systemctl restart haproxy",
  "systemctl is-active haproxy keepalived",
  "systemctl is-enabled haproxy",
  "systemctl is-active.service haproxy",
  "/opt/checks/pidof haproxy",
  "/etc/keepalived/check_haproxy.sh",
  "sh -c pidof",
  "constructor haproxy",
])
  test(`"${script}" must be run`, () => assert.equal(recogniseProxyScript(script.split(" ")), false));
