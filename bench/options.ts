/** `npm run bench -- …` */
import { parseArgs } from "node:util";
import { type Scenario, scenarios } from "./scenario.js";

export interface Options {
  /** Rounds, in each of which every contender runs once. */
  readonly pairs: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly scenarios: readonly Scenario[];
  /** File for the machine-readable result. */
  readonly json: string | undefined;
  /** Folder for profiles of Bascule; then nothing is compared. */
  readonly profile: string | undefined;
}

const FULL = { pairs: 5, seconds: 2, warmUp: 2 };
const QUICK = { pairs: 1, seconds: 1, warmUp: 1 };

export const usage = `\
npm run bench -- [options]
  --quick          a first impression in about three minutes: ${QUICK.pairs} pair, ${QUICK.seconds} s each
  --pairs N        paired runs of each scenario (${FULL.pairs}); memory needs no more than two
  --seconds S      measured seconds of each run (${FULL.seconds})
  --warm-up S      seconds of load before them (${FULL.warmUp})
  --only NAME      this scenario alone; may be repeated:
                   ${scenarios.map(({ name }) => name).join(", ")}
  --json FILE      also write all runs and medians there
  --profile DIR    compare nothing: one run of Bascule under V8's sampling profiler; the profiles go to DIR
`;

/** @throws Error that says which argument is wrong */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      pairs: { type: "string" },
      seconds: { type: "string" },
      "warm-up": { type: "string" },
      only: { type: "string", multiple: true },
      json: { type: "string" },
      profile: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return "help";
  const usual = values.quick ? QUICK : FULL;
  return {
    pairs: integer("--pairs", values.pairs, 1, 100) ?? usual.pairs,
    seconds: integer("--seconds", values.seconds, 1, 600) ?? usual.seconds,
    warmUp: integer("--warm-up", values["warm-up"], 0, 600) ?? usual.warmUp,
    scenarios: values.only?.map(findScenario) ?? scenarios,
    json: values.json,
    profile: values.profile,
  };
}

function integer(flag: string, text: string | undefined, lowest: number, highest: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
  throw new Error(`${flag} ${text}: a whole number from ${lowest} to ${highest} is wanted`);
}

function findScenario(name: string): Scenario {
  const scenario = scenarios.find((each) => each.name === name);
  if (scenario !== undefined) return scenario;
  throw new Error(`--only ${name}: the scenarios are ${scenarios.map((each) => each.name).join(", ")}`);
}
