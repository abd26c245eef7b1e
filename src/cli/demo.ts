/** `bascule demo`: fail-over to watch, in a lab on this machine; without root, what a single balancer does. */
import { print, printError } from "./console.js";
import { Journal } from "./demo/journal.js";
import { loopbackShow } from "./demo/loopback-show.js";
import { pairShow } from "./demo/pair-show.js";
import { Screen, wantsColour } from "./demo/screen.js";
import { CannotPlay, type Show } from "./demo/stage.js";
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
  const stay = parsed.flags.has("stay");
  const screen = new Screen(wantsColour(process.stdout, process.env));
  const journal = new Journal();
  const obstacle = parsed.flags.has("loopback") ? "--loopback was given" : whyNoLab();
  const result = obstacle ?? (await perform(pairShow, screen, journal, stay));
  if (typeof result === "number") return result;
  screen.line(`One balancer only, not a pair: ${result}.`);
  const code = await perform(loopbackShow, screen, journal, stay);
  if (typeof code === "number") return code;
  printError(`bascule demo: ${code}`);
  return 1;
}

function whyNoLab(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "network namespaces need root";
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof SIGNALS;

/** Gives one show, and cleans up after it however it ends. @returns the exit code, or why the show could not begin. */
async function perform(show: Show, screen: Screen, journal: Journal, stay: boolean): Promise<number | string> {
  const cleanUps: (() => Promise<unknown>)[] = [];
  let exploring = false;
  const interrupted = new Promise<Signal>((resolve) => {
    for (const name of Object.keys(SIGNALS) as Signal[]) process.once(name, resolve);
  });
  const playing: Promise<boolean | Error> = show({
    screen,
    journal,
    stay,
    onEnd: (cleanUp) => void cleanUps.unshift(cleanUp),
    untilInterrupted: async () => {
      exploring = true;
      await interrupted;
    },
  }).catch((error: Error) => error);
  const ending = await Promise.race([playing, interrupted]);
  // Who stays ends by a signal: then the show has been played, and its result counts.
  const result = typeof ending === "string" && exploring ? await playing : ending;
  // An interrupted show goes on until its programs are gone; what it says then is of no interest.
  screen.mute();
  const leftovers: unknown[] = [];
  for (const cleanUp of cleanUps) await cleanUp().catch((error: unknown) => leftovers.push(error));
  screen.unmute();
  if (result instanceof CannotPlay) return result.message;
  for (const leftover of leftovers) printError(`bascule demo: cleaning up: ${leftover}`);
  const code = report(result, screen, journal);
  return leftovers.length > 0 ? Math.max(code, 1) : code;
}

/** Says how it ended. @returns the exit code. */
function report(result: boolean | Error | Signal, screen: Screen, journal: Journal): number {
  screen.line();
  if (typeof result === "string") {
    screen.line(`${result}: ended early; nothing is left running.`);
    return 128 + SIGNALS[result];
  }
  if (result === true) {
    screen.line("All of it happened as promised. Nothing is left running.");
    screen.line(`The full logs: ${journal.path}`);
    return 0;
  }
  const why = result === false ? "not everything happened as promised, see above" : result.message;
  printError(`bascule demo: ${why}\nThe last lines of ${journal.path}:`);
  for (const line of journal.last) printError(`  ${line}`);
  return 1;
}
