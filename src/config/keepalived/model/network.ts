/** Addresses, routes, rules and interfaces: what rtnetlink is to be told. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";

export type AddressFamily = 4 | 6;

/** One line of `virtual_ipaddress` and its like, as ip-address(8) has it. */
export interface VirtualAddress {
  readonly family: AddressFamily;
  readonly address: string;
  readonly prefixLength: number;
  /** undefined: the instance's own interface (with use_vmac, the virtual one on it). */
  readonly device: string | undefined;
  /** `use_vmac` on the line, or `use_vmac_addr` of its instance: on a virtual MAC interface over `device`. */
  readonly virtualMac: boolean;
  readonly label: string | undefined;
  /** rtnetlink's scope number: global 0, site 200, link 253, host 254. */
  readonly scope: number;
  /** An address, or undefined for none. `brd +` has been worked out already. */
  readonly broadcast: string | undefined;
  /** The other end of a point-to-point link; `prefixLength` is then that of the peer. */
  readonly peer: string | undefined;
  /** IFA_F_HOMEADDRESS (RFC 6275 §11.1) */
  readonly home: boolean;
  /** IFA_F_NODAD: set for virtual IPv6 addresses, unless `-nodad` asks for duplicate address detection. */
  readonly noDad: boolean;
  /** IFA_F_MANAGETEMPADDR */
  readonly manageTemporary: boolean;
  /** IFA_F_NOPREFIXROUTE */
  readonly noPrefixRoute: boolean;
  /** IFA_F_MCAUTOJOIN */
  readonly autoJoin: boolean;
  /** IFA_CACHEINFO's preferred lifetime in seconds, 0: deprecated, as an IPv6 /128 is unless the line says otherwise. */
  readonly preferredLifetime: number | "forever";
  /** false (`no_track`): its loss neither ends mastership nor brings it back. */
  readonly track: boolean;
  readonly span: Span;
}

/** A network, as `from`, `to` and a route's destination name it. */
export interface Prefix {
  readonly address: string;
  readonly prefixLength: number;
}

/** One line of `virtual_routes` or `static_routes`, as ip-route(8) has it. undefined: not written. */
export interface Route {
  readonly family: AddressFamily;
  readonly type: RouteType;
  /** `default` is 0.0.0.0/0 or ::/0. */
  readonly destination: Prefix;
  /** `from`: IPv6 only. */
  readonly from: Prefix | undefined;
  /** `src`: the source address of packets that take it. */
  readonly source: string | undefined;
  /** `via` or `gw`, with `inet`/`inet6` where it is of the other family. */
  readonly via: NextAddress | undefined;
  /** undefined: the kernel finds it through `via`. */
  readonly device: string | undefined;
  /** `nexthop …`, or `or GATEWAY`: several ways; then `via` and `device` are undefined. */
  readonly nextHops: readonly NextHop[];
  /** A number; names are those of rt_tables. undefined: main, or the one of `vrf`. */
  readonly table: number | undefined;
  /** `vrf`: in that VRF's table. */
  readonly vrf: string | undefined;
  /** rtnetlink's scope; undefined: link for a route without gateway, else global. */
  readonly scope: number | undefined;
  /** `tos` or `dsfield` */
  readonly tos: number;
  /** `protocol`; undefined: keepalived's own (18). */
  readonly protocol: number | undefined;
  /** `metric`, `preference` or `priority` */
  readonly metric: number | undefined;
  readonly onLink: boolean;
  /** `pref low|medium|high` (RFC 4191), IPv6 only */
  readonly preference: "low" | "medium" | "high" | undefined;
  /** In seconds, IPv6 only */
  readonly expires: number | undefined;
  /** `realms [FROM/]TO`, IPv4 only */
  readonly realms: { readonly from: number | undefined; readonly to: number } | undefined;
  /** `ttl-propagate enabled|disabled` */
  readonly ttlPropagate: boolean | undefined;
  readonly metrics: RouteMetrics;
  /** Where it stands among equal ones: `prepend` as the kernel does of itself, `append` behind, `add` only alone. */
  readonly placement: "prepend" | "append" | "add";
  /** false (`no_track`) */
  readonly track: boolean;
  readonly span: Span;
}

export type RouteType =
  | "unicast"
  | "local"
  | "broadcast"
  | "anycast"
  | "multicast"
  | "blackhole"
  | "unreachable"
  | "prohibit"
  | "throw";

export interface NextAddress {
  readonly family: AddressFamily;
  readonly address: string;
}

