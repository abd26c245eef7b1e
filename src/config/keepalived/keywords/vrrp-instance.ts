/** The keywords of `vrrp_instance`. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";
import { type Argument, choice, integer, interfaceName, ipv4Address, Mistake, seconds, text } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor, planned, plannedBlock, reset } from "../declare.js";
import type { Word } from "../lexer.js";
import type { VirtualAddress } from "../model.js";
import { type GarpDraft, garpKeywords, noGarp } from "./garp.js";
import { PLANNED_PEER_OPTIONS, readPeer } from "./peer.js";
import { readTracker, type TrackerDraft } from "./tracking.js";
import { vrrpVersion } from "./version.js";
import { PLANNED_ADDRESS_OPTIONS, readVirtualAddress, VIRTUAL_ADDRESS_FORM } from "./virtual-address.js";

export interface InstanceDraft extends Draft, GarpDraft {
  readonly name: string;
  readonly span: Span;
  state: "MASTER" | "BACKUP" | undefined;
  interface: string | undefined;
  virtualRouterId: number | undefined;
  version: 2 | 3 | undefined;
  priority: number | undefined;
  advertInterval: Microseconds;
  readonly authentication: AuthenticationDraft;
  readonly addresses: VirtualAddress[];
  readonly excludedAddresses: VirtualAddress[];
  sourceAddress: string | undefined;
  readonly peers: Word[];
  readonly trackScripts: TrackerDraft[];
  readonly trackInterfaces: TrackerDraft[];
  trackSourceAddress: boolean;
  preempt: boolean;
  preemptDelay: Microseconds;
  lvsSyncDaemonInterface: string | undefined;
}

export interface AuthenticationDraft extends Draft {
  type: "PASS" | undefined;
  password: string | undefined;
}

/** VRRPv2 counts whole seconds, in one byte (RFC 3768 §5.3.7). */
const advertInterval: Argument<Microseconds> = {
  name: "SECONDS",
  parse(text) {
    if (/^\d*\.\d*[1-9]\d*$/.test(text))
      return new Mistake("advert-interval", `advert_int ${text} is not a whole number of seconds`, {
        cause: "VRRPv2 counts whole seconds; VRRPv3, which has fractions, is not supported yet",
        remedy: "use 1 to 255",
      });
    return seconds({
      what: "advert_int",
      min: 1,
      max: 255,
      cause: "an advertisement carries it in one byte (RFC 3768 §5.3.7)",
    }).parse(text);
  },
};

const authenticationType: Argument<"PASS"> = {
  name: "PASS",
  parse(text) {
    if (text !== "AH") return choice("auth_type", ["PASS"]).parse(text);
    return new Mistake("not-supported", "auth_type AH is not supported yet", {
      remedy: "use auth_type PASS on all routers, or no authentication: neither keeps an attacker out (RFC 9568 §9)",
    });
  },
};

const inAuthentication = keywordsFor<AuthenticationDraft>();
const authenticationKeywords: readonly Keyword<AuthenticationDraft>[] = [
  inAuthentication.setting({
    name: "auth_type",
    sets: "type",
    argument: authenticationType,
    refused: ["AH"],
    otherwise: "no authentication",
    doc: "PASS: a password in every advertisement, readable by anyone on the network.",
  }),
  inAuthentication.setting({
    name: "auth_pass",
    sets: "password",
    argument: text("PASSWORD"),
    doc: "The same on all routers; its first 8 bytes count.",
  }),
];

const { setting, flag, block, entries } = keywordsFor<InstanceDraft>();

