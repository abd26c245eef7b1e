/** What the supervisor and its parts tell each other over the channel that `spawn` opens between them. */

export type PartMessage =
  /** It serves: listeners are bound, or the fail-over engine takes part. */
  | { readonly kind: "ready" }
  /** It was asked to stop, by whomever, and takes no new work from here on. */
  | { readonly kind: "stopping" }
  /** The VRRP instances that are master now, after each change: should this process crash, the next goes on with them. */
  | { readonly kind: "masters"; readonly instances: readonly string[] }
  /** The proxy, at each change and as a sign of life: for `track_proxy`. */
  | HealthMessage
  /** Where each VRRP instance stands, to whoever asked by "report". */
  | { readonly kind: "standing"; readonly instances: readonly InstanceStanding[] }
  /** It cannot start, and another try would not help until somebody changes something. */
  | { readonly kind: "unusable"; readonly reason: string };

export type SupervisorMessage =
  /** To a spare process: it is wanted. With what is to be in its environment. */
  | { readonly kind: "begin"; readonly environment: Readonly<Record<string, string>> }
  /** To a spare process: take away what one that crashed has left on this host, and end. */
  | { readonly kind: "clean-up" }
  /** Whether the proxy of the same supervisor is ready: answers the scripts that look for it. */
  | { readonly kind: "proxy"; readonly ready: boolean }
  /** To the fail-over part: it is to tell where its instances stand. */
  | { readonly kind: "report" }
  | HealthMessage;

export interface HealthMessage {
  readonly kind: "health";
  /** Frontends whose listeners are all bound. */
  readonly frontends: readonly string[];
  /** Servers that take traffic, by backend. */
  readonly serversUp: Readonly<Record<string, number>>;
}

export interface InstanceStanding {
  readonly name: string;
  /** `MASTER` */
  readonly state: string;
  /** Effective. */
  readonly priority: number;
  /** In words, with since when and how often. */
  readonly alarms: readonly string[];
}
