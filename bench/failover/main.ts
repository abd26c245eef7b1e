/** Fail-over of a pair of Bascule's beside a pair of keepalived's, in the same lab: `npm run bench:failover`. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { EVENTS, type EventName, INTERVALS, MeasuredPair, PROGRAMS, type Program } from "./pair.js";

const USAGE = `npm run bench:failover -- [options]        as root; needs keepalived
  --runs N       of each event, for each program, in turn (3)
  --idle S       seconds over which an idle master's processor time is taken (10)
  --settle S     seconds that it has been idle by then (30): V8 has compiled what runs
  --starve S     seconds with every processor busy, at advert_int 0.01 (60); 600 for the promise of ten minutes
`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    idle: { type: "string", default: "10" },
    settle: { type: "string", default: "30" },
    starve: { type: "string", default: "60" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const [runs, starve] = [Number(values.runs), Number(values.starve)];
const [idle, settle] = [Number(values.idle), Number(values.settle)];
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

async function withPair<T>(program: Program, interval: number, use: (pair: MeasuredPair) => Promise<T>): Promise<T> {
  const pair = await MeasuredPair.start(program, interval);
  try {
    return await use(pair);
  } finally {
    await pair.stop();
  }
}

/** Of each program's gaps the median and the longest, in milliseconds. */
async function compareGaps(event: EventName, interval: number): Promise<string> {
  const gaps: Record<Program, number[]> = { bascule: [], keepalived: [] };
  for (let run = 0; run < runs; run++)
    for (const program of PROGRAMS) gaps[program].push(await withPair(program, interval, (pair) => pair.gapOf(event)));
  return row(`gap, ${event}, advert_int ${interval}`, (program) => spread(gaps[program]));
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return `${Math.round(middle)} ms (${Math.round(sorted.at(-1) ?? Number.NaN)})`;
}

const row = (what: string, of: (program: Program) => string): string =>
  `| ${[what, ...PROGRAMS.map(of)].join(" | ")} |`;

async function each<T>(use: (program: Program) => Promise<T>): Promise<Record<Program, T>> {
  const bascule = await use("bascule");
  return { bascule, keepalived: await use("keepalived") };
}

console.log(`| median (longest) of ${runs} | Bascule | keepalived |\n|---|---|---|`);
for (const interval of INTERVALS)
  for (const event of Object.keys(EVENTS) as EventName[]) if (runs > 0) console.log(await compareGaps(event, interval));
if (idle > 0) {
  for (const interval of [1, 0.01]) {
    const costs = await each((program) => withPair(program, interval, (pair) => pair.idleCost(idle, settle)));
    console.log(row(`memory, advert_int ${interval}`, (program) => `${costs[program].mebibytes.toFixed(1)} MiB`));
    console.log(
      row(`idle master's CPU, advert_int ${interval}`, (program) => `${costs[program].percent.toFixed(1)} %`),
    );
  }
}
if (starve > 0) {
  const processors = availableParallelism();
  const counts = await each((program) => withPair(program, 0.01, (pair) => pair.falseFailOvers(starve, processors)));
  console.log(
    row(`false fail-overs in ${starve} s, advert_int 0.01, all cores busy`, (program) => `${counts[program]}`),
  );
}
