/** Whom to tell what has changed: scripts, FIFOs, mail. */
import type { Microseconds } from "../../units.js";

export interface ScriptUser {
  readonly user: string;
  /** undefined: the user's own group. */
  readonly group: string | undefined;
  /** `:GROUP`, or `set_supplementary_groups`: with all groups that the user is a member of. */
  readonly supplementaryGroups: boolean;
}

/** A command without a shell. */
export interface Command {
  /** Not empty; the first word is the program, looked up on PATH where it has no slash. */
  readonly argv: readonly string[];
  /** undefined: as global_defs says. */
  readonly user: ScriptUser | undefined;
}

/** The notify_* commands of an instance or a group; undefined: none. */
export interface NotifyScripts {
  readonly master: Command | undefined;
  readonly backup: Command | undefined;
  readonly fault: Command | undefined;
  readonly stop: Command | undefined;
  /** `notify_deleted`: whether others hear DELETED (not FAULT) when a reload removes it, and what to run then. */
  readonly deleted: { readonly command: Command | undefined } | undefined;
  /** `notify_master_rx_lower_pri` */
  readonly masterReceivedLowerPriority: Command | undefined;
  /** `notify`: after the one above, on each change, with `INSTANCE|GROUP NAME STATE PRIORITY` behind its arguments. */
  readonly any: Command | undefined;
}

/** `notify_fifo` and its like. */
export interface NotifyFifo {
  readonly path: string;
  /** Who owns it, where it is created; undefined: as script_user. */
  readonly user: ScriptUser | undefined;
  /** Started with the FIFO's path as its last argument. */
  readonly script: Command | undefined;
}

/** Mail is sent only where there is a recipient and a server. */
export interface MailSettings {
  readonly to: readonly string[];
  /** undefined: keepalived@HOST */
  readonly from: string | undefined;
  /** A name is looked up when it is needed. */
  readonly server: { readonly host: string; readonly port: number } | undefined;
  /** undefined: the host's name */
  readonly heloName: string | undefined;
  readonly connectTimeout: Microseconds;
  /** `no_email_faults`: no mail about FAULT. */
  readonly omitFaults: boolean;
}
