/**
 * keepalived.conf, typed: the contract between the language and the fail-over engine. Whatever the file says by names,
 * inheritance and overruling has been worked out: an instance carries all that holds for it. Every duration is in
 * microseconds, also where the file counts seconds or milliseconds. Addresses are text in the kernel's own form
 * (`192.0.2.1`; IPv6 in lower case and shortened, RFC 5952), so that equal addresses are equal strings.
 *
 * What stands here and is not carried out yet is refused by the reader: no field is read and then ignored.
 */
import type { Span } from "../diagnostics.js";
import type { Microseconds } from "../units.js";
import type { KeepalivedGlobal } from "./model/global.js";
import type { HeartbeatPath } from "./model/heartbeat.js";
import type {
  AddressFamily,
  AddressInterface,
  AnnouncementSpacing,
  Ipvlan,
  LinkDelay,
  Route,
  Rule,
  VirtualAddress,
  VirtualMac,
} from "./model/network.js";
import type { NotifyScripts } from "./model/notification.js";
import type { StaticNetwork, Trackers, TrackFile, TrackGroup, TrackProcess, VrrpScript } from "./model/tracking.js";

export type * from "./model/global.js";
export type * from "./model/heartbeat.js";
export type * from "./model/network.js";
export type * from "./model/notification.js";
export type * from "./model/tracking.js";

export interface KeepalivedConfiguration {
  readonly global: KeepalivedGlobal;
  /** Each `vrrp_script`, also those that nobody tracks: these are not run. */
  readonly scripts: readonly VrrpScript[];
  /** `track_file`, or `vrrp_track_file` as it was called. */
  readonly trackFiles: readonly TrackFile[];
  /** `vrrp_track_process` */
  readonly trackProcesses: readonly TrackProcess[];
  readonly instances: readonly VrrpInstance[];
  /** `vrrp_sync_group` */
  readonly syncGroups: readonly SyncGroup[];
  /** `static_ipaddress`, `static_routes`, `static_rules`: there from start to stop, whoever is master. */
  readonly statics: StaticNetwork;
  /** `track_group`: which instances a lost static address, route or rule puts into fault. */
  readonly trackGroups: readonly TrackGroup[];
  /** `garp_group`, in the order of the file; interfaces in none of them have `global.announcementSpacing`. */
  readonly announcementSpacing: readonly AnnouncementSpacing[];
  /** `interface_up_down_delays` */
  readonly linkDelays: readonly LinkDelay[];
  /** `heartbeat_path`: Bascule's own. Empty: advertisements are the only sign of life. */
  readonly heartbeatPaths: readonly HeartbeatPath[];
}

/** `vrrp_instance`: this host's part in one virtual router. */
export interface VrrpInstance {
  /** Unique in the configuration; stands in the log and in the arguments of notify scripts. */
  readonly name: string;
  /** What the file calls the initial state. It does not make the instance start as master; priority 255 does. */
  readonly state: "MASTER" | "BACKUP";
  /** undefined: unicast that any interface may carry. */
  readonly interface: string | undefined;
  /** `vrf`, only without an interface. */
  readonly vrf: string | undefined;
  /** 1–255 */
  readonly virtualRouterId: number;
  /** 6 goes with version 3 only (RFC 9568 §5.2.1). All of `addresses` are of this family. */
  readonly family: AddressFamily;
  readonly version: 2 | 3;
  /** 1–255; 255 owns the addresses: nothing lowers it, and no other priority rises to it. */
  readonly priority: number;
  /** Version 2: whole seconds, 1–255 s. Version 3: whole centiseconds, 10 ms–40.95 s. */
  readonly advertInterval: Microseconds;
  /** Version 2 only (RFC 2338 §5.3.6). */
  readonly authentication: Authentication | undefined;
  /** In the order of the file; they stand in the advertisement. */
  readonly addresses: readonly VirtualAddress[];
  /** Held like the others, but not advertised; may be of the other family. */
  readonly excludedAddresses: readonly VirtualAddress[];
  /** Set after the addresses, removed before them. */
  readonly routes: readonly Route[];
  /** Set after the routes, removed before them. */
  readonly rules: readonly Rule[];
  /** Set the interface's `promote_secondaries`, so that an address does not take others of its network with it. */
  readonly promoteSecondaries: boolean;
  /** `unicast_src_ip` or `mcast_src_ip`; undefined: the interface's first address (IPv6: its link-local one). */
  readonly sourceAddress: string | undefined;
  /** Where advertisements go, and where they may come from. */
  readonly transport: Transport;
  readonly checksum: ChecksumOptions;
  /** `use_vmac`; undefined: the interface's own MAC address. */
  readonly virtualMac: VirtualMac | undefined;
  /** Interfaces for addresses with `virtualMac`: none in the file's own model, the engine names them at its start. */
  readonly addressInterfaces: readonly AddressInterface[];
  /** `use_ipvlan` */
  readonly ipvlan: Ipvlan | undefined;
  /** false (`no_accept`): while master and not owner, packets to the virtual addresses are dropped. */
  readonly accept: boolean;
  /** `strict_mode`. What it forbids has been reported, what it implies stands in the other fields. */
  readonly strict: boolean;
  /** Trust the address list of a master whose list was checked before. */
  readonly skipAddressCheck: boolean;
  /** Advertisements missed before taking over, 1–100; 3 (RFC 9568 §6.1). */
  readonly downTimerAdverts: number;
  /** `nopreempt` as it holds: `state MASTER` and priority 255 have overruled it already. */
  readonly preempt: boolean;
  readonly preemptDelay: Microseconds;
  /** A losing master sends one more advertisement, so that the winner announces its addresses again. */
  readonly higherPrioritySendAdvert: boolean;
  /** A master does not answer an advertisement of lower priority. */
  readonly lowerPriorityNoAdvert: boolean;
  /** With priority 255: drop whatever others advertise. */
  readonly ownerIgnoreAdverts: boolean;
  /** `timer_expired_backup`: a master that ran late gives way instead of going on, at this priority. */
  readonly timerExpiredBackup: { readonly priority: number | undefined } | undefined;
  readonly garp: GratuitousArp;
  /** Scripts, files, processes, interfaces and the proxy; without those of the sync group. */
  readonly track: Trackers;
  /** Fault while the source address is missing. */
  readonly trackSourceAddress: boolean;
  /** false (`dont_track_primary`): the link of its own interface is not looked at. */
  readonly trackPrimary: boolean;
  readonly notify: NotifyScripts;
  /** Write changes of priority to the FIFOs. */
  readonly notifyPriorityChanges: boolean;
  /** Mail on changes of state. */
  readonly smtpAlert: boolean;
  /** SO_RCVBUF of its socket, in bytes; undefined: the system's. */
  readonly receiveBuffer: number | undefined;
  /** The interface whose IPVS connection table is to be synchronised; undefined: not asked for. */
  readonly lvsSyncDaemonInterface: string | undefined;
  /** `last_resort`, Bascule's own: with every router in fault, the best of them keeps the addresses. */
  readonly lastResort: boolean;
  /** `address_lifetime`, Bascule's own: after how long the kernel drops addresses that nobody renews. */
  readonly addressLifetime: AddressLifetime;
  readonly span: Span;
}

