/** Plays histories until told to end: `npm run simulate-seeds -- --seeds 20000 [--from 0]`. Exits 1 at a broken promise. */
import { parseArgs } from "node:util";
import { playHistory } from "./history.js";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "20000" }, from: { type: "string", default: "0" } },
});
const [from, seeds] = [Number(values.from), Number(values.seeds)];
let advertisements = 0;
const begun = performance.now();
for (let seed = from; seed < from + seeds; seed++) {
  try {
    advertisements += playHistory(seed);
  } catch (error) {
    console.error(`seed ${seed}: ${(error as Error).message}\nIn full: SEED=${seed} npm test failover/history`);
    process.exit(1);
  }
}
const seconds = ((performance.now() - begun) / 1000).toFixed(1);
console.log(`${seeds} histories with ${advertisements} advertisements in ${seconds} s: every promise was kept`);
