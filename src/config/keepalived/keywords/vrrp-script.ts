/** The keywords of `vrrp_script`. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";
import { integer, seconds } from "../arguments.js";
import { splitCommand } from "../command.js";
import { type Draft, type Keyword, keywordsFor, type Reading, reset } from "../declare.js";
import type { ScriptUser, Weight } from "../model.js";
import { reportMissing } from "../report.js";
import type { Statement } from "../tree.js";
import { warnOfShellSyntax } from "./command.js";
import { readUser, USER_FORM } from "./user.js";
import { readWeight, WEIGHT_FORM } from "./weight.js";

export interface ScriptDraft extends Draft {
  readonly name: string;
  readonly span: Span;
  argv: readonly string[];
  interval: Microseconds;
  /** Undefined: the interval. */
  timeout: Microseconds | undefined;
  weight: Weight;
  rise: number;
  fall: number;
  user: ScriptUser | undefined;
  initFail: boolean;
}

/** keepalived keeps timers in microseconds of 32 bits and more; nobody checks less often than once a week. */
const longest = 604_800;

const { setting, flag, custom } = keywordsFor<ScriptDraft>();

export const scriptKeywords: readonly Keyword<ScriptDraft>[] = [
  custom({
    name: "script",
    arguments: "COMMAND",
    otherwise: "required",
    read: readCommand,
    doc: "The command, run without a shell. Exit code 0 is success, anything else failure.",
  }),
  setting({
    name: "interval",
    sets: "interval",
    argument: seconds({
      what: "interval",
      min: 0.001,
      max: longest,
      cause: "it is the time from one start of the script to the next",
      remedy: "use seconds above 0, such as 1 or 0.5",
    }),
    default: "1",
    doc: "Time from one start of the command to the next.",
  }),
  setting({
    name: "timeout",
    sets: "timeout",
    argument: seconds({
      what: "timeout",
      min: 0.001,
      max: longest,
      cause: "a script that runs longer is stopped and counts as failed",
      remedy: "use seconds above 0, or leave it out: then it is the interval",
    }),
    otherwise: "the interval",
    doc: "A command that runs longer is stopped and has failed.",
  }),
  custom({
    name: "weight",
    arguments: WEIGHT_FORM,
    otherwise: "0",
    read(draft, statement, reading) {
      draft.weight = readWeight(statement.arguments, statement, reading) ?? draft.weight;
    },
    doc: "0: failure is a fault. Above 0: added to the priority while it succeeds. Below 0: while it fails.",
  }),
  setting({
    name: "rise",
    sets: "rise",
    argument: integer({ what: "rise", min: 1, max: 2_147_483_647 }),
    default: "1",
    doc: "Successes in a row before it counts as up.",
  }),
  setting({
    name: "fall",
    sets: "fall",
    argument: integer({ what: "fall", min: 1, max: 2_147_483_647 }),
    default: "1",
    doc: "Failures in a row before it counts as down.",
  }),
  custom({
    name: "user",
    arguments: USER_FORM,
    otherwise: "script_user of global_defs",
    read(draft, statement, reading) {
      draft.user = readUser(statement, reading) ?? draft.user;
    },
    doc: "Whom it runs as.",
  }),
  flag({
    name: "init_fail",
    set: (draft) => {
      draft.initFail = true;
    },
    doc: "Counts as down until it has succeeded.",
  }),
];

export const newScriptDraft = (name: string, span: Span): ScriptDraft =>
  reset(scriptKeywords, {
    written: new Map(),
    name,
    span,
    argv: [],
    interval: 0 as Microseconds,
    timeout: undefined,
    weight: { weight: 0, reverse: false },
    rise: 0,
    fall: 0,
    user: undefined,
    initFail: false,
  });

/** One quoted word is a command to be split; several words are the command's words already. */
function readCommand(draft: ScriptDraft, statement: Statement, reading: Reading): void {
  const words = statement.arguments;
  const argv = words.length === 1 ? splitCommand(words[0]!.text) : words.map((word) => word.text);
  if (argv.length === 0 || argv[0] === "") {
    reportMissing(statement, "a command", reading);
    return;
  }
  draft.argv = argv;
  warnOfShellSyntax(argv, words[0]!, reading);
}
