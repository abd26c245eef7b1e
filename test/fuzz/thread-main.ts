/** The thread of thread.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { fuzz } from "./fuzz.js";
import type { Target } from "./target.js";
import { CurrentInput, type Order, type Told } from "./thread.js";

const { module, target, current, ...limits } = workerData as Order;
const shown = new CurrentInput(current);
const { TARGETS } = (await import(module)) as { TARGETS: readonly Target[] };
const told: Told = fuzz(TARGETS.find(({ name }) => name === target)!, limits, (input) => shown.set(input));
parentPort!.postMessage(told);
