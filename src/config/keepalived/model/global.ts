/** `global_defs` and the words outside any block. What instances inherit stands in the instances. */
import type { Microseconds } from "../../units.js";
import type { GratuitousArp } from "../model.js";
import type { Command, MailSettings, NotifyFifo, ScriptUser } from "./notification.js";

export interface KeepalivedGlobal {
  /** What this host calls itself in mails and dumps; undefined: its host name. */
  readonly routerId: string | undefined;
  /** A script that would run as root does not, if others may write to it or to a folder above it. */
  readonly enableScriptSecurity: boolean;
  /** `script_user`: whom scripts run as unless they say otherwise. */
  readonly scriptUser: ScriptUser | undefined;
  readonly mail: MailSettings;
  /** `notify_fifo`: everything. */
  readonly notifyFifo: NotifyFifo | undefined;
  /** `vrrp_notify_fifo`: VRRP alone. */
  readonly vrrpNotifyFifo: NotifyFifo | undefined;
  /** `fifo_write_vrrp_states_on_reload` */
  readonly fifoStatesOnReload: boolean;
  /** Instances begin so long after the start. */
  readonly startupDelay: Microseconds;
  /** Instances begin no earlier than so long after the boot. */
  readonly delayAfterBoot: Microseconds;
  /** Whether interfaces may be missing at the start, and come and go. */
  readonly dynamicInterfaces: "no" | "yes" | "allow-if-changes";
  /** Spacing of announcements on interfaces that no `garp_group` names; 0: none. */
  readonly announcementSpacing: { readonly garpInterval: Microseconds; readonly gnaInterval: Microseconds };
  readonly process: ProcessSettings;
  readonly names: ProcessNames;
  readonly firewall: Firewall;
  /** `vmac_prefix`: first letters of virtual MAC interfaces. */
  readonly vmacPrefix: string;
  /** `vmac_addr_prefix`: the same for those made for addresses elsewhere. */
  readonly vmacAddressPrefix: string;
  /** Run before anything else. */
  readonly startupScript: TimedCommand | undefined;
  /** Run after everything else. */
  readonly shutdownScript: TimedCommand | undefined;
  readonly reload: ReloadSettings;
  readonly dumps: DumpSettings;
  /** Log advertisements of virtual routers that are not configured where they are received. */
  readonly logUnknownVirtualRouterIds: boolean;
  readonly receiveBuffers: ReceiveBuffers;
  /** `metrics`, Bascule's own; undefined: nobody is told. */
  readonly metrics: MetricsListener | undefined;
  /** File mode creation mask; undefined: 022. */
  readonly umask: number | undefined;
  /** `child_wait_time`: how long a stop may take. */
  readonly childWaitTime: Microseconds;
  /** `net_namespace`: run in this network namespace. */
  readonly networkNamespace: string | undefined;
  /** `instance`: name of this daemon among several, in its pid files and in its log. */
  readonly daemonInstance: string | undefined;
  /** `use_pid_dir`: pid files below /run/keepalived. */
  readonly usePidDirectory: boolean;
  readonly inherited: InheritedSettings;
}

/** What instances have that say nothing else. It has been worked into them; here it is for the dumps alone. */
export interface InheritedSettings {
  /** `smtp_alert`; undefined: not written, no. */
  readonly alert: boolean | undefined;
  /** `smtp_alert_vrrp`; undefined: as `alert` */
  readonly alertVrrp: boolean | undefined;
  readonly notifyPriorityChanges: boolean;
  readonly multicastGroup4: string;
  readonly multicastGroup6: string;
  readonly garp: GratuitousArp;
  readonly downTimerAdverts: number;
  readonly lowerPriorityNoAdvert: boolean;
  readonly higherPrioritySendAdvert: boolean;
  readonly version: 2 | 3;
  readonly checkUnicastSource: boolean;
  readonly skipAddressCheck: boolean;
  readonly strict: boolean;
  readonly defaultInterface: string;
}

/** Where Prometheus may ask. */
export interface MetricsListener {
  readonly address: string;
  readonly port: number;
}

export interface TimedCommand extends Command {
  readonly timeout: Microseconds;
}

/** How the process that runs VRRP is scheduled. undefined: as it would be anyway. */
export interface ProcessSettings {
  /** `vrrp_priority`: nice value, -20 to 19 */
  readonly niceness: number | undefined;
  /** `vrrp_no_swap` */
  readonly lockMemory: boolean;
  /** `vrrp_rt_priority`: SCHED_RR, 1–99 */
  readonly realTimePriority: number | undefined;
  /** `vrrp_cpu_affinity` */
  readonly cpus: readonly number[] | undefined;
  /** `max_auto_priority`: raise the priority up to this when timers run late; 0: no; -1: no, and say nothing of it. */
  readonly maxAutoPriority: number;
  /** `min_auto_priority_delay`: how late counts as late */
  readonly minAutoPriorityDelay: Microseconds;
}

/** What `ps` shows; undefined: as started. */
export interface ProcessNames {
  readonly parent: string | undefined;
  readonly vrrp: string | undefined;
}

/** Where the rules of `no_accept` go: a table of nftables. */
export interface Firewall {
  /** `keepalived` unless the file says otherwise. */
  readonly table: string;
  /** Of its base chain; -1. */
  readonly priority: number;
  readonly counters: boolean;
}

export interface ReloadSettings {
  /** `reload_check_config [LOG]`: a file with mistakes is not reloaded; where the mistakes go. */
  readonly check: { readonly log: string | undefined } | undefined;
  /** `reload_time_file`: holds the time of the next reload. */
  readonly timeFile: string | undefined;
  /** `reload_repeat`: the file stays after that reload. */
  readonly repeat: boolean;
  /** `reload_file [FILE]`: exists while files are being read; "default": keepalived.reload beside the pid file. */
  readonly marker: string | "default" | undefined;
}

/** Where SIGUSR1, SIGUSR2 and SIGJSON write; undefined: keepalived's own names below TMPDIR. */
export interface DumpSettings {
  readonly state: string | undefined;
  readonly statistics: string | undefined;
  readonly json: string | undefined;
  readonly jsonVersion: 1 | 2;
  /** `data_use_instance`: the daemon's and the namespace's name stand in the files' names. */
  readonly useInstanceName: boolean;
}

/** `vrrp_rx_bufs_policy`: how large the receive buffers of VRRP sockets are. */
export interface ReceiveBuffers {
  /** undefined: the system's default. A number: bytes. */
  readonly policy: "mtu" | "advert" | number | undefined;
  /** `vrrp_rx_bufs_multiplier`: packets that shall fit; 3. */
  readonly multiplier: number;
}
