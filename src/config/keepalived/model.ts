/** keepalived.conf, typed: what the fail-over engine runs. Times are microseconds. */
import type { Span } from "../diagnostics.js";
import type { Microseconds } from "../units.js";

export interface KeepalivedConfiguration {
  readonly global: KeepalivedGlobal;
  readonly scripts: readonly VrrpScript[];
  readonly instances: readonly VrrpInstance[];
}

export interface KeepalivedGlobal {
  readonly routerId: string | undefined;
  readonly enableScriptSecurity: boolean;
  /** `script_user`: whom scripts run as unless they say otherwise. */
  readonly scriptUser: ScriptUser | undefined;
}

export interface ScriptUser {
  readonly user: string;
  readonly group: string | undefined;
}

/** `vrrp_script`: a command run every `interval`; exit code 0 is success. */
export interface VrrpScript {
  readonly name: string;
  /** The words of the command: no shell is involved. */
  readonly argv: readonly string[];
  readonly interval: Microseconds;
  readonly timeout: Microseconds;
  /** 0: failure is a fault. Above 0: added while it succeeds. Below 0: added while it fails. */
  readonly weight: number;
  /** Successes needed before it counts as up. */
  readonly rise: number;
  /** Failures needed before it counts as down. */
  readonly fall: number;
  readonly user: ScriptUser | undefined;
  readonly initFail: boolean;
  readonly span: Span;
}

export interface VrrpInstance {
  readonly name: string;
  /** What the file calls the initial state. It does not make the instance start as master. */
  readonly state: "MASTER" | "BACKUP";
  readonly interface: string;
  readonly virtualRouterId: number;
  readonly version: 2 | 3;
  /** 1–255; 255 owns the addresses. */
  readonly priority: number;
  readonly advertInterval: Microseconds;
  readonly authentication: { readonly type: "PASS"; readonly password: string } | undefined;
  /** In the order of the file; they stand in the advertisement. */
  readonly addresses: readonly VirtualAddress[];
  /** Held like the others, but not advertised. */
  readonly excludedAddresses: readonly VirtualAddress[];
  /** `unicast_src_ip` or `mcast_src_ip`; undefined: the interface's first address. */
  readonly sourceAddress: string | undefined;
  /** Empty: multicast. */
  readonly unicastPeers: readonly string[];
  readonly trackScripts: readonly TrackedScript[];
  readonly trackInterfaces: readonly TrackedInterface[];
  /** Fault while the source address is missing. */
  readonly trackSourceAddress: boolean;
  readonly preempt: boolean;
  readonly preemptDelay: Microseconds;
  readonly garp: GratuitousArp;
  /** The interface whose IPVS connection table is to be synchronised; undefined: not asked for. */
  readonly lvsSyncDaemonInterface: string | undefined;
  readonly span: Span;
}

export interface VirtualAddress {
  readonly address: string;
  readonly prefixLength: number;
  /** undefined: the instance's own. */
  readonly device: string | undefined;
  readonly label: string | undefined;
  /** rtnetlink's scope number: global 0, site 200, link 253, host 254. */
  readonly scope: number;
  /** An address, or undefined for none. `brd +` has been worked out already. */
  readonly broadcast: string | undefined;
  readonly span: Span;
}

export interface TrackedScript {
  readonly script: string;
  /** Overrides the script's own weight. */
  readonly weight: number;
}

export interface TrackedInterface {
  readonly interface: string;
  /** 0: a fault while it is down. */
  readonly weight: number;
}

export interface GratuitousArp {
  /** Delay before the second burst. */
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
}
