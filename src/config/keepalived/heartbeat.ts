/** `heartbeat_path` blocks: what was written → what is run. */
import type { Diagnostics } from "../diagnostics.js";
import type { HeartbeatDraft } from "./keywords/heartbeat-path.js";
import type { HeartbeatPath } from "./model.js";

/** Shorter keys can be tried out; RFC 2104 §3 wants as many bytes as the hash has, and this is a passphrase. */
const shortestKey = 16;

export function resolveHeartbeats(drafts: readonly HeartbeatDraft[], diagnostics: Diagnostics): HeartbeatPath[] {
  return drafts.flatMap(({ written, key, keyFile, ...path }) => {
    const missing = (what: string, remedy: string): void =>
      diagnostics.report({
        severity: "error",
        code: "heartbeat-path",
        span: path.span,
        message: `heartbeat_path ${path.name} has no ${what}`,
        remedy,
      });
    if (path.peers.length === 0) missing("peer", "add peer { ADDRESS }, on three lines");
    if (key === undefined && keyFile === undefined && !written.has("key"))
      missing("key", "add key_file FILE: without a key anyone could forge a heartbeat");
    if (key !== undefined && Buffer.byteLength(key) < shortestKey)
      diagnostics.report({
        severity: "warning",
        code: "short-key",
        span: written.get("key")?.arguments[0]?.span ?? path.span,
        message: `the key has less than ${shortestKey} bytes`,
        cause: "whoever hears a heartbeat can try keys at leisure",
        remedy: "openssl rand -base64 32 makes a good one",
      });
    if (path.peers.length === 0 || (key === undefined && keyFile === undefined)) return [];
    const secret =
      key === undefined ? ({ kind: "file", path: keyFile! } as const) : ({ kind: "text", text: key } as const);
    return [{ ...path, key: secret }];
  });
}
