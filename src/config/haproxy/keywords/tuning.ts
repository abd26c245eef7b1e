/** `tune.…` of the `global` section: how large messages may be (configuration manual §3.2). */
import type { GlobalDraft } from "../draft.js";
import type { Keyword } from "../keyword.js";
import type { Http2Tuning } from "../model.js";

type TuningKeyword = Keyword<GlobalDraft>;

const LARGEST_WINDOW = 2 ** 31 - 1;
const NO_LIMIT = 2 ** 31 - 1;
const LARGEST_TABLE = 65_536;
/** RFC 9113 §6.5.2 */
const LEAST_FRAME = 2 ** 14;
const LARGEST_FRAME = 2 ** 24 - 1;
const LEAST_BUFFER = 1024;
const LARGEST_BUFFER = 1024 * 1024;

const SIDES = [
  ["", "both", ""],
  [".fe", "frontend", " from clients"],
  [".be", "backend", " to servers"],
] as const;

/** Each for both sides, for connections from clients, and for those to servers. */
const http2 = (name: string, key: keyof Http2Tuning, zero: number, fallback: string, doc: string): TuningKeyword[] =>
  SIDES.map(([infix, side, which]) => ({
    name: `tune.h2${infix}.${name}`,
    sections: ["global"],
    arguments: "<n>",
    default: infix === "" ? fallback : `tune.h2.${name}`,
    doc: `${doc} on HTTP/2 connections${which}.`,
    apply: (statement, global) => {
      const value = statement.integer(statement.args[0]!, 0, LARGEST_WINDOW);
      if (value === undefined) return;
      // Of one side, 0 is "as both".
      const meant = value > 0 ? value : side === "both" ? zero : undefined;
      global.http2 = { ...global.http2, [side]: { ...global.http2[side], [key]: meant } };
    },
  }));

export const TUNING_KEYWORDS: readonly TuningKeyword[] = [
  {
    name: "tune.bufsize",
    sections: ["global"],
    arguments: "<size>",
    default: "16384",
    doc: "Bytes of a buffer. The head of a message has to fit into it, less tune.maxrewrite.",
    apply: (statement, global) => {
      const [word] = statement.args;
      const size = statement.size(word!);
      if (size === undefined) return;
      if (size >= LEAST_BUFFER && size <= LARGEST_BUFFER) global.bufferSize = size;
      else statement.error("bad-size", word!.span, `tune.bufsize is outside ${LEAST_BUFFER}–${LARGEST_BUFFER} bytes`);
    },
  },
  {
    name: "tune.maxrewrite",
    sections: ["global"],
    arguments: "<size>",
    default: "1024",
    doc: "Bytes of a buffer that are kept for fields to be added to a head; never more than half of it.",
    apply: (statement, global) => {
      global.maxRewrite = statement.size(statement.args[0]!) ?? global.maxRewrite;
    },
  },
  {
    name: "tune.http.maxhdr",
    sections: ["global"],
    arguments: "<n>",
    default: "101",
    doc: "Lines of a head, the first one included. A request with more gets 400, a response with more becomes 502.",
    apply: (statement, global) => {
      global.maxHeaders = statement.integer(statement.args[0]!, 1, 32_767) ?? global.maxHeaders;
    },
  },
  ...http2("max-concurrent-streams", "streams", NO_LIMIT, "100", "Streams at once; 0: no limit,"),
  ...http2("initial-window-size", "window", 0, "65535", "Bytes of a body that may come before they are asked for"),
  {
    name: "tune.h2.header-table-size",
    sections: ["global"],
    arguments: "<n>",
    default: "4096",
    doc: "Bytes of header fields that are kept of each HTTP/2 connection for its peer to refer to.",
    apply: (statement, global) => {
      global.http2TableSize = statement.integer(statement.args[0]!, 0, LARGEST_TABLE) ?? global.http2TableSize;
    },
  },
  {
    name: "tune.h2.max-frame-size",
    sections: ["global"],
    arguments: "<n>",
    default: "tune.bufsize, which it never goes beyond",
    doc: "Bytes of a frame that HTTP/2 peers may send.",
    apply: (statement, global) => {
      global.http2FrameSize =
        statement.integer(statement.args[0]!, LEAST_FRAME, LARGEST_FRAME) ?? global.http2FrameSize;
    },
  },
];