/** PASS is readable by anyone on the network; AH is HMAC-MD5-96 (RFC 2338 §5.3.6). */
export interface Authentication {
  readonly type: "PASS" | "AH";
  /** 8 bytes at most; what is behind them has been cut off. */
  readonly password: string;
}

export type Transport = Multicast | Unicast;

export interface Multicast {
  readonly kind: "multicast";
  /** `mcast_dst_ip`, or the family's group of global_defs: 224.0.0.18 or ff02::12. */
  readonly group: string;
}

export interface Unicast {
  readonly kind: "unicast";
  /** Each gets every advertisement. Empty only with `unicast_fault_no_peer`: a fault. */
  readonly peers: readonly UnicastPeer[];
  /** TTL or hop limit of what is sent. */
  readonly ttl: number;
  /** Drop advertisements that come from others than the peers. */
  readonly checkSource: boolean;
}

export interface UnicastPeer {
  readonly address: string;
  /** TTL or hop limit of what it sends; undefined: any. Either of them turns `checkSource` on. */
  readonly minTtl: number | undefined;
  readonly maxTtl: number | undefined;
}

/** Compatibility of the checksum over IPv4 (RFC 9568 §5.2.8 and what came before). */
export interface ChecksumOptions {
  /** `v3_checksum_as_v2`: send VRRPv3 without the pseudo-header. */
  readonly v3AsV2: boolean;
  /**
   * `old_unicast_checksum`: unicast VRRPv3 whose pseudo-header holds the multicast group, as keepalived ≤ 1.3.6 sent
   * it. "auto": sent to a peer that was heard to send it.
   */
  readonly oldUnicast: "auto" | "always" | "never";
}

/** Gratuitous ARP, and for IPv6 unsolicited neighbour advertisements. */
export interface GratuitousArp {
  /** Delay before the second burst; 0: no second burst. */
  readonly masterDelay: Microseconds;
  /** Packets in a burst, for each address. */
  readonly masterRepeat: number;
  /** Time between refreshes while master; 0: none. */
  readonly masterRefresh: Microseconds;
  /** Packets in each refresh. */
  readonly masterRefreshRepeat: number;
  /** The burst after a lower-priority advertisement was heard; delay before the second one. */
  readonly lowerPriorityDelay: Microseconds;
  readonly lowerPriorityRepeat: number;
  /** `garp_extra_if`: announcements where the addresses are on other interfaces; interval 0: none. */
  readonly extraInterfaces: {
    readonly interval: Microseconds;
    /** false: on interfaces with a virtual MAC only. */
    readonly all: boolean;
  };
}

/** "auto": shorter than the time in which a backup takes over; "off": addresses stay until they are removed. */
export type AddressLifetime = "auto" | "off" | Microseconds;

/** `vrrp_sync_group`: instances that are all master or none. */
export interface SyncGroup {
  readonly name: string;
  /** Names of instances that exist, each in one group only; two or more, else there is a warning. */
  readonly members: readonly string[];
  /** Apply to all members. Weights are 0 unless `trackingWeight` is set. */
  readonly track: Trackers;
  /** `sync_group_tracking_weight` (or the older `global_tracking`): weights count in this group. */
  readonly trackingWeight: boolean;
  /** Run once for the group, after those of its members. `deleted` and `masterReceivedLowerPriority` are absent. */
  readonly notify: NotifyScripts;
  readonly notifyPriorityChanges: boolean;
  readonly smtpAlert: boolean;
  readonly span: Span;
}
