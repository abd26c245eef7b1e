/** The keywords of `global_defs`. */
import { text } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor, planned, plannedBlock, reset } from "../declare.js";
import type { ScriptUser } from "../model.js";
import { type GarpDraft, garpKeywords, noGarp } from "./garp.js";
import { readUser } from "./user.js";
import { vrrpVersion } from "./version.js";

export interface GlobalDraft extends Draft, GarpDraft {
  routerId: string | undefined;
  enableScriptSecurity: boolean;
  scriptUser: ScriptUser | undefined;
  vrrpVersion: 2 | 3;
}

const { setting, flag, custom } = keywordsFor<GlobalDraft>();

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
    arguments: "USER [GROUP]",
    otherwise: "keepalived_script if that user exists, else root",
    refused: [":GROUP"],
    read(draft, statement, reading) {
      draft.scriptUser = readUser(statement, reading) ?? draft.scriptUser;
    },
    doc: "Whom scripts run as unless they name a user.",
  }),
  setting({
    name: "vrrp_version",
    sets: "vrrpVersion",
    argument: vrrpVersion,
    default: "2",
    refused: ["3"],
    doc: "The version of VRRP for instances that do not say.",
  }),
  ...garpKeywords<GlobalDraft>("vrrp_"),

  plannedBlock("notification_email: whom to write to when a state changes"),
  ...planned(`
    notification_email_from ADDRESS: sender of the mails
    smtp_server ADDRESS [PORT]: mail server
    smtp_connect_timeout SECONDS: how long to wait for the mail server
    smtp_helo_name NAME: the name said to the mail server
    smtp_alert [BOOL]: mail about everything unless told otherwise
    smtp_alert_vrrp [BOOL]: mail about VRRP instances
    smtp_alert_checker [BOOL]: mail about real servers
    no_email_faults: no mail when a fault begins
    no_checker_emails: no mail about checks
    rs_init_notifies: notify also of the first state of a real server
    checker_log_all_failures: log every failed check
    vrrp_strict: refuse what the RFC does not allow
    vrrp_skip_check_adv_addr: trust the address list of the master heard before
    vrrp_garp_interval SECONDS: spacing between gratuitous ARPs
    vrrp_gna_interval SECONDS: spacing between neighbour advertisements
    vrrp_lower_prio_no_advert [BOOL]: do not answer an advertisement of lower priority
    vrrp_higher_prio_send_advert [BOOL]: a losing master sends one more advertisement
    vrrp_min_garp [BOOL]: one gratuitous ARP, not repeated
    vrrp_garp_extra_if [all] SECONDS: announce on other interfaces with virtual addresses
    vrrp_down_timer_adverts NUMBER: advertisements missed before taking over
    vrrp_mcast_group4 ADDRESS: multicast group for IPv4
    vrrp_mcast_group6 ADDRESS: multicast group for IPv6
    vrrp_check_unicast_src: accept unicast from listed peers only
    v3_checksum_as_v2 [BOOL]: VRRPv3 checksum without the pseudo-header
    vrrp_owner_ignore_adverts: the owner of the addresses drops advertisements
    vrrp_notify_fifo FILE [USER [GROUP]]: write VRRP events to a FIFO
    vrrp_notify_fifo_script COMMAND: read the VRRP FIFO
    notify_fifo FILE [USER [GROUP]]: write all events to a FIFO
    notify_fifo_script COMMAND: read the FIFO
    lvs_notify_fifo FILE [USER [GROUP]]: write events of virtual servers to a FIFO
    lvs_notify_fifo_script COMMAND: read the FIFO of virtual servers
    vrrp_notify_priority_changes [BOOL]: write changes of priority to the FIFO
    fifo_write_vrrp_states_on_reload: write all states to the FIFO after a reload
    vrrp_startup_delay SECONDS: wait before VRRP begins
    vrrp_delay_after_boot SECONDS: wait after the boot before VRRP begins
    dynamic_interfaces [allow_if_changes]: interfaces may come and go
    default_interface INTERFACE: for addresses that name none
    vrrp_priority NUMBER: nice value of the VRRP process
    vrrp_no_swap: keep the VRRP process in memory
    vrrp_rt_priority NUMBER: real-time priority of the VRRP process
    vrrp_rlimit_rttime MICROSECONDS: limit of its uninterrupted run
    vrrp_rlimit_rtime MICROSECONDS: older name of vrrp_rlimit_rttime
    vrrp_cpu_affinity CPU…: processors for the VRRP process
    checker_priority NUMBER: nice value of the checker process
    checker_no_swap: keep the checker process in memory
    checker_rt_priority NUMBER: real-time priority of the checker process
    checker_rlimit_rttime MICROSECONDS: limit of its uninterrupted run
    checker_cpu_affinity CPU…: processors for the checker process
    bfd_priority NUMBER: nice value of the BFD process
    bfd_no_swap: keep the BFD process in memory
    bfd_rt_priority NUMBER: real-time priority of the BFD process
    bfd_rlimit_rttime MICROSECONDS: limit of its uninterrupted run
    bfd_cpu_affinity CPU…: processors for the BFD process
    max_auto_priority [NUMBER]: raise the scheduling class when timers run late
    min_auto_priority_delay MICROSECONDS: at most this often
    vrrp_iptables [IN [OUT]]: chains for no_accept
    vrrp_ipsets [NAME…]: sets for no_accept
    nftables [TABLE]: table for no_accept
    nftables_priority NUMBER: priority of its chains
    nftables_counters: count what the rules drop
    nftables_ifindex: match interfaces by number
    nftables_ipvs [TABLE]: table for virtual server groups
    nftables_ipvs_priority NUMBER: priority of its chains
    nftables_ipvs_start_fwmark NUMBER: first firewall mark to use
    lvs_sync_daemon INTERFACE [INSTANCE] [id N] …: synchronise IPVS connections
    lvs_timeouts [tcp N] [tcpfin N] [udp N]: timeouts of IPVS
    lvs_flush: empty the IPVS table at the start
    lvs_flush_on_stop [VS]: empty it at the end
    startup_script COMMAND: run before anything else
    startup_script_timeout SECONDS: how long it may take
    shutdown_script COMMAND: run after everything else
    shutdown_script_timeout SECONDS: how long it may take
    process_names: show each process under its own name
    process_name NAME: name of the parent process
    vrrp_process_name NAME: name of the VRRP process
    checker_process_name NAME: name of the checker process
    bfd_process_name NAME: name of the BFD process
    use_symlink_paths [BOOL]: run scripts by the path as written
    set_supplementary_groups [BOOL]: give scripts the groups of their user
    umask MODE: mode bits that new files do not get
    reload_check_config [LOG]: check the new configuration before a reload
    reload_time_file FILE: when to reload
    reload_repeat: reload again at that time
    reload_file FILE: allow a reload only while it exists
    include_check [CHECKS]: how strict include is
    config_save_dir DIRECTORY: keep copies of the configuration
    tmp_config_directory DIRECTORY: where the parsed configuration lies
    log_unknown_vrids: log advertisements of unknown virtual routers
    random_seed NUMBER: seed of the random numbers
    vmac_prefix NAME: first letters of virtual MAC interfaces
    vmac_addr_prefix NAME: first letters of interfaces for addresses
    disable_local_igmp: no IGMP on virtual MAC interfaces
    data_use_instance [BOOL]: name dump files after the instance
    json_version 1|2: format of the JSON dump
    state_dump_file FILE: where the state is dumped
    stats_dump_file FILE: where statistics are dumped
    json_dump_file FILE: where JSON is dumped
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
    vrrp_netlink_cmd_rcv_bufs BYTES: receive buffer
    vrrp_netlink_cmd_rcv_bufs_force BOOL: beyond the system's limit
    vrrp_netlink_monitor_rcv_bufs BYTES: receive buffer
    vrrp_netlink_monitor_rcv_bufs_force BOOL: beyond the system's limit
    lvs_netlink_cmd_rcv_bufs BYTES: receive buffer
    lvs_netlink_cmd_rcv_bufs_force BOOL: beyond the system's limit
    lvs_netlink_monitor_rcv_bufs BYTES: receive buffer
    lvs_netlink_monitor_rcv_bufs_force BOOL: beyond the system's limit
    process_monitor_rcv_bufs BYTES: receive buffer
    process_monitor_rcv_bufs_force BOOL: beyond the system's limit
    vrrp_rx_bufs_policy MTU|ADVERT|BYTES: how large receive buffers are
    vrrp_rx_bufs_multiplier NUMBER: how many advertisements they hold
    iproute_usr_dir DIRECTORY: where names of tables and scopes are
    iproute_etc_dir DIRECTORY: where local names of tables and scopes are
  `),
];

export const newGlobalDraft = (): GlobalDraft =>
  reset(globalKeywords, {
    written: new Map(),
    routerId: undefined,
    enableScriptSecurity: false,
    scriptUser: undefined,
    vrrpVersion: 2,
    ...noGarp(),
  });
