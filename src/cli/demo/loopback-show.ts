/** The show without root: one balancer, health checks and supervision; no virtual address. */
import { watchTraffic } from "./live-traffic.js";
import { table } from "./screen.js";
import { Single } from "./single.js";
import { singleSteps } from "./single-steps.js";
import type { Stage } from "./stage.js";
import { type Outcome, play, summaryRows } from "./step.js";

export async function loopbackShow(stage: Stage): Promise<boolean> {
  const { screen } = stage;
  const single = await Single.prepare(stage);
  const { www, web1, web2 } = single.ports;

  screen.heading("One balancer and two web servers, on 127.0.0.1");
  for (const line of [
    "",
    `                      +--> web1 :${web1}`,
    `    client --> :${www} --+`,
    `                      +--> web2 :${web2}`,
  ])
    screen.line(line);
  screen.heading("What `bascule run haproxy.cfg` runs");
  for (const line of single.haproxyCfg.trimEnd().split("\n")) screen.line(`  ${line}`.trimEnd(), "dim");
  await single.start();

  const outcomes: Outcome[] = [];
  for (const step of singleSteps(single)) outcomes.push(await play(stage, single, step));

  screen.heading("Summary: what a client saw, 100 new connections a second");
  for (const line of table(summaryRows(outcomes))) screen.line(line);
  for (const line of [
    "",
    "As root, the same command builds a lab of two balancers in network namespaces:",
    "a virtual address that moves when a proxy stops or a box dies, and comes back.",
  ])
    screen.line(line);
  if (stage.stay) await explore(stage, single);
  return outcomes.every(({ ok }) => ok);
}

async function explore(stage: Stage, single: Single): Promise<void> {
  const { screen } = stage;
  screen.heading("Explore, from another terminal:");
  for (const line of [
    `  curl ${single.url}`,
    `  bin/bascule ctl --control ${single.controlSocket} status`,
    `  echo 'show stat' | socat - ${single.statsSocket}`,
    `  kill ${single.program("web1").pid}   # web1`,
    "",
    "Below, a line for each change that the client sees. Ctrl-C ends everything.",
  ])
    screen.line(line);
  watchTraffic(screen, await single.startProbe(), single, { changesOnly: true });
  await stage.untilInterrupted();
}
