/** Mixed traffic for a while; at its end all have counted the same, nothing is open, and memory is where it was. */
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pki } from "../proxy/tls/pki.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/proxy.js";
import { audit, type Finding } from "./audit.js";
import { Origin, OriginCounts } from "./origin.js";
import { ProxyProcess } from "./proxy-process.js";
import { Tally } from "./tally.js";
import { type Tallies, Visitor } from "./visits.js";

const THREADS = 2;
/** An origin is killed so often, and away for so long. */
const RESTART_EVERY_MS = 7_000;
const AWAY_MS = 500;
const SETTLE_MS = 30_000;
const AT_REST_MS = 500;
/** Of the time, before memory is looked at: code is compiled, and pools fill up. */
const WARM_UP = 0.3;

export interface SoakOptions {
  readonly milliseconds: number;
  /** Visits begun in a second. */
  readonly rate: number;
  /** The proxy runs with BASCULE_FFI_CHECK=1. */
  readonly isChecked: boolean;
  /** Bytes that the proxy may grow between the end of the warm-up and the end. */
  readonly growth: number;
  readonly pki: Pki;
  say(line: string): void;
}

export interface SoakReport {
  readonly findings: readonly Finding[];
  /** What visits met that must not be. */
  readonly complaints: readonly string[];
  readonly output: string;
}

/** Runs the whole of it. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const counts = new OriginCounts();
  const origins = [await Origin.start(counts), await Origin.start(counts)];
  const echo = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const echoPort = (echo.address() as { port: number }).port;
  const [http, tls, tcp] = [await freePort(), await freePort(), await freePort()];
  const { pem } = options.pki.issue(["soak.example"]);
  const proxy = await ProxyProcess.start(
    configurationOf({ http, tls, tcp, pem, origins, echoPort }),
    THREADS,
    options.isChecked,
  );
  try {
    const tallies: Tallies = { http: new Tally(), tls: new Tally(), tcp: new Tally() };
    const visitor = new Visitor({ http, tls, tcp, ca: options.pki.ca }, tallies, counts);
    const descriptors = await atRest(proxy);
    const complaints: string[] = [];
    const run = new Run(visitor, proxy, origins, options, complaints);
    await run.toEnd();
    for (const origin of origins) await origin.stop(); // and with them goes what the proxy keeps open towards them
    const open = await settled(() => proxy.descriptors.length, descriptors.length);
    if (open !== descriptors.length) complaints.push(`descriptors: ${descriptors} became ${proxy.descriptors}`);
    const rows = await proxy.statistics();
    const memory = proxy.memory;
    const findings: Finding[] = [
      ...audit(rows, tallies, counts),
      {
        rule: "descriptors, before and after",
        holds: open === descriptors.length,
        figures: `${descriptors.length} = ${open}`,
      },
      {
        rule: `memory, warm and at the end (MB), at most ${options.growth / 1e6} more`,
        holds: memory - run.warmMemory <= options.growth,
        figures: `${megabytes(run.warmMemory)} → ${megabytes(memory)}`,
      },
    ];
    const used = proxy.cpuSeconds / (options.milliseconds / 1000);
    const { answered, requests, cut, abandoned } = sumOf(tallies);
    options.say(`${requests} requests, ${answered} answered, ${cut} downloads and ${abandoned} uploads given up`);
    options.say(
      `${counts.killed} requests met a server's restart; the proxy took ${(100 * used).toFixed(0)} % of a core`,
    );
    const code = await proxy.stop();
    findings.push({ rule: "exit code", holds: code === 0, figures: String(code) });
    return { findings, complaints, output: proxy.output };
  } finally {
    proxy.kill();
    echo.close();
    for (const origin of origins) await origin.stop();
  }
}

class Run {
  warmMemory = 0;
  readonly #open = new Set<Promise<void>>();

  constructor(
    readonly visitor: Visitor,
    readonly proxy: ProxyProcess,
    readonly origins: readonly Origin[],
    readonly options: SoakOptions,
    readonly complaints: string[],
  ) {}

  /** Begins visits at the rate, in a fixed order, and waits for the last of them. */
  async toEnd(): Promise<void> {
    const round = this.visitor.kinds.flatMap(([name, times, visit]) =>
      Array.from({ length: times }, () => ({ name, visit })),
    );
    const { milliseconds, rate } = this.options;
    const start = performance.now();
    const elapsed = (): number => performance.now() - start;
    let nextRestart = RESTART_EVERY_MS;
    let restarts = 0;
    for (let begun = 0; elapsed() < milliseconds; begun++) {
      // Spread over the round, so that alike do not come together.
      this.#begin(round[(begun * 7) % round.length]!);
      if (this.warmMemory === 0 && elapsed() > milliseconds * WARM_UP) this.warmMemory = this.proxy.memory;
      if (elapsed() > nextRestart) {
        nextRestart += RESTART_EVERY_MS;
        this.#track("restart", this.origins[restarts++ % this.origins.length]!.restart(AWAY_MS));
      }
      await sleep(Math.max(0, (1000 * (begun + 1)) / rate - elapsed()));
    }
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  #begin({ name, visit }: { name: string; visit: () => Promise<void> }): void {
    this.#track(name, visit());
  }

  #track(name: string, work: Promise<void>): void {
    const done = work
      .catch((error: Error) => void this.complaints.push(`${name}: ${error.message}`))
      .then(() => void this.#open.delete(done));
    this.#open.add(done);
  }
}

interface Setting {
  readonly http: number;
  readonly tls: number;
  readonly tcp: number;
  readonly pem: string;
  readonly origins: readonly Origin[];
  readonly echoPort: number;
}

const configurationOf = ({ http, tls, tcp, pem, origins, echoPort }: Setting): string => `
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout http-keep-alive 30s
  option redispatch
  option dontlognull
frontend web
  bind 127.0.0.1:${http}
  default_backend origins
frontend secure
  bind 127.0.0.1:${tls} ssl crt ${pem} alpn h2,http/1.1
  default_backend origins
backend origins
${origins.map(({ port }, index) => `  server s${index + 1} 127.0.0.1:${port}`).join("\n")}
listen echo
  mode tcp
  bind 127.0.0.1:${tcp}
  server s1 127.0.0.1:${echoPort}
`;

/** Its descriptors when none has come or gone for a while: the connection that asked whether it is up is gone by then. */
async function atRest(proxy: ProxyProcess): Promise<readonly string[]> {
  for (let last = proxy.descriptors; ; ) {
    await sleep(AT_REST_MS);
    const now = proxy.descriptors;
    if (now.join() === last.join()) return now;
    last = now;
  }
}

/** Waits for a figure to come to rest at `wanted`; what it is at last. */
async function settled(figure: () => number, wanted: number): Promise<number> {
  try {
    return await eventually(figure, wanted, { deadlineMs: SETTLE_MS, everyMs: 100 });
  } catch {
    return figure();
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

function sumOf({ http, tls, tcp }: Tallies): Record<"answered" | "requests" | "cut" | "abandoned", number> {
  const sum = (name: "answered" | "requests" | "cut" | "abandoned") => http[name] + tls[name] + tcp[name];
  return { answered: sum("answered"), requests: sum("requests"), cut: sum("cut"), abandoned: sum("abandoned") };
}
