/** The bench's own client: does one job and prints `RESULT {…}`, or `READY` where it is to stay. */
import { runHandshakes } from "./handshakes.js";
import { holdIdleConnections } from "./idle.js";
import type { Job } from "./job.js";
import { runOpenLoop } from "./open-loop.js";

const job = JSON.parse(process.argv[2] ?? "") as Job;
switch (job.kind) {
  case "open-loop":
    console.log(`RESULT ${JSON.stringify(runOpenLoop(job))}`);
    break;
  case "handshakes":
    console.log(`RESULT ${JSON.stringify(runHandshakes(job))}`);
    break;
  case "idle":
    holdIdleConnections(job);
    break;
}
