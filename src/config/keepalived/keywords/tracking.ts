/** What an instance or a group tracks: the same blocks in both, a line for each thing, with its weight. */
import { type Draft, type Keyword, keywordsFor, type Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { Weight } from "../model.js";
import type { Statement } from "../tree.js";
import { type TrackProxyDraft, trackProxyKeyword } from "./track-proxy.js";
import { readWeight, type WeightLimit } from "./weight.js";

export interface TrackerDraft {
  readonly name: Word;
  /** Undefined: none was written. */
  readonly weight: Weight | undefined;
}

export interface TrackingDraft extends Draft {
  readonly trackScripts: TrackerDraft[];
  readonly trackInterfaces: TrackerDraft[];
  readonly trackFiles: TrackerDraft[];
  readonly trackProcesses: TrackerDraft[];
  trackProxy: TrackProxyDraft | undefined;
}

export const nothingTracked = (): Omit<TrackingDraft, "written"> => ({
  trackScripts: [],
  trackInterfaces: [],
  trackFiles: [],
  trackProcesses: [],
  trackProxy: undefined,
});

export function trackingKeywords<D extends TrackingDraft>(): Keyword<D>[] {
  const { entries } = keywordsFor<TrackingDraft>();
  return [
    entries({
      name: "track_script",
      entry: "NAME [weight NUMBER [reverse|noreverse]]",
      read(draft, entry, reading) {
        draft.trackScripts.push(readTracker(entry, reading));
      },
      doc: "Scripts whose failure is a fault, or lowers the priority by their weight.",
    }),
    entries({
      name: "track_interface",
      entry: "INTERFACE [weight NUMBER [reverse]]",
      read(draft, entry, reading) {
        draft.trackInterfaces.push(readTracker(entry, reading));
      },
      doc: "Interfaces whose loss is a fault, or lowers the priority by their weight.",
    }),
    entries({
      name: "track_file",
      entry: "NAME [weight NUMBER [reverse|noreverse]]",
      read(draft, entry, reading) {
        draft.trackFiles.push(readTracker(entry, reading, { most: 254 }));
      },
      doc: "Files whose number, times the weight, is added to the priority; -254 or less is a fault.",
    }),
    entries({
      name: "track_process",
      entry: "NAME [weight NUMBER [reverse|noreverse]]",
      read(draft, entry, reading) {
        draft.trackProcesses.push(readTracker(entry, reading, { most: 254 }));
      },
      doc: "Processes whose absence is a fault, or lowers the priority by their weight.",
    }),
    {
      name: "track_bfd",
      arguments: "",
      status: "unsupported",
      block: { name: "track_bfd", entry: "NAME [weight NUMBER [reverse]]", keywords: new Map() },
      doc: "BFD sessions that must be up. Bascule speaks no BFD: a sub-second advert_int finds a dead router as fast.",
    },
    trackProxyKeyword(),
  ];
}

/** With a mistake behind it, the name counts still: it is tracked, or unknown, all the same. */
function readTracker(entry: Statement, reading: Reading, limit?: WeightLimit): TrackerDraft {
  const [option, ...rest] = entry.arguments;
  if (option?.text === "weight") return { name: entry.keyword, weight: readWeight(rest, entry, reading, limit) };
  if (option !== undefined)
    reading.diagnostics.report({
      severity: "error",
      code: "unknown-option",
      span: option.span,
      message: `${option.text} is no option of what is tracked`,
      cause: "one name stands on a line, with its weight if it has one",
      remedy: /^[+-]?\d+$/.test(option.text)
        ? `write ${entry.keyword.text} weight ${option.text}`
        : `put ${option.text} on a line of its own`,
    });
  return { name: entry.keyword, weight: undefined };
}
