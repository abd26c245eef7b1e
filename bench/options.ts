/** `npm run bench -- …` */
import { parseArgs } from "node:util";
import { type Scenario, scenarios } from "./scenario.js";

export interface Options {
  readonly runs: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly scenarios: readonly Scenario[];
  /** File for the machine-readable result. */
  readonly json: string | undefined;
  /** Folder for profiles of Bascule; then nothing is compared. */
  readonly profile: string | undefined;
}

export const usage = `\
npm run bench -- [options]
  --runs N         paired runs of each scenario (5)
  --seconds S      measured seconds of each run (5)
  --warm-up S      seconds of load before them (3)
  --only NAME      this scenario alone; may be repeated: ${scenarios.map(({ name }) => name).join(", ")}
  --json FILE      also write all runs and medians there
  --profile DIR    compare nothing: one run of Bascule under V8's sampling profiler; the profiles go to DIR
`;

/** @throws Error that says which argument is wrong */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "5" },
      seconds: { type: "string", default: "5" },
      "warm-up": { type: "string", default: "3" },
      only: { type: "string", multiple: true },
      json: { type: "string" },
      profile: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return "help";
  return {
    runs: integer("--runs", values.runs, 1, 100),
    seconds: integer("--seconds", values.seconds, 1, 600),
    warmUp: integer("--warm-up", values["warm-up"], 0, 600),
    scenarios: values.only?.map(findScenario) ?? scenarios,
    json: values.json,
    profile: values.profile,
  };
}

function integer(flag: string, text: string, lowest: number, highest: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
  throw new Error(`${flag} ${text}: a whole number from ${lowest} to ${highest} is wanted`);
}

function findScenario(name: string): Scenario {
  const scenario = scenarios.find((each) => each.name === name);
  if (scenario !== undefined) return scenario;
  throw new Error(`--only ${name}: the scenarios are ${scenarios.map((each) => each.name).join(", ")}`);
}
