/** A proxy in this process, run from configuration text, for one test. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import type { TestContext } from "node:test";
import { Diagnostics, render } from "../../src/config/diagnostics.js";
import type { HaproxyConfiguration } from "../../src/config/haproxy/model.js";
import { readHaproxy } from "../../src/config/haproxy/read.js";
import { type RunningProxy, startProxy } from "../../src/proxy/control.js";
import { Gauge } from "../../src/proxy/shared-state.js";
import { eventually } from "./eventually.js";

/** What every configuration of a test begins with; times are short, for failures should be quick. */
const PREAMBLE = `
global
    nbthread 2
defaults
    timeout connect 2s
    timeout client 5s
    timeout server 5s
`;

export interface TestProxy {
  readonly running: RunningProxy;
  readonly configuration: HaproxyConfiguration;
  /** What it told its operator. */
  readonly lines: readonly string[];
  /** A counter of a frontend, backend or server (`backend/server`) over all workers. */
  count(kind: "frontend" | "backend" | "server", name: string, counter: number): number;
  /** A gauge of the same. */
  gauge(kind: "frontend" | "backend" | "server", name: string, gauge: number): number;
  /** Waits until no session is left; then all counters are final. */
  quiet(): Promise<void>;
}

/**
 * Starts a proxy, and stops it hard when the test ends; whoever stops it before need not tell.
 * @param text haproxy.cfg, behind a `global` and `defaults` of our own
 * @param files error files, by the path that `text` calls them by
 */
export async function runProxy(t: TestContext, text: string, files: Record<string, string> = {}): Promise<TestProxy> {
  const configuration = readConfiguration(PREAMBLE + text, files);
  const lines: string[] = [];
  const running = await startProxy(configuration, { log: (_, line) => lines.push(line) });
  t.after(() => running.stop(true));
  const { state } = running;
  const find = (kind: "frontend" | "backend" | "server", name: string): number => entityOf(running, kind, name);
  return {
    running,
    configuration,
    lines,
    count: (kind, name, counter) => state.total(find(kind, name), counter),
    gauge: (kind, name, gauge) => state.gauge(find(kind, name), gauge),
    quiet: async () => {
      await eventually(() => state.gauge(state.process, Gauge.current), 0);
    },
  };
}

export function readConfiguration(text: string, files: Record<string, string> = {}): HaproxyConfiguration {
  const diagnostics = new Diagnostics();
  const configuration = readHaproxy([{ path: "test.cfg", text }], diagnostics, { readFile: (path) => files[path] });
  const errors = diagnostics.all.filter(({ severity }) => severity === "error");
  assert.deepEqual(errors.map(render), []);
  return configuration;
}

function entityOf({ configuration, state }: RunningProxy, kind: string, name: string): number {
  const { frontends, backends } = configuration;
  if (kind === "frontend") return state.frontend(indexOf(frontends, name));
  if (kind === "backend") return state.backend(indexOf(backends, name));
  const [backendName, serverName] = name.split("/") as [string, string];
  const backend = indexOf(backends, backendName);
  const before = backends.slice(0, backend).reduce((sum, { servers }) => sum + servers.length, 0);
  return state.server(before + indexOf(backends[backend]!.servers, serverName));
}

function indexOf(items: readonly { readonly name: string }[], name: string): number {
  const index = items.findIndex((item) => item.name === name);
  assert.ok(index >= 0, `nothing is called ${name}`);
  return index;
}

// Below the range that outgoing connections take theirs from, in blocks that each belong to one process at a time.
const FIRST_PORT = 10_000;
const BLOCK = 100;
const BLOCKS = 200;
let block = process.pid % BLOCKS;
let nextPort = 0;
let endOfBlock = 0;

/** A port of 127.0.0.1 on which nobody listens, and which no test file that runs at the same time is given. */
export async function freePort(): Promise<number> {
  for (;;) {
    if (nextPort === endOfBlock) await takeBlock();
    const port = nextPort++;
    const server = await listening({ port, host: "127.0.0.1" });
    if (server === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Whoever holds the abstract socket that is named after a block has its ports; the kernel takes it from the dead. */
async function takeBlock(): Promise<void> {
  for (let tried = 0; tried < BLOCKS; tried++) {
    block = (block + 1) % BLOCKS;
    const claim = await listening({ path: `\0bascule-test-ports-${block}` });
    if (claim === undefined) continue;
    claim.unref();
    nextPort = FIRST_PORT + block * BLOCK;
    endOfBlock = nextPort + BLOCK;
    return;
  }
  throw new Error("other tests hold every block of ports");
}

/** @returns undefined if somebody listens there already */
function listening(where: { port: number; host: string } | { path: string }): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(where, () => resolve(server));
  });
}
