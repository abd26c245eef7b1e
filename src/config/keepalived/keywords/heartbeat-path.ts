/** The keywords of `heartbeat_path`: Bascule's own second sign of life. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";
import { addressText, choice, integer, interfaceName, readWord, seconds, text } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor, reset } from "../declare.js";
import { reportExtra } from "../report.js";

export interface HeartbeatDraft extends Draft {
  readonly name: string;
  readonly span: Span;
  transport: "udp" | "tcp";
  interface: string | undefined;
  localAddress: string | undefined;
  readonly peers: string[];
  port: number;
  key: string | undefined;
  keyFile: string | undefined;
  interval: Microseconds | undefined;
}

const { setting, entries } = keywordsFor<HeartbeatDraft>();

export const heartbeatKeywords: readonly Keyword<HeartbeatDraft>[] = [
  entries({
    name: "peer",
    entry: "ADDRESS",
    otherwise: "required",
    read(draft, entry, reading) {
      const address = readWord(entry.keyword, addressText, reading.diagnostics);
      if (address !== undefined) draft.peers.push(address);
      reportExtra(entry, 0, reading);
    },
    doc: "The other routers, as they are reached on this path.",
  }),
  setting({
    name: "protocol",
    sets: "transport",
    argument: choice("protocol", ["udp", "tcp"]),
    default: "udp",
    doc: "udp loses a heartbeat where the network does; tcp passes where UDP is filtered.",
  }),
  setting({
    name: "interface",
    sets: "interface",
    argument: interfaceName,
    otherwise: "as the routing table says",
    doc: "The interface of this path.",
  }),
  setting({
    name: "source_ip",
    sets: "localAddress",
    argument: addressText,
    otherwise: "any",
    doc: "Where heartbeats come from and are received.",
  }),
  setting({
    name: "port",
    sets: "port",
    argument: integer({ what: "port", min: 1, max: 65_535 }),
    default: "1112",
    doc: "Port, the same on all routers.",
  }),
  setting({
    name: "key",
    sets: "key",
    argument: text("SECRET"),
    otherwise: "this or key_file is required",
    doc: "What heartbeats are signed with (HMAC-SHA-256), the same on all routers.",
  }),
  setting({
    name: "key_file",
    sets: "keyFile",
    argument: text("FILE"),
    otherwise: "this or key is required",
    doc: "A file that holds the key, readable by its owner only.",
  }),
  setting({
    name: "interval",
    sets: "interval",
    argument: seconds({ what: "interval", min: 0.01, max: 60 }),
    otherwise: "the shortest advert_int",
    doc: "Time between heartbeats.",
  }),
];

export const newHeartbeatDraft = (name: string, span: Span): HeartbeatDraft =>
  reset(heartbeatKeywords, {
    written: new Map(),
    name,
    span,
    transport: "udp",
    interface: undefined,
    localAddress: undefined,
    peers: [],
    port: 0,
    key: undefined,
    keyFile: undefined,
    interval: undefined,
  });
