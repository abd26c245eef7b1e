/** What raises and lowers a priority, and what puts an instance into fault. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";
import type { Route, Rule, VirtualAddress } from "./network.js";
import type { ScriptUser } from "./notification.js";

/**
 * How something that is up or down counts. Weight 0: down is a fault (with `reverse`: up is). Above 0: added while up
 * (`reverse`: subtracted). Below 0: its amount subtracted while down (`reverse`: added).
 */
export interface Weight {
  /** -253 to 253 */
  readonly weight: number;
  readonly reverse: boolean;
}

/** Everything that one instance or sync group tracks. Names are those of blocks that exist. */
export interface Trackers {
  readonly scripts: readonly TrackedScript[];
  /** Without the instance's own, which is tracked unless `trackPrimary` is false. */
  readonly interfaces: readonly TrackedInterface[];
  readonly files: readonly TrackedFile[];
  readonly processes: readonly TrackedProcess[];
  /** `track_proxy`, Bascule's own. */
  readonly proxy: TrackedProxy | undefined;
}

/** `vrrp_script`: a command run every `interval`; exit code 0 is success. */
export interface VrrpScript {
  readonly name: string;
  /** The words of the command: no shell is involved. */
  readonly argv: readonly string[];
  /** From start to start; while one run lasts no other begins. */
  readonly interval: Microseconds;
  /** Then it is stopped, with what it started, and has failed. */
  readonly timeout: Microseconds;
  /** What a `track_script` line without a weight of its own counts. */
  readonly weight: number;
  readonly reverse: boolean;
  /** Successes needed before it counts as up. */
  readonly rise: number;
  /** Failures needed before it counts as down. */
  readonly fall: number;
  readonly user: ScriptUser | undefined;
  readonly initFail: boolean;
  readonly span: Span;
}

/** The weight is the line's own, else the script's. */
export interface TrackedScript extends Weight {
  readonly script: string;
}

export interface TrackedInterface extends Weight {
  readonly interface: string;
}

/** `track_file`: a number in a file, watched by inotify; a file that is not there is 0. */
export interface TrackFile {
  readonly name: string;
  readonly path: string;
  /** `init_file`: written at the start, if the file is missing or `overwrite` says so. */
  readonly initial: { readonly value: number; readonly overwrite: boolean } | undefined;
  readonly span: Span;
}

/**
 * The number × weight is added to the priority (`reverse`: subtracted); -254 or less is a fault. Weight 0: a number
 * other than 0 is a fault (`reverse`: 0 is). Here the weight is -254 to 254.
 */
export interface TrackedFile extends Weight {
  readonly file: string;
}

/** `vrrp_track_process`: up while the count of matching processes is within the quorum. */
export interface TrackProcess {
  readonly name: string;
  /** As `ps` would show it: the process's name (comm, or with `fullCommand` argv[0] as it stands). */
  readonly command: string;
  /** Compared with its arguments where `match` is not undefined, or where there are any. */
  readonly parameters: readonly string[];
  /**
   * undefined: exactly these parameters, or any where none are written. "partial": the first of its arguments are
   * these. "initial": these, the last one perhaps longer.
   */
  readonly match: "initial" | "partial" | undefined;
  readonly quorum: number;
  /** undefined: no upper bound */
  readonly quorumMax: number | undefined;
  /** The quorum must have been there for so long before it counts as up. */
  readonly forkDelay: Microseconds;
  /** It must have been lost for so long before it counts as down. */
  readonly terminateDelay: Microseconds;
  /** Compare the command line, not the name. */
  readonly fullCommand: boolean;
  readonly span: Span;
}

export interface TrackedProcess extends Weight {
  readonly process: string;
}

/** `track_proxy { … }`: up while the proxy beside us is alive and all of this holds. */
export interface TrackedProxy extends Weight {
  /** `frontend NAME`: all its listeners are bound. */
  readonly frontends: readonly string[];
  /** `min_up BACKEND N`: at least so many of its servers are up. */
  readonly minimumUp: readonly { readonly backend: string; readonly servers: number }[];
  readonly span: Span;
}

export interface StaticNetwork {
  readonly addresses: readonly (VirtualAddress & StaticTracking)[];
  readonly routes: readonly (Route & StaticTracking)[];
  readonly rules: readonly (Rule & StaticTracking)[];
}

export interface StaticTracking {
  /** The track group whose instances fault if it is lost and cannot be put back. */
  readonly trackGroup: string | undefined;
}

export interface TrackGroup {
  readonly name: string;
  /** Names of instances that exist. */
  readonly instances: readonly string[];
  readonly span: Span;
}
