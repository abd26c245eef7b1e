/** The show for root: a pair of balancers in a lab of namespaces, and every fail-over that it is made for. */
import { Lab } from "../../lab/lab.js";
import { watchTraffic } from "./live-traffic.js";
import { Pair } from "./pair.js";
import { haproxyCfg, keepalivedConf, PRIORITIES, promises, VIRTUAL_ADDRESS } from "./pair-configuration.js";
import { pairSteps } from "./pair-steps.js";
import { sideBySide, table } from "./screen.js";
import { CannotPlay, type Stage } from "./stage.js";
import { momentOf, type Outcome, play, summaryRows } from "./step.js";

const TOPOLOGY = `
                   client .100
                        |
    ------+----------+--+-------+----------+------  192.0.2.0/24
          |          |          |          |
       lb1 .11    lb2 .12   web1 .21   web2 .22
          \\__________/
      ${VIRTUAL_ADDRESS}, the virtual address: on one of the two`;

/** Both boxes may need a moment to agree at the start. */
const SETTLED_MS = promises.silence + promises.scriptSucceeds + 5_000;

export async function pairShow(stage: Stage): Promise<boolean> {
  const { screen } = stage;
  const pair = new Pair(await openLab(stage), stage.journal);
  screen.heading("Two balancers share a virtual address, on this machine, in network namespaces");
  screen.line(TOPOLOGY);
  await pair.boot();

  screen.heading("What `bascule run keepalived.conf haproxy.cfg` runs on both");
  const right = `${keepalivedConf(PRIORITIES.lb1)}`;
  for (const line of sideBySide(`# haproxy.cfg\n${haproxyCfg}`, `# keepalived.conf of lb1\n${right}`, 42))
    screen.line(`  ${line}`.trimEnd(), "dim");
  screen.line(`  On lb2 one line differs: priority ${PRIORITIES.lb2}.`);

  await Promise.all([pair.startBascule("lb1"), pair.startBascule("lb2")]);
  if ((await momentOf(() => pair.isHeldBy("lb1"), SETTLED_MS)) === undefined)
    throw new Error(`lb1 did not become master: ${pair.place()}`);
  screen.line();
  screen.line(`  Both run. lb1 has the higher priority: ${pair.place()}.`);

  const outcomes: Outcome[] = [];
  for (const step of pairSteps(pair)) outcomes.push(await play(stage, pair, step));

  screen.heading(`Summary: what a client of ${VIRTUAL_ADDRESS} saw, 100 new connections a second`);
  for (const line of table(summaryRows(outcomes))) screen.line(line);
  if (stage.stay) await explore(stage, pair);
  return outcomes.every(({ ok }) => ok);
}

async function openLab(stage: Stage): Promise<Lab> {
  try {
    const lab = await Lab.create({ name: "demo" });
    stage.onEnd(() => lab.destroy());
    return lab;
  } catch (error) {
    throw new CannotPlay((error as Error).message);
  }
}

/** Everything runs again; the reader breaks it from another terminal, and sees here what the client sees. */
async function explore(stage: Stage, pair: Pair): Promise<void> {
  const { screen } = stage;
  await pair.host("lb1").boot();
  await pair.startBascule("lb1");
  await momentOf(() => pair.isHeldBy("lb1"), SETTLED_MS);

  screen.heading(`lb1 has booted again: ${pair.place()}. Explore, from another terminal as root:`);
  for (const name of ["lb1", "lb2", "client"] as const)
    screen.line(`  ${name.padEnd(7)} nsenter -t ${pair.host(name).pid} -n -p -m -u -- bash`);
  for (const line of [
    "",
    "In lb1 or lb2:",
    "  ip addr show eth0                              who holds the address",
    "  bascule ctl status                             what runs",
    "  bascule ctl stop proxy                         and start proxy, restart failover",
    "  echo 'show stat' | socat - /run/haproxy.sock   the servers' state and counters",
    "  ip link set eth0 down                          and up: a broken network card",
    "In the client:",
    `  curl http://${VIRTUAL_ADDRESS}/`,
    "",
    "Below, a line for each change that the client sees. Ctrl-C ends everything.",
  ])
    screen.line(line);
  watchTraffic(screen, await pair.startProbe(), pair, { changesOnly: true });
  await stage.untilInterrupted();
}
