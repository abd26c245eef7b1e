/** The keywords of `global_defs`. */
import type { Microseconds } from "../../units.js";
import {
  addressText,
  choice,
  integer,
  interfaceName,
  multicastAddress,
  readArgument,
  readOptionalArgument,
  readWord,
  seconds,
  text,
} from "../arguments.js";
import { type Draft, type Keyword, keywordsFor, moot, reset, unsupported } from "../declare.js";
import { INCLUDE_CHECKS } from "../include.js";
import type { KeepalivedGlobal, ScriptUser } from "../model.js";
import { refusePlanned, reportExtra, reportMissing } from "../report.js";
import { type MailDraft, mailKeywords, noMail } from "./mail.js";
import { type FifoDraft, fifoKeywords, noFifos } from "./notify-fifo.js";
import { defaultProcess, type ProcessDraft, processKeywords } from "./process.js";
import { noProtocol, type ProtocolDraft, protocolKeywords } from "./protocol.js";
import { spacing } from "./statics.js";
import { readUser, USER_FORM } from "./user.js";
import { vrrpVersion } from "./version.js";

export interface GlobalDraft extends Draft, ProtocolDraft, MailDraft, FifoDraft, ProcessDraft {
  routerId: string | undefined;
  enableScriptSecurity: boolean;
  scriptUser: ScriptUser | undefined;
  supplementaryGroups: boolean;
  vrrpVersion: 2 | 3 | undefined;
  minGarp: boolean;
  garpInterval: Microseconds;
  gnaInterval: Microseconds;
  multicastGroup4: string;
  multicastGroup6: string;
  notifyPriorityChanges: boolean;
  startupDelay: Microseconds;
  delayAfterBoot: Microseconds;
  dynamicInterfaces: KeepalivedGlobal["dynamicInterfaces"];
  defaultInterface: string;
  logUnknownVirtualRouterIds: boolean;
  vmacPrefix: string;
  vmacAddressPrefix: string | undefined;
  metrics: KeepalivedGlobal["metrics"];
}

/** Where exporters for keepalived listen. */
const METRICS_PORT = 9165;

const { setting, flag, toggle, custom } = keywordsFor<GlobalDraft>();
const delay = seconds({ what: "delay", min: 0, max: 86_400 });

