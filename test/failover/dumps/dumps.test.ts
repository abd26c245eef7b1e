/** The dumps, line by line and field by field as keepalived 2.2.7 writes them for the same configuration. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { readKeepalived } from "../../../src/config/keepalived/read.js";
import { InstanceCounters, shareCounters } from "../../../src/failover/counters.js";
import { dataText } from "../../../src/failover/dumps/data.js";
import { jsonText } from "../../../src/failover/dumps/json.js";
import type { Snapshot } from "../../../src/failover/dumps/snapshot.js";

const text = `
global_defs {
  router_id lb1
}
vrrp_script chk {
  script "/bin/true"
  interval 1
}
vrrp_instance VI_1 {
  interface ka0
  virtual_router_id 51
  priority 150
  authentication {
    auth_type PASS
    auth_pass secret
  }
  track_script {
    chk
  }
  virtual_ipaddress {
    192.0.2.100/24
  }
}`;

function snapshot(): Snapshot {
  const configuration = readKeepalived([{ path: "keepalived.conf", text }], new Diagnostics());
  const counters = new InstanceCounters(shareCounters(1), 0);
  counters.setState("MASTER");
  counters.setPriority(150);
  counters.count("advertisementsSent", 3);
  counters.count("becameMaster");
  return {
    configuration,
    status: [counters.status("VI_1")],
    transitions: new Map([["VI_1", 1_795_246_599_208]]),
    scripts: new Map([["chk", "up"]]),
    groups: new Map(),
  };
}

/** Captured. What differs says why. */
const CAPTURED = {
  data: {
    iname: "VI_1",
    dont_track_primary: 0,
    skip_check_adv_addr: 0,
    strict_mode: 0,
    vmac_ifname: "",
    ifp_ifname: "ka0",
    master_priority: 0,
    last_transition: 1795246599.208,
    garp_delay: 5,
    garp_refresh: 60, // keepalived: 0, never
    garp_rep: 5,
    garp_refresh_rep: 1,
    garp_lower_prio_delay: 5,
    garp_lower_prio_rep: 5,
    lower_prio_no_advert: 0,
    higher_prio_send_advert: 0,
    vrid: 51,
    base_priority: 150,
    effective_priority: 150,
    vipset: true,
    promote_secondaries: false,
    adver_int: 1,
    master_adver_int: 1,
    accept: 1,
    nopreempt: false,
    preempt_delay: 0,
    state: 2,
    wantstate: 2,
    version: 2,
    smtp_alert: false,
    notify_deleted: false,
    vips: ["192.0.2.100/24 dev ka0 scope global set"],
    track_script: ["'/bin/true'"], // keepalived follows the symbolic link to /usr/bin
    auth_type: 1,
    auth_data: "secret",
  },
  stats: {
    advert_rcvd: 0,
    advert_sent: 3,
    become_master: 1,
    release_master: 0,
    packet_len_err: 0,
    advert_interval_err: 0,
    ip_ttl_err: 0,
    invalid_type_rcvd: 0,
    addr_list_err: 0,
    invalid_authtype: 0,
    authtype_mismatch: 0,
    auth_failure: 0,
    pri_zero_rcvd: 0,
    pri_zero_sent: 0,
  },
};

test("the JSON of version 1 is keepalived's, field for field and in its order", () => {
  assert.equal(jsonText(snapshot(), 1), `${JSON.stringify([CAPTURED])}\n`);
});

test("that of version 2 stands in an object", () =>
  assert.deepEqual(JSON.parse(jsonText(snapshot(), 2)), { vrrp: [CAPTURED], track_process: [] }));

test("the data of SIGUSR1 has keepalived's sections and lines", () => {
  const lines = dataText(snapshot()).split("\n");
  for (const line of [
    "------< Global definitions >------",
    " Router ID = lb1",
    "------< VRRP Topology >------",
    " VRRP Instance = VI_1",
    "   VRRP Version = 2",
    "   State = MASTER",
    "   Interface = ka0",
    "   Multicast address 224.0.0.18",
    "   Gratuitous ARP delay = 5",
    "   Virtual Router ID = 51",
    "   Effective priority = 150",
    "   Advert interval = 1 sec",
    "   Preempt = enabled",
    "   Authentication type = SIMPLE_PASSWORD",
    "   Virtual IP (1):",
    "     192.0.2.100/24 dev ka0 scope global set",
    "   Tracked scripts :",
    "     chk weight 0",
    "------< VRRP Scripts >------",
    " VRRP Script = chk",
    "   Status = GOOD",
  ])
    assert.ok(lines.includes(line), line);
});
