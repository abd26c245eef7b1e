import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { consoleTime, facilityNumber } from "../../src/cli/keepalived-log.js";
import { bsdTime, Syslog, syslogLine } from "../../src/cli/syslog.js";
import { listenAt } from "./datagrams.js";
import { folder } from "./program.js";

test("a line for syslog has priority, time and tag as RFC 3164 wants them", () => {
  const at = new Date(2026, 10, 3, 4, 5, 6);
  // daemon.warning is 3 × 8 + 4; a day below ten is padded with a space.
  assert.equal(
    syslogLine(3, "warning", "Keepalived_vrrp", "(VI_1) removing VIPs.", at),
    `<28>Nov  3 04:05:06 Keepalived_vrrp[${process.pid}]: (VI_1) removing VIPs.`,
  );
  assert.equal(bsdTime(new Date(2026, 0, 31, 23, 59, 58)), "Jan 31 23:59:58");
  assert.equal(consoleTime(at), "Tue Nov  3 04:05:06 2026");
});

test("lines reach the syslog daemon, and reach it again after it was restarted", (t) => {
  const [path, later] = [join(folder(t, {}), "log"), join(folder(t, {}), "log")];
  const next = listenAt(t, path);
  const syslog = new Syslog("test", 3, path);
  syslog.log("info", "one");
  assert.match(next(), /^<30>.* test\[\d+\]: one$/);

  const early = new Syslog("test", 3, later);
  assert.equal(early.isOpen, false);
  early.log("info", "lost: nobody listens");
  const nextLater = listenAt(t, later);
  early.log("info", "two");
  assert.match(nextLater(), /: two$/);
});

test("keepalived's -S takes 0 to 7 for local0 to local7, or daemon", () => {
  assert.deepEqual(["0", "7", "daemon", "8", "x"].map(facilityNumber), [16, 23, 3, undefined, undefined]);
});
