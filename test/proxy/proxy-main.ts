/**
 * `node proxy-main.js CONFIGURATION`: a proxy in a process of its own, so that its memory can be told from its test's.
 * Prints `ready` and runs until it is killed.
 */
import { Diagnostics } from "../../src/config/diagnostics.js";
import { readHaproxy } from "../../src/config/haproxy/read.js";
import { startProxy } from "../../src/proxy/control.js";

const text = process.argv[2]!;
const configuration = readHaproxy([{ path: "main.cfg", text }], new Diagnostics(), { readFile: () => undefined });
await startProxy(configuration, { log: () => {} });
process.stdout.write("ready\n");
