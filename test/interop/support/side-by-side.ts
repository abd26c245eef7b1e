/**
 * The same bytes of configuration before Debian's haproxy and before us, the same client and server at each: what the
 * client saw and what the log says of it, less times and ports. All scenarios run at once, so that waiting for many
 * time-outs takes as long as waiting for one.
 */
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { RawClient } from "../../support/raw-client.js";
import { serveTcp } from "../../support/servers.js";

export const isHaproxyMissing = spawnSync("haproxy", ["-v"]).error !== undefined;

export interface Scenario {
  /** A word: the proxy's name. */
  readonly name: string;
  /** Lines of its `listen` section, its `bind` and times apart; SERVER stands for the server's address. */
  readonly lines: string;
  /** What the server does with its n-th connection, from 0. Without it, it answers each head that comes. */
  readonly server?: (socket: Socket, index: number) => void;
  /** What the client does; the end of its connection is waited for afterwards. */
  readonly client: (client: RawClient, world: World) => Promise<void> | void;
  /** Why its client's connection ends otherwise with us; the rest is the same. */
  readonly endsOtherwise?: string;
  /** Lines of log that it makes; 1 where it is not said. */
  readonly logLines?: number;
}

export interface World {
  /** One more client. */
  connect(): Promise<RawClient>;
  /** Connections to the server so far, and those that are open. */
  readonly accepted: () => number;
  readonly open: () => number;
  /** What the server has been sent so far. */
  readonly heard: () => string;
  /** What the server says of it, for what neither log nor client can tell. */
  note(text: string): void;
}

/** Of each scenario, by name. */
export type Outcomes = Readonly<Record<string, readonly string[]>>;

/** Times that no scenario waits for, unless it says so itself. */
const DEFAULTS = `
global
    nbthread 1
defaults
    mode http
    option httplog
    timeout connect 20s
    timeout client 20s
    timeout server 20s
    timeout http-keep-alive 300ms
`;

/** Runs the scenarios before one of the two. @param start runs a proxy on a configuration */
export async function play(
  t: TestContext,
  scenarios: readonly Scenario[],
  start: (t: TestContext, text: string) => Promise<void>,
): Promise<Outcomes> {
  const log = await syslogOfAll(t);
  const stages = await Promise.all(scenarios.map((scenario) => prepare(t, scenario)));
  await start(t, `${DEFAULTS}    log 127.0.0.1:${log.port} local0\n${stages.map(({ text }) => text).join("")}`);
  const outcomes = await Promise.all(stages.map(async (stage) => [stage.scenario.name, await act(stage, log.lines)]));
  return Object.fromEntries(outcomes) as Outcomes;
}

interface Prepared {
  readonly scenario: Scenario;
  readonly port: number;
  readonly text: string;
  readonly accepted: () => number;
  readonly open: () => number;
  readonly heard: () => string;
}

async function prepare(t: TestContext, scenario: Scenario): Promise<Prepared> {
  const serve = scenario.server ?? answerEach;
  let heard = "";
  const server = await serveTcp(t, (socket) => {
    serve(socket, server.connections - 1);
    socket.on("data", (bytes) => {
      heard += bytes.toString("latin1");
    });
  });
  const port = await freePort();
  const lines = scenario.lines.replaceAll("SERVER", `127.0.0.1:${server.port}`).trim().split("\n");
  const body = lines.map((line) => `    ${line.trim()}\n`).join("");
  const text = `listen ${scenario.name}\n    bind 127.0.0.1:${port}\n${body}`;
  return {
    ...{ scenario, port, text },
    ...{ accepted: () => server.connections, open: () => server.sockets.size, heard: () => heard },
  };
}

async function act({ scenario, port, accepted, open, heard }: Prepared, log: readonly string[]): Promise<string[]> {
  const notes: string[] = [];
  const connect = async (): Promise<RawClient> =>
    eventually(
      () => RawClient.connect(port),
      () => true,
    );
  const client = await connect();
  await scenario.client(client, { connect, accepted, open, heard, note: (text) => notes.push(text) });
  const seen = client.closed && client.socket.destroyed && !client.ended && client.error === undefined;
  if (!seen) await client.untilClosed(8_000).catch(() => notes.push("still open"));
  const lines = (): string[] => log.filter((line) => line.includes(`] ${scenario.name} `));
  await eventually(() => lines().length, scenario.logLines ?? 1).catch(() => notes.push("more or fewer lines of log"));
  client.close();
  return [`client: ${whatItSaw(client)}`, ...notes, ...lines().map(essence)];
}

export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** One response for each head. */
export function answerEach(socket: Socket): void {
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
      text = text.slice(end + 4);
      socket.write(OK);
    }
  });
  socket.on("end", () => socket.end());
}

function whatItSaw(client: RawClient): string {
  const statuses = [...client.text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => status);
  const end = client.error === undefined ? (client.ended ? "FIN" : "left") : client.error;
  return [...statuses, end].join(" ");
}

/** What is left of a log line that is the same wherever and whenever: which times were reached, and how it ended. */
function essence(line: string): string {
  const http = / \S+\/(\S+) (\S+) (\S+) \d+ - - (\S+) \d+\/\d+\/\d+\/\d+\/(\S+) (\S+) "(.*)"$/.exec(line);
  if (http !== null) {
    const [, server, times, status, state, retries, queues, request] = http;
    return `http: ${server} ${reached(times!)} ${status} ${state} ${retries} ${queues} ${request}`;
  }
  const tcp = / \S+\/(\S+) (\S+) \d+ (\S\S) \d+\/\d+\/\d+\/\d+\/(\S+) (\S+)$/.exec(line);
  if (tcp === null) return line;
  const [, server, times, state, retries, queues] = tcp;
  return `tcp: ${server} ${reached(times!)} ${state} ${retries} ${queues}`;
}

const reached = (times: string): string =>
  times
    .split("/")
    .map((time) => (time === "-1" ? "-" : "+"))
    .join("");

async function syslogOfAll(t: TestContext): Promise<{ readonly port: number; readonly lines: string[] }> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => socket.close());
  await once(socket, "listening");
  const lines: string[] = [];
  socket.on("message", (message) => lines.push(message.toString("latin1").trimEnd()));
  return { port: socket.address().port, lines };
}

export async function startOurs(t: TestContext, text: string): Promise<void> {
  await runProxy(t, text);
}

export async function startHaproxy(t: TestContext, text: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "side-by-side-"));
  writeFileSync(join(folder, "haproxy.cfg"), text);
  const child = spawn("haproxy", ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints += chunk;
  });
  child.once("exit", (code) => {
    if (code !== null) throw new Error(complaints);
  });
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
}
