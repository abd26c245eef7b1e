/**
 * `node --import POISON error-safety-main.js CONFIGURATION`: a proxy in a process of its own, some of whose methods throw
 * when they are told to (error-safety-poison.ts). For each line that it reads it prints what it holds.
 */
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { startProxy } from "../../src/proxy/control.js";
import { Gauge } from "../../src/proxy/shared-state.js";
import { readConfiguration } from "../support/proxy.js";

/** What must be as it was once nobody is served any more. */
export interface Holdings {
  readonly descriptors: number;
  /** Connections, those that wait, by entity. */
  readonly current: readonly number[];
  readonly queued: readonly number[];
  readonly bugs: readonly string[];
}

const text = process.argv[2]!;
const configuration = readConfiguration(text);
const bugs: string[] = [];
const running = await startProxy(configuration, {
  log: (_, line) => void (/bug|poison|handle/.test(line) && bugs.push(line)),
});
const { state } = running;
const ofAll = (gauge: number): number[] =>
  Array.from({ length: state.entities }, (_, entity) => state.gauge(entity, gauge));

for await (const line of createInterface(process.stdin)) {
  if (line === "stop") await running.stop(true);
  const holdings: Holdings = {
    descriptors: readdirSync("/proc/self/fd").length,
    current: ofAll(Gauge.current),
    queued: ofAll(Gauge.queued),
    bugs,
  };
  process.stdout.write(`${JSON.stringify(holdings)}\n`);
  if (line === "stop") process.exit(0);
}
