/**
 * `node probe-main.js --url http://192.0.2.10/ [--interval MS] [--timeout MS] [--duration MS]`
 *
 * Prints a JSON line each second (`{"second": …}`), and `{"summary": …}` at the end of the duration, on SIGTERM or
 * SIGINT.
 */
import { parseArgs } from "node:util";
import { Probe, type Sample, summarize } from "./probe.js";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    interval: { type: "string", default: "10" },
    timeout: { type: "string", default: "1000" },
    duration: { type: "string" },
  },
});
if (values.url === undefined) throw new Error("--url is needed");

let recent: Sample[] = [];
const probe = new Probe(
  { url: values.url, intervalMs: Number(values.interval), timeoutMs: Number(values.timeout) },
  (sample) => recent.push(sample),
);
console.log(JSON.stringify({ probing: values.url }));

const ticker = setInterval(() => {
  const { sent, succeeded, failed, byServer, byError } = summarize(recent, 0, 0, Number.POSITIVE_INFINITY);
  recent = [];
  console.log(JSON.stringify({ second: { sent, succeeded, failed, byServer, byError } }));
}, 1_000);

async function end(): Promise<void> {
  clearInterval(ticker);
  console.log(JSON.stringify({ summary: await probe.stop() }));
  process.exit(0);
}

process.once("SIGTERM", end);
process.once("SIGINT", end);
if (values.duration !== undefined) setTimeout(end, Number(values.duration));