export const globalKeywords: readonly Keyword<GlobalDraft>[] = [
  setting({
    name: "router_id",
    sets: "routerId",
    argument: text("STRING"),
    otherwise: "the host name",
    doc: "What this host calls itself in messages.",
  }),
  flag({
    name: "enable_script_security",
    set: (draft) => {
      draft.enableScriptSecurity = true;
    },
    doc: "Refuse to run a script as root if others may write to it or to a folder above it.",
  }),
  custom({
    name: "script_user",
    arguments: USER_FORM,
    otherwise: "keepalived_script if that user exists, else root",
    read(draft, statement, reading) {
      draft.scriptUser = readUser(statement, reading) ?? draft.scriptUser;
    },
    doc: "Whom scripts run as unless they name a user.",
  }),
  toggle({
    name: "set_supplementary_groups",
    set: (draft, on) => {
      draft.supplementaryGroups = on;
    },
    doc: "Give scripts all groups that their user belongs to.",
  }),
  custom({
    name: "vrrp_version",
    arguments: "2|3",
    otherwise: "2; 3 for IPv6",
    read(draft, statement, reading) {
      draft.vrrpVersion = readArgument(statement, vrrpVersion, reading);
      if (draft.vrrpVersion !== undefined) refusePlanned(statement.arguments[0]!, reading);
    },
    doc: "The version of VRRP for instances that do not say.",
  }),
  ...protocolKeywords<GlobalDraft>("global_defs"),
  toggle({
    name: "vrrp_min_garp",
    set: (draft, on) => {
      draft.minGarp = on;
    },
    doc: "One gratuitous ARP and no second burst, where nothing else is written.",
  }),
  setting({
    name: "vrrp_garp_interval",
    sets: "garpInterval",
    argument: spacing,
    default: "0",
    doc: "Time between gratuitous ARPs on one interface.",
  }),
  setting({
    name: "vrrp_gna_interval",
    sets: "gnaInterval",
    argument: spacing,
    default: "0",
    doc: "Time between unsolicited neighbour advertisements on one interface.",
  }),
  setting({
    name: "vrrp_mcast_group4",
    sets: "multicastGroup4",
    argument: multicastAddress(4),
    default: "224.0.0.18",
    doc: "Multicast group for IPv4.",
  }),
  setting({
    name: "vrrp_mcast_group6",
    sets: "multicastGroup6",
    argument: multicastAddress(6),
    default: "ff02::12",
    doc: "Multicast group for IPv6.",
  }),
  toggle({
    name: "vrrp_notify_priority_changes",
    set: (draft, on) => {
      draft.notifyPriorityChanges = on;
    },
    doc: "Write changes of priority to the FIFOs.",
  }),
  ...mailKeywords<GlobalDraft>(),
  ...fifoKeywords<GlobalDraft>(),
  setting({
    name: "vrrp_startup_delay",
    sets: "startupDelay",
    argument: delay,
    default: "0",
    doc: "Wait so long after the start before VRRP begins.",
  }),
  setting({
    name: "vrrp_delay_after_boot",
    sets: "delayAfterBoot",
    argument: delay,
    default: "0",
    doc: "Wait until so long after the boot before VRRP begins.",
  }),
  custom({
    name: "dynamic_interfaces",
    arguments: "[allow_if_changes]",
    otherwise: "interfaces must be there at the start",
    read(draft, statement, reading) {
      const argument = choice("dynamic_interfaces", ["allow_if_changes"]);
      const word = readOptionalArgument(statement, argument, undefined, reading);
      draft.dynamicInterfaces = word === undefined ? "yes" : "allow-if-changes";
    },
    doc: "Interfaces may be missing at the start, and come and go.",
  }),
  setting({
    name: "default_interface",
    sets: "defaultInterface",
    argument: interfaceName,
    default: "eth0",
    doc: "For addresses that name no interface and have no instance with one.",
  }),
  ...processKeywords<GlobalDraft>(),
  flag({
    name: "log_unknown_vrids",
    set: (draft) => {
      draft.logUnknownVirtualRouterIds = true;
    },
    doc: "Log advertisements of virtual routers that are not configured where they come in.",
  }),
  setting({
    name: "vmac_prefix",
    sets: "vmacPrefix",
    argument: interfaceName,
    default: "vrrp",
    doc: "First letters of virtual MAC interfaces that have no name.",
  }),
  setting({
    name: "vmac_addr_prefix",
    sets: "vmacAddressPrefix",
    argument: interfaceName,
    otherwise: "vmac_prefix",
    doc: "The same for those made for addresses on other interfaces.",
  }),
  custom({
    name: "metrics",
    arguments: `ADDRESS [PORT ${METRICS_PORT}]`,
    otherwise: "none",
    read(draft, statement, reading) {
      const [address, port] = statement.arguments;
      if (address === undefined) {
        reportMissing(statement, "ADDRESS [PORT]", reading);
        return;
      }
      reportExtra(statement, 2, reading);
      const host = readWord(address, addressText, reading.diagnostics);
      const argument = integer({ what: "port", min: 1, max: 65_535 });
      const number = port === undefined ? METRICS_PORT : readWord(port, argument, reading.diagnostics);
      if (host !== undefined && number !== undefined) draft.metrics = { address: host, port: number };
    },
    doc: "Bascule's own: where Prometheus is told of states, counters and alarms (http://ADDRESS:PORT/metrics).",
  }),
  custom({
    name: "include_check",
    arguments: "[[+-]CHECK…]",
    otherwise: "include may miss",
    repeats: true,
    // It has done its work by now: files are included before keywords are read.
    read(_draft, statement, reading) {
      const check = choice("include_check", INCLUDE_CHECKS);
      for (const word of statement.arguments)
        readWord({ ...word, text: word.text.replace(/^[+-]/, "") }, check, reading.diagnostics);
    },
    doc: "How strict include is from here on: readable, match, wildcard_match, brace_match.",
  }),
  ...moot(`
    disable_local_igmp: virtual MAC interfaces join no group by IGMP: the interface below reports it
    nftables_ifindex: the rules of no_accept name addresses, no interfaces
    vrrp_iptables [IN [OUT]]: the rules of no_accept are in a table of nftables, and no chain of iptables is touched
    vrrp_ipsets [NAME…]: the rules of no_accept are in a table of nftables
    use_symlink_paths [BOOL]: scripts are always run by the path as written
    vrrp_rlimit_rttime MICROSECONDS: its thread waits after each event, and no limit could end it in time
    vrrp_rlimit_rtime MICROSECONDS: the older name of vrrp_rlimit_rttime
    random_seed NUMBER: \${_RANDOM} draws from the system's generator
    tmp_config_directory DIRECTORY: the configuration is read once and passed on in memory
    config_save_dir DIRECTORY: it is for finding faults in keepalived's own reload
    iproute_usr_dir DIRECTORY: names of tables are looked up in /etc/iproute2 and /usr/share/iproute2
    iproute_etc_dir DIRECTORY: names of tables are looked up in /etc/iproute2 and /usr/share/iproute2
    vrrp_netlink_cmd_rcv_bufs BYTES: an overrun is noticed, and everything is listed again
    vrrp_netlink_cmd_rcv_bufs_force BOOL: an overrun is noticed, and everything is listed again
    vrrp_netlink_monitor_rcv_bufs BYTES: an overrun is noticed, and everything is listed again
    vrrp_netlink_monitor_rcv_bufs_force BOOL: an overrun is noticed, and everything is listed again
    process_monitor_rcv_bufs BYTES: an overrun is noticed, and everything is listed again
    process_monitor_rcv_bufs_force BOOL: an overrun is noticed, and everything is listed again
    lvs_netlink_cmd_rcv_bufs BYTES: there is no process for virtual servers
    lvs_netlink_cmd_rcv_bufs_force BOOL: there is no process for virtual servers
    lvs_netlink_monitor_rcv_bufs BYTES: there is no process for virtual servers
    lvs_netlink_monitor_rcv_bufs_force BOOL: there is no process for virtual servers
    checker_priority NUMBER: there is no process for virtual servers
    checker_no_swap: there is no process for virtual servers
    checker_rt_priority NUMBER: there is no process for virtual servers
    checker_rlimit_rttime MICROSECONDS: there is no process for virtual servers
    checker_cpu_affinity CPU…: there is no process for virtual servers
    checker_process_name NAME: there is no process for virtual servers
    bfd_priority NUMBER: there is no process for BFD
    bfd_no_swap: there is no process for BFD
    bfd_rt_priority NUMBER: there is no process for BFD
    bfd_rlimit_rttime MICROSECONDS: there is no process for BFD
    bfd_cpu_affinity CPU…: there is no process for BFD
    bfd_process_name NAME: there is no process for BFD
    smtp_alert_checker [BOOL]: it is about virtual servers
    no_checker_emails: it is about virtual servers
    rs_init_notifies: it is about virtual servers
    checker_log_all_failures [BOOL]: it is about virtual servers
    lvs_timeouts [tcp N] [tcpfin N] [udp N]: it is about virtual servers
    lvs_flush: it is about virtual servers
    lvs_flush_on_stop [VS]: it is about virtual servers
    nftables_ipvs [TABLE]: it is about virtual servers
    nftables_ipvs_priority NUMBER: it is about virtual servers
    nftables_ipvs_start_fwmark NUMBER: it is about virtual servers
    lvs_notify_fifo FILE [USER [GROUP]]: it is about virtual servers
    lvs_notify_fifo_script COMMAND: it is about virtual servers
  `),
  ...unsupported(`
    lvs_sync_daemon INTERFACE [INSTANCE] [id N] …: synchronise IPVS connections
    enable_snmp_vrrp: SNMP for VRRP
    enable_snmp_checker: SNMP for virtual servers
    enable_snmp_keepalived: SNMP for both
    enable_snmp_rfc: SNMP with the MIBs of the RFCs
    enable_snmp_rfcv2: SNMP with the MIB of VRRPv2
    enable_snmp_rfcv3: SNMP with the MIB of VRRPv3
    enable_traps: send SNMP traps
    snmp_socket ADDRESS: where the SNMP master agent listens
    enable_dbus: D-Bus interface
    dbus_service_name NAME: its name on the bus
    dbus_no_interface_name NAME: its path for instances without an interface
  `),
];

export const newGlobalDraft = (): GlobalDraft =>
  reset(globalKeywords, {
    written: new Map(),
    routerId: undefined,
    enableScriptSecurity: false,
    scriptUser: undefined,
    supplementaryGroups: false,
    vrrpVersion: undefined,
    minGarp: false,
    garpInterval: 0 as Microseconds,
    gnaInterval: 0 as Microseconds,
    multicastGroup4: "",
    multicastGroup6: "",
    notifyPriorityChanges: false,
    startupDelay: 0 as Microseconds,
    delayAfterBoot: 0 as Microseconds,
    dynamicInterfaces: "no",
    defaultInterface: "",
    logUnknownVirtualRouterIds: false,
    vmacPrefix: "",
    vmacAddressPrefix: undefined,
    metrics: undefined,
    ...noProtocol(),
    ...noMail(),
    ...noFifos(),
    ...defaultProcess(),
  });
