/** What the control thread and its workers tell each other. */
import type { HaproxyConfiguration } from "../config/haproxy/model.js";
import type { SharedStateHandle } from "./shared-state.js";
import type { TlsHandles } from "./tls/contexts.js";

/** A worker's `workerData`. Descriptors are shared: all threads of a process have one table of them. */
export interface WorkerStart {
  readonly worker: number;
  /** An eventfd by which other threads wake it; theirs to close. */
  readonly wakeFd: number;
  readonly configuration: HaproxyConfiguration;
  readonly state: SharedStateHandle;
  /** Who waits for which server. */
  readonly waitLists: SharedArrayBuffer;
  /** For each frontend, the descriptor of each of its binds. */
  readonly listeners: readonly (readonly number[])[];
  readonly tls: TlsHandles;
  /** For each backend, its stick table's memory. */
  readonly tables: readonly (SharedArrayBuffer | undefined)[];
  /** Pipes that it may open. */
  readonly mostPipes: number;
  /** Sessions of all frontends together that may be open. */
  readonly maxConnections: number;
}

export type ToWorker =
  /** Take no more connections; stop when the last one is over. */
  | { readonly kind: "drain" }
  /** Cut everything and stop. */
  | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "ready"; readonly epollFd: number; readonly warnings: readonly string[] }
  | { readonly kind: "bug"; readonly text: string }
  /** It accepts no more: the listening descriptors may be closed. */
  | { readonly kind: "deaf" }
  | { readonly kind: "done" };
