/** `bascule demo`: fail-over to watch, in a lab on this machine; without root, what a single balancer does. */
import { setTimeout as sleep } from "node:timers/promises";
import { print, printError } from "./console.js";
import { Journal } from "./demo/journal.js";
import { loopbackShow } from "./demo/loopback-show.js";
import { pairShow } from "./demo/pair-show.js";
import { Screen, wantsColour } from "./demo/screen.js";
import type { CannotPlay, Show, Stage } from "./demo/stage.js";
import { describeFlags, type FlagTable, parseFlags } from "./flags.js";

type Id = "stay" | "loopback" | "help";
const flags: FlagTable<Id> = {
  stay: { names: ["--stay"], help: "leave everything running at the end, for exploring, until Ctrl-C" },
  loopback: { names: ["--loopback"], help: "one balancer on the loopback address, as without root" },
  help: { names: ["-h", "--help"], help: "print this" },
};

/** @returns 0 if all went as promised, 1 if not; 128 + N if signal N ended it early. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(flags, "getopt", args);
  if (parsed.kind === "wrong" || parsed.flags.operands.length > 0) {
    const problems = parsed.kind === "wrong" ? parsed.problems : [`unexpected ${parsed.flags.operands[0]}`];
    for (const problem of problems) printError(`bascule demo: ${problem}`);
    return 1;
  }
  if (parsed.flags.has("help")) {
    print("Usage: bascule demo [--stay]\n\nShows a fail-over on this machine, in less than a minute.\n");
    print(describeFlags(flags));
    return 0;
  }
  const screen = new Screen(wantsColour(process.stdout, process.env));
  const stay = parsed.flags.has("stay");
  const missing = parsed.flags.has("loopback") ? "--loopback was given" : whyNoLab();
  if (missing === undefined) {
    const code = await perform(pairShow, screen, stay);
    if (typeof code === "number") return code;
    screen.line(`No lab of network namespaces: ${code.message}`);
  } else screen.line(`No lab of network namespaces: ${missing}.`);
  const code = await perform(loopbackShow, screen, stay);
  if (typeof code === "number") return code;
  printError(`bascule demo: ${code.message}`);
  return 1;
}

function whyNoLab(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "that needs root";
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof SIGNALS;

/** Gives one show and cleans up after it. @returns the exit code, or why the show could not begin. */
async function perform(show: Show, screen: Screen, stay: boolean): Promise<number | CannotPlay> {
  const journal = new Journal();
  const cleanUps: (() => Promise<unknown>)[] = [];
  const interrupted = new Promise<Signal>((resolve) => {
    for (const name of Object.keys(SIGNALS) as Signal[]) process.once(name, resolve);
  });
  const stage: Stage = {
    screen,
    journal,
    stay,
    onEnd: (cleanUp) => cleanUps.unshift(cleanUp),
    untilInterrupted: async () => void (await interrupted),
  };
  const result = await Promise.race([show(stage).catch((error: Error) => error), interrupted]);
  for (const cleanUp of cleanUps) await cleanUp();
  return report(result, stage);
}
