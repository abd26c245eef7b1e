/** The dumps, line by line and field by field as keepalived 2.2.7 writes them for the same configuration. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { readKeepalived } from "../../../src/config/keepalived/read.js";
import { InstanceCounters, shareCounters } from "../../../src/failover/counters.js";
import { dataText, parentDataText } from "../../../src/failover/dumps/data.js";
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
    files: new Map(),
    processes: new Map(),
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

const link = {
  index: 3,
  name: "ka0",
  flags: 0x1043,
  up: true,
  running: true,
  carrier: true,
  mac: "02:00:00:00:00:01",
  mtu: 1500,
  kind: "veth",
  master: undefined,
  parent: undefined,
  group: 0,
};
const address = {
  index: 3,
  family: 2,
  address: "192.0.2.1",
  prefixLength: 24,
  scope: 0,
  label: "ka0",
  broadcast: undefined,
  peer: undefined,
  flags: 0x80,
};
const host = { links: [link], addresses: [address] };

/** What keepalived 2.2.7 wrote for it, less what it says of itself alone, and with our refresh of 60 s for its 0. */
const GLOBAL = ` Network namespace = (default)
 Network namespace ipvs = (main namespace)
 Router ID = lb1
 Default smtp_alert = unset
 Default smtp_alert_vrrp = unset
 Default smtp_alert_checker = unset
 Checkers log all failures = false
 No test config before reload
 Dynamic interfaces = false
 Default interface = eth0
 Disable local IGMP = no
 LVS flush = false
 LVS flush on stop = disabled
 FIFO write vrrp states on reload = false
 VRRP notify priority changes = false
 VRRP IPv4 mcast group = 224.0.0.18
 VRRP IPv6 mcast group = ff02::12
 Gratuitous ARP delay = 5
 Gratuitous ARP repeat = 5
 Gratuitous ARP refresh timer = 60
 Gratuitous ARP refresh repeat = 1
 Gratuitous ARP lower priority delay = 5
 Gratuitous ARP lower priority repeat = 5
 Num adverts before down = 3
 Gratuitous ARP for each secondary VMAC = 0s
 Send advert after receive lower priority advert = true
 Send advert after receive higher priority advert = false
 Gratuitous ARP interval = 0.000000
 Gratuitous NA interval = 0.000000
 VRRP default protocol version = 2
 nftables without counters
 VRRP check unicast_src = false
 VRRP skip check advert addresses = false
 VRRP strict mode = false
 Max auto priority = 0
 Min auto priority delay = 1000000 usecs
 VRRP process priority = 0
 VRRP don't swap = false
 VRRP realtime priority = 0
 SNMP vrrp disabled
`;

const TOPOLOGY = `------< VRRP Topology >------
 VRRP Instance = VI_1
   VRRP Version = 2
   State = MASTER
   Wantstate = MASTER
   Number of config faults = 0
   Number of interface and track script faults = 0
   Number of track scripts init = 0
   Last transition = TIME
   Master down timer = 3414062 usecs
   Interface = ka0
   Using src_ip = 192.0.2.1
   Multicast address 224.0.0.18
   Gratuitous ARP delay = 5
   Gratuitous ARP repeat = 5
   Gratuitous ARP refresh = 60
   Gratuitous ARP refresh repeat = 1
   Gratuitous ARP lower priority delay = 5
   Gratuitous ARP lower priority repeat = 5
   Down timer adverts = 3
   Send advert after receive lower priority advert = true
   Send advert after receive higher priority advert = false
   Virtual Router ID = 51
   Priority = 150
   Effective priority = 150
   Total priority = 150
   Advert interval = 1 sec
   Accept = enabled
   Preempt = enabled
   Promote_secondaries = disabled
   Authentication type = SIMPLE_PASSWORD
   Password = secret
   Virtual IP (1):
     192.0.2.100/24 dev ka0 scope global set
   Tracked scripts :
     chk weight 0
   Using smtp notification = no
   Notify deleted = Fault
   Notify priority changes = false
------< VRRP Scripts >------
 VRRP Script = chk
`;

test("the data of SIGUSR1 has keepalived's lines in keepalived's order", () => {
  const text = dataText(snapshot(), host).replace(/(?<=Last transition = ).*/, "TIME");
  assert.ok(text.startsWith(`------< Global definitions >------\n${GLOBAL}`), text);
  assert.ok(text.includes(TOPOLOGY), text);
  for (const line of ["   Status = GOOD", " Name = ka0", "   IPv4 address = 192.0.2.1", "     VI_1, weight 0"])
    assert.ok(text.split("\n").includes(line), line);
});

test("a link that is down is counted among the faults", () => {
  const down = { links: [{ ...link, running: false }], addresses: [] };
  assert.match(dataText(snapshot(), down), /Number of interface and track script faults = 1\n/);
});

test("the parent's data is the global section alone, without the default interface", () => {
  const [before, ...after] = GLOBAL.split(" Default interface = eth0\n");
  const text = parentDataText(snapshot());
  assert.ok(text.startsWith(`------< Global definitions >------\n${[before, ...after].join("")}`), text);
  assert.ok(!text.includes("VRRP Topology"));
});
