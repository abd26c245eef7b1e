/** `npm run soak`: see soak.ts. */
import { parseArgs } from "node:util";
import { Pki } from "../proxy/tls/pki.js";
import { soak } from "./soak.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "20" },
    growth: { type: "string", default: "20" },
    "ffi-check": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(`Usage: npm run soak -- [--minutes 10] [--rate 20] [--growth 20] [--ffi-check]
  --rate N     visits begun in a second, of 1 to 8 requests each
  --growth N   megabytes that the proxy may grow after its warm-up
  --ffi-check  the proxy runs with BASCULE_FFI_CHECK=1`);
  process.exit(0);
}
const { findings, complaints, output } = await soak({
  milliseconds: Number(values.minutes) * 60_000,
  rate: Number(values.rate),
  isChecked: values["ffi-check"],
  growth: Number(values.growth) * 1e6,
  pki: new Pki("Soak CA", (remove) => process.on("exit", remove)),
  say: (line) => console.log(line),
});
for (const { rule, holds, figures } of findings) console.log(`${holds ? "ok  " : "FAIL"} ${rule}: ${figures}`);
for (const complaint of complaints) console.log(`FAIL ${complaint}`);
const failed = complaints.length > 0 || findings.some(({ holds }) => !holds);
if (failed || values["ffi-check"]) console.log(output);
process.exit(failed ? 1 : 0);
