/** The keywords of `track_file`: a number in a file. */
import type { Span } from "../../diagnostics.js";
import { integer, Mistake, readWord, text } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor, reset } from "../declare.js";
import type { TrackFile, Weight } from "../model.js";
import { readWeight, WEIGHT_FORM } from "./weight.js";

export interface TrackFileDraft extends Draft {
  readonly name: string;
  readonly span: Span;
  path: string | undefined;
  weight: Weight;
  initial: TrackFile["initial"];
}

const { setting, custom } = keywordsFor<TrackFileDraft>();
const value = integer({ what: "value", min: -2_147_483_648, max: 2_147_483_647 });

export const trackFileKeywords: readonly Keyword<TrackFileDraft>[] = [
  setting({ name: "file", sets: "path", argument: text("FILE"), otherwise: "required", doc: "The file." }),
  custom({
    name: "weight",
    arguments: WEIGHT_FORM,
    otherwise: "1",
    read(draft, statement, reading) {
      draft.weight = readWeight(statement.arguments, statement, reading, { most: 254 }) ?? draft.weight;
    },
    doc: "What its number is multiplied with. 0: a number other than 0 is a fault.",
  }),
  custom({
    name: "init_file",
    arguments: "[VALUE] [overwrite]",
    otherwise: "left alone",
    read(draft, statement, reading) {
      const words = [...statement.arguments];
      const overwrite = words.at(-1)?.text === "overwrite" && words.pop() !== undefined;
      const [number, extra] = words;
      if (extra !== undefined)
        readWord(
          extra,
          { name: "overwrite", parse: () => new Mistake("extra-argument", `${extra.text} is one word too many`) },
          reading.diagnostics,
        );
      const initial = number === undefined ? 0 : readWord(number, value, reading.diagnostics);
      if (initial !== undefined) draft.initial = { value: initial, overwrite };
    },
    doc: "Write this number into the file at the start, if it is missing or overwrite stands here.",
  }),
];

export const newTrackFileDraft = (name: string, span: Span): TrackFileDraft =>
  reset(trackFileKeywords, {
    written: new Map(),
    name,
    span,
    path: undefined,
    weight: { weight: 1, reverse: false },
    initial: undefined,
  });
