/** What global_defs and the words outside any block mean, value by value, by keepalived.conf(5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultGlobal } from "../../../src/config/keepalived/defaults.js";
import { read } from "./support.js";

const globalOf = (inside: string, outside = "") => {
  const { configuration, diagnostics } = read(`${outside}\nglobal_defs {\n${inside}\n}\n`);
  assert.deepEqual(
    diagnostics.all.map(({ message }) => message),
    [],
  );
  return configuration.global;
};

test("nothing written is keepalived's defaults", () => assert.deepEqual(globalOf(""), defaultGlobal));

for (const [inside, expected] of [
  ["script_user nobody :adm", { scriptUser: { user: "nobody", group: "adm", supplementaryGroups: true } }],
  [
    "set_supplementary_groups\nscript_user nobody",
    { scriptUser: { user: "nobody", group: undefined, supplementaryGroups: true } },
  ],
  [
    "notification_email {\n a@example.com\n b@example.com\n}\nnotification_email_from lb@example.com\n" +
      "smtp_server mail.example.com 2525\nsmtp_connect_timeout 2.5\nsmtp_helo_name lb1\nno_email_faults",
    {
      mail: {
        to: ["a@example.com", "b@example.com"],
        from: "lb@example.com",
        server: { host: "mail.example.com", port: 2525 },
        heloName: "lb1",
        connectTimeout: 2_500_000,
        omitFaults: true,
      },
    },
  ],
  [
    'notify_fifo /run/f nobody\nnotify_fifo_script "/bin/read x" root\nfifo_write_vrrp_states_on_reload',
    {
      notifyFifo: {
        path: "/run/f",
        user: { user: "nobody", group: undefined, supplementaryGroups: false },
        script: { argv: ["/bin/read", "x"], user: { user: "root", group: undefined, supplementaryGroups: false } },
      },
      fifoStatesOnReload: true,
    },
  ],
  ["vrrp_notify_fifo /run/v", { vrrpNotifyFifo: { path: "/run/v", user: undefined, script: undefined } }],
  ["vrrp_startup_delay 5.5\nvrrp_delay_after_boot 60", { startupDelay: 5_500_000, delayAfterBoot: 60_000_000 }],
  ["dynamic_interfaces", { dynamicInterfaces: "yes" }],
  ["dynamic_interfaces allow_if_changes", { dynamicInterfaces: "allow-if-changes" }],
  [
    "vrrp_garp_interval 0.001\nvrrp_gna_interval 0.000001",
    { announcementSpacing: { garpInterval: 1000, gnaInterval: 1 } },
  ],
  [
    "vrrp_priority -20\nvrrp_no_swap\nvrrp_rt_priority 50\nvrrp_cpu_affinity 0 2\n" +
      "max_auto_priority\nmin_auto_priority_delay 100",
    {
      process: {
        niceness: -20,
        lockMemory: true,
        realTimePriority: 50,
        cpus: [0, 2],
        maxAutoPriority: 99,
        minAutoPriorityDelay: 100,
      },
    },
  ],
  ["process_names", { names: { parent: "keepalived", vrrp: "keepalived_vrrp" } }],
  ["process_name a\nvrrp_process_name b", { names: { parent: "a", vrrp: "b" } }],
  ["nftables lb\nnftables_priority 5\nnftables_counters", { firewall: { table: "lb", priority: 5, counters: true } }],
  ["vmac_prefix v", { vmacPrefix: "v", vmacAddressPrefix: "v" }],
  ["vmac_addr_prefix va", { vmacPrefix: "vrrp", vmacAddressPrefix: "va" }],
  [
    'startup_script "/bin/up a" root\nstartup_script_timeout 30\nshutdown_script /bin/down',
    {
      startupScript: {
        argv: ["/bin/up", "a"],
        user: { user: "root", group: undefined, supplementaryGroups: false },
        timeout: 30_000_000,
      },
      shutdownScript: { argv: ["/bin/down"], user: undefined, timeout: 10_000_000 },
    },
  ],
  [
    "reload_check_config /tmp/log\nreload_time_file /etc/t\nreload_repeat\nreload_file",
    { reload: { check: { log: "/tmp/log" }, timeFile: "/etc/t", repeat: true, marker: "default" } },
  ],
  [
    "state_dump_file /s\nstats_dump_file /t\njson_dump_file /j\njson_version 2\ndata_use_instance",
    { dumps: { state: "/s", statistics: "/t", json: "/j", jsonVersion: 2, useInstanceName: true } },
  ],
  ["vrrp_rx_bufs_policy ADVERT\nvrrp_rx_bufs_multiplier 5", { receiveBuffers: { policy: "advert", multiplier: 5 } }],
  ["vrrp_rx_bufs_policy 4096\nlog_unknown_vrids", { receiveBuffers: { policy: 4096, multiplier: 3 } }],
  ["metrics 10.0.0.1", { metrics: { address: "10.0.0.1", port: 9165 } }],
  ["metrics ::1 9000", { metrics: { address: "::1", port: 9000 } }],
  ["umask 027", { umask: 0o027 }],
  ["umask 0x12", { umask: 0o022 }],
  ["umask IWGRP|IWOTH", { umask: 0o022 }],
] as const)
  test(`global_defs with ${JSON.stringify(inside)}`, () => {
    const found = globalOf(inside);
    for (const [field, value] of Object.entries(expected))
      assert.deepEqual(found[field as keyof typeof found], value, field);
  });

test("the words outside any block", () => {
  const { networkNamespace, daemonInstance, usePidDirectory, childWaitTime } = globalOf(
    "",
    "net_namespace blue\ninstance two\nuse_pid_dir\nchild_wait_time 9",
  );
  assert.deepEqual(
    [networkNamespace, daemonInstance, usePidDirectory, childWaitTime],
    ["blue", "two", true, 9_000_000],
  );
});

for (const [line, mark] of [
  ["vrrp_version 4", "2:14 error[unknown-value]"],
  ["vrrp_mcast_group4 10.0.0.1", "2:19 error[bad-address]"],
  ["vrrp_mcast_group6 ff05::12", "2:19 error[bad-address]"],
  ["vrrp_rt_priority 100", "2:18 error[vrrp-rt-priority-range]"],
  ["smtp_server", "2:1 error[missing-argument]"],
  ["smtp_server a 70000", "2:15 error[port-range]"],
  ["include_check sometimes", "2:15 error[unknown-value]"],
  ["metrics", "2:1 error[missing-argument]"],
  ["metrics localhost", "2:9 error[bad-address]"],
  ["metrics ::1 70000", "2:13 error[port-range]"],
  ["umask 999", "2:7 error[bad-mode]"],
  ["vrrp_startup_delay soon", "2:20 error[not-a-number]"],
] as const)
  test(`global_defs refuses ${line}`, () => assert.deepEqual(read(`global_defs {\n${line}\n}\n`).marks, [mark]));