export interface NextHop {
  readonly via: NextAddress | undefined;
  readonly device: string | undefined;
  /** 1–256, as written; the kernel stores one less. */
  readonly weight: number;
  readonly onLink: boolean;
  readonly realms: { readonly from: number | undefined; readonly to: number } | undefined;
}

/** RTA_METRICS. `locked` names those with `lock` before their number. */
export interface RouteMetrics {
  readonly mtu?: number;
  readonly window?: number;
  /** In milliseconds × 8, as the kernel keeps it. */
  readonly rtt?: number;
  /** In milliseconds × 4. */
  readonly rttvar?: number;
  readonly ssthresh?: number;
  readonly cwnd?: number;
  readonly advmss?: number;
  readonly reordering?: number;
  readonly hoplimit?: number;
  readonly initcwnd?: number;
  /** Bit set of RTAX_FEATURE_*: ecn is 1. */
  readonly features?: number;
  /** In milliseconds. */
  readonly rtoMin?: number;
  readonly initrwnd?: number;
  readonly quickack?: number;
  readonly fastopenNoCookie?: number;
  /** `congctl NAME` */
  readonly congestionControl?: string;
  readonly locked: readonly string[];
}

/** One line of `virtual_rules` or `static_rules`, as ip-rule(8) has it. undefined: not written, matches anything. */
export interface Rule {
  readonly family: AddressFamily;
  /** `not`: matches what the rest does not. */
  readonly invert: boolean;
  readonly from: Prefix | undefined;
  readonly to: Prefix | undefined;
  readonly tos: number | undefined;
  readonly fwmark: { readonly mark: number; readonly mask: number | undefined } | undefined;
  readonly incomingInterface: string | undefined;
  readonly outgoingInterface: string | undefined;
  readonly userIds: Range | undefined;
  readonly ipProtocol: number | undefined;
  readonly sourcePorts: Range | undefined;
  readonly destinationPorts: Range | undefined;
  readonly tunnelId: number | undefined;
  /** `preference`, `priority` or `order`; undefined: one below the lowest so far, as the kernel does. */
  readonly preference: number | undefined;
  readonly protocol: number | undefined;
  readonly action: RuleAction;
  readonly suppressPrefixLength: number | undefined;
  readonly suppressInterfaceGroup: number | undefined;
  readonly realms: { readonly from: number | undefined; readonly to: number } | undefined;
  /** false (`no_track`) */
  readonly track: boolean;
  readonly span: Span;
}

export interface Range {
  readonly first: number;
  readonly last: number;
}

export type RuleAction =
  | { readonly kind: "table"; readonly table: number }
  /** `l3mdev`: the table of the VRF that the interface belongs to. */
  | { readonly kind: "l3mdev" }
  | { readonly kind: "goto"; readonly preference: number }
  | { readonly kind: "nop" | "blackhole" | "unreachable" | "prohibit" };

/** `use_vmac [NAME] [MAC]`: a macvlan in private mode with a virtual router's MAC address. */
export interface VirtualMac {
  /** undefined: `vmac_prefix` and the virtual router's number, such as vrrp.51. */
  readonly name: string | undefined;
  /** Six octets `00:00:5e:00:01:33`; undefined: 00:00:5e:00:01 (IPv6: 02) and the number (RFC 9568 §7.3). */
  readonly mac: string | undefined;
  /** `vmac_xmit_base`: advertisements leave from, and come in by, the interface below. */
  readonly transmitOnBase: boolean;
  /** Let udev and others know of it: `netlink_notify_msg`. */
  readonly netlinkNotify: boolean;
  /** `group N`: the link group it is put into. */
  readonly group: number | undefined;
}

/** A macvlan for virtual addresses, over an interface that is not the instance's or for the other family. */
export interface AddressInterface {
  readonly name: string;
  /** The interface below. */
  readonly base: string;
  /** `00:00:5e:00:01:33` */
  readonly mac: string;
  readonly family: AddressFamily;
}

/** `use_ipvlan [NAME] [ADDRESS] [bridge|private|vepa]` */
export interface Ipvlan {
  readonly name: string | undefined;
  readonly address: Prefix | undefined;
  readonly mode: "bridge" | "private" | "vepa";
}

/** `garp_group`: spacing of announcements, counted over all of its interfaces together. */
export interface AnnouncementSpacing {
  readonly interfaces: readonly string[];
  /** Between gratuitous ARPs; 0: none. */
  readonly garpInterval: Microseconds;
  /** Between unsolicited neighbour advertisements; 0: none. */
  readonly gnaInterval: Microseconds;
}

/** How long a link must have been down, or up, before that counts; 0 to 255 s. */
export interface LinkDelay {
  readonly interface: string;
  readonly down: Microseconds;
  readonly up: Microseconds;
}
