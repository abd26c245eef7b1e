/** The keywords of `vrrp_instance`. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";
import {
  type Address,
  anyAddress,
  anyMulticast,
  choice,
  integer,
  interfaceName,
  Mistake,
  readArgument,
  readOptionalArgument,
  seconds,
  text,
} from "../arguments.js";
import { type Draft, type Keyword, keywordsFor, moot, reset, unsupported } from "../declare.js";
import type { Ipvlan } from "../model.js";
import { refusePlanned } from "../report.js";
import { instanceNotifyKeywords, type NotifyDraft, nothingNotified, notifyKeywords } from "./notify.js";
import { PEER_FORM, type PeerDraft, readPeer } from "./peer.js";
import { noProtocol, type ProtocolDraft, protocolKeywords } from "./protocol.js";
import { ROUTE_FORM, type RouteLine, readRoute } from "./route.js";
import { RULE_FORM, type RuleLine, readRule } from "./rule.js";
import { nothingTracked, type TrackingDraft, trackingKeywords } from "./tracking.js";
import { vrrpVersion } from "./version.js";
import { type AddressLine, readAddressLine, VIRTUAL_ADDRESS_FORM } from "./virtual-address.js";
import { IPVLAN_FORM, readIpvlan, readVmac, VMAC_FORM, type VmacDraft } from "./vmac.js";

export interface InstanceDraft extends ProtocolDraft, TrackingDraft, NotifyDraft {
  readonly name: string;
  readonly span: Span;
  state: "MASTER" | "BACKUP" | undefined;
  interface: string | undefined;
  vrf: string | undefined;
  virtualRouterId: number | undefined;
  version: 2 | 3 | undefined;
  priority: number | undefined;
  advertInterval: Microseconds;
  readonly authentication: AuthenticationDraft;
  readonly addresses: AddressLine[];
  readonly excludedAddresses: AddressLine[];
  readonly routes: RouteLine[];
  readonly rules: RuleLine[];
  promoteSecondaries: boolean;
  sourceAddress: Address | undefined;
  multicastGroup: Address | undefined;
  readonly peers: PeerDraft[];
  unicastTtl: number | undefined;
  faultWithoutPeer: boolean;
  oldUnicastChecksum: "auto" | "always" | "never";
  vmac: VmacDraft | undefined;
  vmacTransmitOnBase: boolean;
  vmacForAddresses: boolean;
  ipvlan: Ipvlan | undefined;
  accept: boolean | undefined;
  trackSourceAddress: boolean;
  trackPrimary: boolean;
  preempt: boolean;
  preemptDelay: Microseconds;
  timerExpiredBackup: { readonly priority: number | undefined } | undefined;
  receiveBuffer: number | undefined;
  lvsSyncDaemonInterface: string | undefined;
  lastResort: boolean;
  allowNoAddress: boolean;
}

export interface AuthenticationDraft extends Draft {
  type: "PASS" | "AH" | undefined;
  password: string | undefined;
}

const inAuthentication = keywordsFor<AuthenticationDraft>();
const authenticationKeywords: readonly Keyword<AuthenticationDraft>[] = [
  inAuthentication.custom({
    name: "auth_type",
    arguments: "PASS|AH",
    otherwise: "no authentication",
    read(draft, statement, reading) {
      draft.type = readArgument(statement, choice("auth_type", ["PASS", "AH"]), reading);
      if (draft.type !== undefined) refusePlanned(statement.arguments[0]!, reading);
    },
    doc: "PASS: a password in every advertisement, readable by anyone on the network. AH: a checksum made with it.",
  }),
  inAuthentication.custom({
    name: "auth_pass",
    arguments: "PASSWORD",
    read(draft, statement, reading) {
      draft.password = readArgument(statement, text("PASSWORD"), reading);
      // keepalived takes off double quotes and nothing else: both ends must agree on the bytes.
      if (draft.password !== undefined) draft.password = statement.arguments[0]!.raw.replaceAll('"', "");
    },
    doc: "The same on all routers; its first 8 bytes count.",
  }),
];

const { setting, flag, block, entries, list, custom } = keywordsFor<InstanceDraft>();

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
    argument: seconds({
      what: "advert_int",
      min: 0.01,
      max: 255,
      cause: "an advertisement carries it in one byte of seconds (RFC 3768 §5.3.7), or 12 bits of hundredths",
    }),
    default: "1",
    doc: "Time between advertisements, the same on all routers: whole seconds in VRRPv2, hundredths up to 40.95 in VRRPv3.",
  }),
  custom({
    name: "version",
    arguments: "2|3",
    otherwise: "vrrp_version of global_defs; 3 for IPv6",
    read(draft, statement, reading) {
      draft.version = readArgument(statement, vrrpVersion, reading);
      if (draft.version !== undefined) refusePlanned(statement.arguments[0]!, reading);
    },
    doc: "The version of VRRP.",
  }),
  block({
    name: "authentication",
    keywords: authenticationKeywords,
    open: (draft) => draft.authentication,
    doc: "The password of VRRPv2.",
  }),
  list({
    name: "virtual_ipaddress",
    entry: VIRTUAL_ADDRESS_FORM,
    parse: (entry, reading) => readAddressLine(entry, reading, "virtual"),
    into: (draft) => draft.addresses,
    doc: "The addresses that the master holds, all of one family.",
  }),
  list({
    name: "virtual_ipaddress_excluded",
    entry: VIRTUAL_ADDRESS_FORM,
    parse: (entry, reading) => readAddressLine(entry, reading, "virtual"),
    into: (draft) => draft.excludedAddresses,
    doc: "Addresses that the master holds and does not advertise; also of the other family.",
  }),
  list({
    name: "virtual_routes",
    entry: ROUTE_FORM,
    parse: (entry, reading) => readRoute(entry, reading, "virtual"),
    into: (draft) => draft.routes,
    doc: "Routes that the master sets.",
  }),
  list({
    name: "virtual_rules",
    entry: RULE_FORM,
    parse: (entry, reading) => readRule(entry, reading, "virtual"),
    into: (draft) => draft.rules,
    doc: "Rules of routing that the master sets.",
  }),
  flag({
    name: "promote_secondaries",
    set: (draft) => {
      draft.promoteSecondaries = true;
    },
    doc: "Keep other addresses of a network when its first one goes: sets the interface's sysctl.",
  }),
  setting({
    name: "unicast_src_ip",
    sets: "sourceAddress",
    argument: anyAddress,
    otherwise: "the interface's first address",
    doc: "Source of unicast advertisements.",
  }),
  setting({
    name: "mcast_src_ip",
    sets: "sourceAddress",
    argument: anyAddress,
    otherwise: "the interface's first address",
    doc: "Source of multicast advertisements.",
  }),
  setting({
    name: "mcast_dst_ip",
    sets: "multicastGroup",
    argument: anyMulticast,
    otherwise: "vrrp_mcast_group4 or vrrp_mcast_group6",
    doc: "Another multicast group, the same on all routers.",
  }),
  entries({
    name: "unicast_peer",
    entry: PEER_FORM,
    otherwise: "multicast",
    read(draft, entry, reading) {
      const peer = readPeer(entry, reading);
      if (peer !== undefined) draft.peers.push(peer);
    },
    doc: "Send advertisements to these routers instead of multicast.",
  }),
  setting({
    name: "unicast_ttl",
    sets: "unicastTtl",
    argument: integer({ what: "unicast_ttl", min: 0, max: 255 }),
    otherwise: "255",
    doc: "Time to live of unicast advertisements.",
  }),
  flag({
    name: "unicast_fault_no_peer",
    set: (draft) => {
      draft.faultWithoutPeer = true;
    },
    doc: "An instance that is meant for unicast and has no peer is in fault, not on multicast.",
  }),
  custom({
    name: "old_unicast_checksum",
    arguments: "[never]",
    otherwise: "found out",
    read(draft, statement, reading) {
      const word = readOptionalArgument(statement, choice("old_unicast_checksum", ["never"]), "always", reading);
      draft.oldUnicastChecksum = word ?? "auto";
    },
    doc: "The checksum of unicast VRRPv3 as keepalived up to 1.3.6 made it.",
  }),
  flag({
    name: "track_src_ip",
    set: (draft) => {
      draft.trackSourceAddress = true;
    },
    doc: "Fault while the source address is missing.",
  }),
  flag({
    name: "dont_track_primary",
    set: (draft) => {
      draft.trackPrimary = false;
    },
    doc: "Go on while the own interface's link is down.",
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
  ...trackingKeywords<InstanceDraft>(),
  ...protocolKeywords<InstanceDraft>("vrrp_instance"),
  ...notifyKeywords<InstanceDraft>(),
  ...instanceNotifyKeywords<InstanceDraft>(),
  custom({
    name: "timer_expired_backup",
    arguments: "[PRIORITY]",
    otherwise: "off",
    read(draft, statement, reading) {
      const argument = integer({ what: "priority", min: 1, max: 254 });
      draft.timerExpiredBackup = {
        priority: readOptionalArgument<number | undefined>(statement, argument, undefined, reading),
      };
    },
    doc: "The highest priority of the other routers: a master that has run so late that one of them may have taken over gives way. Without it, any may have.",
  }),
  custom({
    name: "use_vmac",
    arguments: VMAC_FORM,
    otherwise: "the interface's own MAC address",
    read(draft, statement, reading) {
      draft.vmac = readVmac(statement, reading);
    },
    doc: "Hold the addresses on an interface of its own, with the virtual router's MAC address (RFC 9568 §7.3).",
  }),
  flag({
    name: "vmac_xmit_base",
    set: (draft) => {
      draft.vmacTransmitOnBase = true;
    },
    doc: "With use_vmac: advertise on the interface below.",
  }),
  flag({
    name: "use_vmac_addr",
    set: (draft) => {
      draft.vmacForAddresses = true;
    },
    doc: "Virtual MAC addresses also for addresses on other interfaces.",
  }),
  custom({
    name: "use_ipvlan",
    arguments: IPVLAN_FORM,
    read(draft, statement, reading) {
      draft.ipvlan = readIpvlan(statement, reading);
    },
    doc: "Hold the addresses on an ipvlan interface of its own.",
  }),
  setting({
    name: "vrf",
    sets: "vrf",
    argument: interfaceName,
    doc: "The VRF to work in, for unicast without an interface.",
  }),
  flag({
    name: "accept",
    set: (draft) => {
      draft.accept = true;
    },
    otherwise: "on",
    doc: "The master answers on its virtual addresses.",
  }),
  flag({
    name: "no_accept",
    set: (draft) => {
      draft.accept = false;
    },
    doc: "A master that does not own the addresses drops packets to them.",
  }),
  flag({
    name: "no_virtual_ipaddress",
    set: (draft) => {
      draft.allowNoAddress = true;
    },
    doc: "It is meant to have no address: scripts alone do the work.",
  }),
  setting({
    name: "kernel_rx_buf_size",
    sets: "receiveBuffer",
    argument: integer({ what: "kernel_rx_buf_size", min: 256, max: 2_147_483_647 }),
    otherwise: "vrrp_rx_bufs_policy",
    doc: "Receive buffer of its socket, in bytes.",
  }),
  setting({
    name: "lvs_sync_daemon_interface",
    sets: "lvsSyncDaemonInterface",
    argument: interfaceName,
    doc: "Synchronise IPVS connections over this interface.",
  }),
  flag({
    name: "last_resort",
    set: (draft) => {
      draft.lastResort = true;
    },
    doc: "Bascule's own: while every router is in fault, one keeps the addresses. A failed script, file, process or proxy leaves it in the game with priority 1, and whoever is well takes over, nopreempt or not. Write it on all routers.",
  }),
  ...unsupported(`
    auth_hmac KEYS: SHA-256 over advertisements, as keepalived 2.4 has it; heartbeat_path signs with HMAC-SHA-256 too
  `).map((keyword) => ({ ...keyword, block: { name: "auth_hmac", entry: "…", keywords: new Map() } })),
  ...moot(`
    native_ipv6: the family of the addresses tells, as in keepalived
    linkbeat_use_polling: the kernel tells of every change of a link (rtnetlink)
    debug LEVEL: keepalived does nothing with it either
  `),
];

export const newInstanceDraft = (name: string, span: Span): InstanceDraft =>
  reset(instanceKeywords, {
    written: new Map(),
    name,
    span,
    state: undefined,
    interface: undefined,
    vrf: undefined,
    virtualRouterId: undefined,
    version: undefined,
    priority: undefined,
    advertInterval: 0 as Microseconds,
    authentication: { written: new Map(), type: undefined, password: undefined },
    addresses: [],
    excludedAddresses: [],
    routes: [],
    rules: [],
    promoteSecondaries: false,
    sourceAddress: undefined,
    multicastGroup: undefined,
    peers: [],
    unicastTtl: undefined,
    faultWithoutPeer: false,
    oldUnicastChecksum: "auto",
    vmac: undefined,
    vmacTransmitOnBase: false,
    vmacForAddresses: false,
    ipvlan: undefined,
    accept: undefined,
    trackSourceAddress: false,
    trackPrimary: true,
    preempt: true,
    preemptDelay: 0 as Microseconds,
    timerExpiredBackup: undefined,
    receiveBuffer: undefined,
    lvsSyncDaemonInterface: undefined,
    lastResort: false,
    allowNoAddress: false,
    ...nothingTracked(),
    ...nothingNotified(),
    ...noProtocol(),
  });
