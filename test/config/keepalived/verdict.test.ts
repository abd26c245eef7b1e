/** What `keepalived -t` says of a file by its exit code. Every row is what Debian's keepalived 2.2.7 answered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { readKeepalived } from "../../../src/config/keepalived/read.js";
import { verdict } from "../../../src/config/keepalived/verdict.js";

const tracked = "track_script {\n chk";
const vip = "virtual_ipaddress {\n 192.0.2.9/24";

/** Lines of an instance, and what becomes of the file. */
const rows: readonly (readonly [lines: string, verdict: string])[] = [
  ["nopreempt", "good"],
  ["priority", "unusable"],
  ["priority {\n }", "unusable"],
  ["advert_int 1 {\n }", "mistaken"],
  ["track_src_ip {\n }", "mistaken"],
  ["use_vmac_addr {\n }", "mistaken"],
  ["notify_fault /bin/true {\n }", "mistaken"],
  [`${tracked}\n }`, "good"],
  [`${tracked} foo\n }`, "mistaken"],
  [`${tracked} weight 5\n }`, "good"],
  [`${tracked} weight 5 foo\n }`, "mistaken"],
  [`${tracked} {\n }\n }`, "mistaken"],
  ["track_interface {\n eth1 weight\n }", "mistaken"],
  ["track_interface {\n eth1 foo\n }", "mistaken"],
  ["track_interface x {\n }", "mistaken"],
  ["virtual_routes x {\n }", "mistaken"],
  [`${vip} brd\n }`, "mistaken"],
  [`${vip} scope\n }`, "mistaken"],
  [`${vip}\n 192.0.2.9/32\n }`, "good"],
  ["check_unicast_src", "mistaken"],
  ["old_unicast_checksum never", "mistaken"],
  ["lvs_sync_daemon_interface eth0", "mistaken"],
];

for (const [lines, expected] of rows)
  test(`${lines.replaceAll(/\s*\n\s*/g, " ")}: ${expected}`, () => {
    const text = `vrrp_script chk {
 script /bin/true
}
vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 virtual_ipaddress {
 192.0.2.51/24
 }
 ${lines}
}
`;
    const diagnostics = new Diagnostics();
    readKeepalived([{ path: "keepalived.conf", text }], diagnostics);
    assert.equal(verdict(diagnostics, false), expected);
  });
