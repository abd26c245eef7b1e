/** The keywords of `vrrp_track_process`: processes that must run. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";
import { choice, integer, readArgument, seconds } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor, reset } from "../declare.js";
import type { TrackProcess, Weight } from "../model.js";
import { reportMissing } from "../report.js";
import { readWeight, WEIGHT_FORM } from "./weight.js";

export interface TrackProcessDraft extends Draft {
  readonly name: string;
  readonly span: Span;
  command: string | undefined;
  parameters: readonly string[];
  match: TrackProcess["match"];
  weight: Weight;
  quorum: number;
  quorumMax: number | undefined;
  forkDelay: Microseconds;
  terminateDelay: Microseconds;
  fullCommand: boolean;
}

const { setting, flag, custom } = keywordsFor<TrackProcessDraft>();
const delay = seconds({ what: "delay", min: 0, max: 3600 });

export const trackProcessKeywords: readonly Keyword<TrackProcessDraft>[] = [
  custom({
    name: "process",
    arguments: "COMMAND [ARGUMENT…]",
    otherwise: "required",
    read(draft, statement, reading) {
      const [command, ...parameters] = statement.arguments;
      if (command === undefined) reportMissing(statement, "COMMAND", reading);
      draft.command = command?.text;
      draft.parameters = parameters.map((word) => word.text);
    },
    doc: "The process's name, as ps shows it, and arguments that it must have.",
  }),
  setting({
    name: "param_match",
    sets: "match",
    argument: choice("param_match", ["initial", "partial"]),
    otherwise: "all arguments are compared, where some are written",
    doc: "partial: the first arguments are these. initial: these, and the last may be longer.",
  }),
  custom({
    name: "weight",
    arguments: WEIGHT_FORM,
    otherwise: "0",
    read(draft, statement, reading) {
      draft.weight = readWeight(statement.arguments, statement, reading, { most: 254 }) ?? draft.weight;
    },
    doc: "0: too few processes are a fault.",
  }),
  setting({
    name: "quorum",
    sets: "quorum",
    argument: integer({ what: "quorum", min: 1, max: 65_535 }),
    default: "1",
    doc: "Least processes.",
  }),
  setting({
    name: "quorum_max",
    sets: "quorumMax",
    argument: integer({ what: "quorum_max", min: 0, max: 65_535 }),
    otherwise: "no limit",
    doc: "Most processes; 0: there must be none.",
  }),
  setting({ name: "fork_delay", sets: "forkDelay", argument: delay, default: "0", doc: "Wait after a start." }),
  setting({
    name: "terminate_delay",
    sets: "terminateDelay",
    argument: delay,
    default: "0",
    doc: "Wait after an end.",
  }),
  custom({
    name: "delay",
    arguments: "SECONDS",
    otherwise: "0",
    read(draft, statement, reading) {
      const value = readArgument(statement, delay, reading);
      if (value === undefined) return;
      draft.forkDelay = value;
      draft.terminateDelay = value;
    },
    doc: "Both fork_delay and terminate_delay.",
  }),
  flag({
    name: "full_command",
    set: (draft) => {
      draft.fullCommand = true;
    },
    doc: "Compare the command line, not the process's name.",
  }),
];

export const newTrackProcessDraft = (name: string, span: Span): TrackProcessDraft =>
  reset(trackProcessKeywords, {
    written: new Map(),
    name,
    span,
    command: undefined,
    parameters: [],
    match: undefined,
    weight: { weight: 0, reverse: false },
    quorum: 1,
    quorumMax: undefined,
    forkDelay: 0 as Microseconds,
    terminateDelay: 0 as Microseconds,
    fullCommand: false,
  });
