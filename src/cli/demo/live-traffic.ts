/** The line that the traffic writes each second. */
import type { ProbeSummary } from "../../lab/probe.js";
import type { RunningProbe } from "../../lab/programs.js";
import type { Screen } from "./screen.js";
import type { Audience } from "./step.js";

type Second = Pick<ProbeSummary, "sent" | "failed" | "byServer">;

/** Shows the probe's seconds as they pass. @param changesOnly one like the line before is left out. @returns how to stop. */
export function watchTraffic(
  screen: Screen,
  probe: RunningProbe,
  audience: Audience,
  { changesOnly = false } = {},
): () => void {
  let before = "";
  return probe.process.onLine(({ text }) => {
    const { second } = JSON.parse(text) as { second?: Second };
    if (second === undefined) return;
    const gist = gistOf(second, audience);
    if (!changesOnly || gist !== before) screen.tick(describe(second, audience));
    before = gist;
  });
}

function describe(second: Second, audience: Audience): string {
  const shares = audience.servers.map((name) => `${name} ${`${second.byServer[name] ?? 0}`.padStart(3)}`);
  return `${`${second.sent}`.padStart(3)} requests/s   ${shares.join("   ")}   failed ${`${second.failed}`.padEnd(3)}  ${audience.place()}`;
}

/** What makes a second different from another for somebody who watches: who answers, who fails, who serves. */
function gistOf(second: Second, audience: Audience): string {
  const answering = audience.servers.filter((name) => second.byServer[name] !== undefined);
  return `${answering.join()} ${second.failed > 0} ${audience.place()}`;
}
