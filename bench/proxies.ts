/** The proxies that are compared. */
import { fileURLToPath } from "node:url";
import type { Stage, StageProcess } from "./stage.js";
import { BODY } from "./web-server.js";

export type ProxyName = "haproxy" | "bascule";

/** Bascule's entry of the very build that this file belongs to: what `bin/bascule` starts. */
const basculeEntry = fileURLToPath(new URL("../src/cli/entry.js", import.meta.url));

const commands: Readonly<Record<ProxyName, (configuration: string, nodeFlags: readonly string[]) => string[]>> = {
  haproxy: (configuration) => ["haproxy", "-f", configuration, "-db"],
  bascule: (configuration, nodeFlags) => [
    process.execPath,
    ...nodeFlags,
    basculeEntry,
    "haproxy",
    "-f",
    configuration,
    "-db",
  ],
};

export interface ProxyStart {
  readonly proxy: ProxyName;
  readonly configuration: string;
  readonly listen: string;
  readonly processors: string;
  /** Flags of node, for Bascule. */
  readonly nodeFlags?: readonly string[];
}

/** Starts a proxy and waits until the web server's answer comes through it, byte for byte. */
export async function startProxy(stage: Stage, start: ProxyStart): Promise<StageProcess> {
  const argv = commands[start.proxy](start.configuration, start.nodeFlags ?? []);
  const program = stage.start(start.proxy, start.processors, argv);
  await stage.listening(program, start.listen);
  const response = await fetch(`http://${start.listen}/`, { signal: AbortSignal.timeout(5_000) });
  const body = await response.text();
  if (response.status !== 200 || body !== BODY)
    throw new Error(`${start.proxy} answers ${response.status} with ${body.length} bytes:\n${program.output}`);
  return program;
}
