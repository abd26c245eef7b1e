/** What the engine's thread and the main thread say to each other. */
import type { KeepalivedConfiguration } from "../config/keepalived/model.js";
import type { AddressSettings } from "../sys/netlink.js";
import type { LogLevel, ReportedState } from "./instance.js";
import type { ProxyHealth } from "./track/proxy-health.js";
import type { ScriptState } from "./tracking.js";
import type { Family } from "./wire/ip-address.js";

/** Given to the engine's thread at its birth. */
export interface EngineOrders {
  readonly configuration: KeepalivedConfiguration;
  /** Of all scripts that are run; those left out count for nothing. */
  readonly scripts: ReadonlyMap<string, ScriptState["kind"]>;
  /** Numbers in tracked files. */
  readonly files: ReadonlyMap<string, number>;
  /** Whether the quorums of tracked processes are there. */
  readonly processes: ReadonlyMap<string, boolean>;
  readonly proxy: ProxyHealth;
  /** Instances that were master when the last thread died, so shortly ago that their peers have not noticed. */
  readonly resume: ReadonlySet<string>;
  /** Log all addresses that come and go, not ours alone. */
  readonly reportsAddresses: boolean;
  /** They are alive in another thread, which hands over to this one: that is no news for anybody. */
  readonly isReload: boolean;
  readonly counters: SharedArrayBuffer;
  /** Made by the main thread, which writes to it after each message: the engine gets no events from Node. */
  readonly wakeUp: number;
}

export type ToEngine =
  /** Another thread has taken over what is the same in that configuration: the rest ends. */
  | { readonly kind: "hand-over"; readonly to: KeepalivedConfiguration }
  | { readonly kind: "script"; readonly name: string; readonly state: "up" | "down" }
  | { readonly kind: "file"; readonly name: string; readonly value: number }
  | { readonly kind: "process"; readonly name: string; readonly up: boolean }
  | { readonly kind: "proxy"; readonly health: ProxyHealth }
  | {
      readonly kind: "gateway";
      readonly ifindex: number;
      readonly family: Family;
      readonly gateway: string | undefined;
    }
  /** `keep`: nobody resigns, and what masters hold stays for good. */
  | { readonly kind: "stop"; readonly keep: boolean };

export type FromEngine =
  /** Every instance has started. */
  | { readonly kind: "ready" }
  /** The lifetime of the addresses of the `index`-th instance is to be renewed, by who may wait for the kernel. */
  | {
      readonly kind: "renew";
      readonly index: number;
      readonly addresses: readonly AddressSettings[];
      /** When that was asked, by `process.uptime()`. */
      readonly at: number;
    }
  /** Where packets to the rest of the world leave by that interface: the kernel's answer may take its time. */
  | { readonly kind: "gateway-wanted"; readonly ifindex: number; readonly family: Family }
  /** Somebody took away an address, route or rule of ours. */
  | { readonly kind: "lost" }
  | { readonly kind: "log"; readonly level: LogLevel; readonly text: string }
  /** A reload has ended an instance. */
  | { readonly kind: "deleted"; readonly instance: string; readonly priority: number }
  | { readonly kind: "group"; readonly group: string; readonly state: ReportedState }
  | { readonly kind: "state"; readonly instance: string; readonly state: ReportedState; readonly priority: number }
  /** A master has heard a lesser one. */
  | { readonly kind: "rival"; readonly instance: string; readonly priority: number }
  | { readonly kind: "priority"; readonly instance: string; readonly isMaster: boolean; readonly priority: number };