export const instanceKeywords: readonly Keyword<InstanceDraft>[] = [
  setting({
    name: "state",
    sets: "state",
    argument: choice("state", ["MASTER", "BACKUP"]),
    otherwise: "BACKUP",
    doc: "A label: every instance starts as backup. MASTER cancels nopreempt.",
  }),
  setting({
    name: "interface",
    sets: "interface",
    argument: {
      name: "INTERFACE",
      parse: (name) =>
        name === "lo"
          ? new Mistake("interface-name", "VRRP cannot run on lo", {
              cause: "no other router is on the loopback interface",
              remedy: "name the interface that the routers share",
            })
          : interfaceName.parse(name),
    },
    otherwise: "required",
    doc: "The interface that the routers share; virtual addresses go there unless they name another.",
  }),
  setting({
    name: "virtual_router_id",
    sets: "virtualRouterId",
    argument: integer({
      what: "virtual_router_id",
      min: 1,
      max: 255,
      cause: "an advertisement carries it in one byte (RFC 9568 §5.2.3)",
    }),
    otherwise: "required",
    doc: "The same on all routers of one virtual router, and on no other on this network.",
  }),
  setting({
    name: "priority",
    sets: "priority",
    argument: integer({
      what: "priority",
      min: 1,
      max: 255,
      cause: "an advertisement carries it in one byte, and 0 means resign (RFC 9568 §5.2.4)",
      remedy: "use 1–254, or 255 if this host owns the address",
    }),
    otherwise: "100; 255 with state MASTER",
    doc: "The highest becomes master. 255 owns the addresses.",
  }),
  setting({
    name: "advert_int",
    sets: "advertInterval",
    argument: advertInterval,
    default: "1",
    doc: "Time between advertisements, the same on all routers: whole seconds in VRRPv2.",
  }),
  setting({
    name: "version",
    sets: "version",
    argument: vrrpVersion,
    otherwise: "vrrp_version of global_defs",
    refused: ["3"],
    doc: "The version of VRRP.",
  }),
  block({
    name: "authentication",
    keywords: authenticationKeywords,
    open: (draft) => draft.authentication,
    doc: "The password of VRRPv2.",
  }),
  entries({
    name: "virtual_ipaddress",
    entry: VIRTUAL_ADDRESS_FORM,
    refused: PLANNED_ADDRESS_OPTIONS,
    read(draft, entry, reading) {
      const address = readVirtualAddress(entry, reading);
      if (address !== undefined) draft.addresses.push(address);
    },
    doc: "The addresses that the master holds.",
  }),
  entries({
    name: "virtual_ipaddress_excluded",
    entry: VIRTUAL_ADDRESS_FORM,
    refused: PLANNED_ADDRESS_OPTIONS,
    read(draft, entry, reading) {
      const address = readVirtualAddress(entry, reading);
      if (address !== undefined) draft.excludedAddresses.push(address);
    },
    doc: "Addresses that the master holds and does not advertise.",
  }),
  setting({
    name: "unicast_src_ip",
    sets: "sourceAddress",
    argument: ipv4Address,
    otherwise: "the interface's first address",
    doc: "Source of unicast advertisements.",
  }),
  setting({
    name: "mcast_src_ip",
    sets: "sourceAddress",
    argument: ipv4Address,
    otherwise: "the interface's first address",
    doc: "Source of multicast advertisements.",
  }),
  entries({
    name: "unicast_peer",
    entry: "ADDRESS",
    refused: PLANNED_PEER_OPTIONS,
    otherwise: "multicast",
    read(draft, entry, reading) {
      const peer = readPeer(entry, reading);
      if (peer !== undefined) draft.peers.push(peer);
    },
    doc: "Send advertisements to these routers instead of multicast.",
  }),
  entries({
    name: "track_script",
    entry: "NAME [weight NUMBER]",
    refused: ["reverse"],
    read(draft, entry, reading) {
      draft.trackScripts.push(readTracker(entry, reading));
    },
    doc: "Scripts whose failure is a fault, or lowers the priority by their weight.",
  }),
  entries({
    name: "track_interface",
    entry: "INTERFACE [weight NUMBER]",
    refused: ["reverse"],
    read(draft, entry, reading) {
      draft.trackInterfaces.push(readTracker(entry, reading));
    },
    doc: "Interfaces whose loss is a fault, or lowers the priority by their weight.",
  }),
  flag({
    name: "track_src_ip",
    set: (draft) => {
      draft.trackSourceAddress = true;
    },
    doc: "Fault while the source address is missing.",
  }),
  flag({
    name: "nopreempt",
    set: (draft) => {
      draft.preempt = false;
    },
    doc: "Leave a master of lower priority in place.",
  }),
  flag({
    name: "preempt",
    set: (draft) => {
      draft.preempt = true;
    },
    otherwise: "on",
    doc: "Take over from a master of lower priority.",
  }),
  setting({
    name: "preempt_delay",
    sets: "preemptDelay",
    argument: seconds({ what: "preempt_delay", min: 0, max: 1000 }),
    default: "0",
    doc: "Wait this long after hearing a master of lower priority before taking over.",
  }),
  ...garpKeywords<InstanceDraft>(""),
  flag({
    name: "accept",
    // What we do already: the firewall is left alone, so the master answers on its virtual addresses.
    set: () => {},
    otherwise: "on",
    doc: "The master answers on its virtual addresses.",
  }),
  setting({
    name: "lvs_sync_daemon_interface",
    sets: "lvsSyncDaemonInterface",
    argument: interfaceName,
    doc: "Synchronise IPVS connections over this interface.",
  }),

  plannedBlock(
    "auth_hmac: sign advertisements with SHA-256",
    planned(`
      key ID VALUE: a key
      active_key ID: the key to sign with
      time_window SECONDS: how old an advertisement may be
      anti_replay time|monotonic: how repeated advertisements are found
      mode enforce|permissive|receive-only: what to do without a signature
    `),
  ),
  plannedBlock("virtual_routes: routes that the master sets"),
  plannedBlock("virtual_rules: rules that the master sets"),
  plannedBlock("track_file: files with numbers that change the priority"),
  plannedBlock("track_process: processes that must run"),
  plannedBlock("track_bfd: BFD sessions that must be up"),
  ...planned(`
    unicast_ttl NUMBER: time to live of unicast advertisements
    check_unicast_src: accept unicast from listed peers only
    unicast_fault_no_peer: fault while there is no peer
    old_unicast_checksum [never]: checksum of old releases
    v3_checksum_as_v2 [BOOL]: VRRPv3 checksum without the pseudo-header
    dont_track_primary: ignore the link of the own interface
    notify_master COMMAND [USER [GROUP]]: run on becoming master
    notify_backup COMMAND [USER [GROUP]]: run on becoming backup
    notify_fault COMMAND [USER [GROUP]]: run on a fault
    notify_stop COMMAND [USER [GROUP]]: run at the end
    notify_deleted COMMAND [USER [GROUP]]: run when a reload removes the instance
    notify COMMAND [USER [GROUP]]: run on every change of state
    notify_master_rx_lower_pri COMMAND [USER [GROUP]]: run when a master hears a lower priority
    notify_priority_changes [BOOL]: report changes of priority
    smtp_alert [BOOL]: mail on changes of state
    garp_extra_if [all] SECONDS: announce on other interfaces with virtual addresses
    lower_prio_no_advert [BOOL]: do not answer an advertisement of lower priority
    higher_prio_send_advert [BOOL]: a losing master sends one more advertisement
    down_timer_adverts NUMBER: advertisements missed before taking over
    owner_ignore_adverts [BOOL]: the owner of the addresses drops advertisements
    timer_expired_backup [PRIORITY]: give up mastership after running late
    use_vmac [NAME] [MAC] …: a virtual MAC address
    vmac_xmit_base: send advertisements from the interface below
    use_vmac_addr: a virtual MAC address for addresses elsewhere
    use_ipvlan [NAME] …: an ipvlan interface
    vrf NAME: the VRF of the instance
    mcast_dst_ip ADDRESS: another multicast group
    no_accept: drop packets to the virtual addresses
    strict_mode [BOOL]: refuse what the RFC does not allow
    skip_check_adv_addr [BOOL]: trust the address list of the master heard before
    no_virtual_ipaddress: it is meant to have no address
    promote_secondaries: keep secondary addresses when the first goes
    kernel_rx_buf_size BYTES: receive buffer
    native_ipv6: IPv6 even without virtual addresses
    linkbeat_use_polling: poll the link state
    debug LEVEL: log more
  `),
];

export const newInstanceDraft = (name: string, span: Span): InstanceDraft =>
  reset(instanceKeywords, {
    written: new Map(),
    name,
    span,
    state: undefined,
    interface: undefined,
    virtualRouterId: undefined,
    version: undefined,
    priority: undefined,
    advertInterval: 0 as Microseconds,
    authentication: { written: new Map(), type: undefined, password: undefined },
    addresses: [],
    excludedAddresses: [],
    sourceAddress: undefined,
    peers: [],
    trackScripts: [],
    trackInterfaces: [],
    trackSourceAddress: false,
    preempt: true,
    preemptDelay: 0 as Microseconds,
    lvsSyncDaemonInterface: undefined,
    ...noGarp(),
  });
