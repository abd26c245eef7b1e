/** The thread of process-tracker.ts. */
import { parentPort, workerData } from "node:worker_threads";
import type { TrackProcess } from "../../config/keepalived/model.js";
import { ProcessWatch } from "./process-watch.js";

const port = parentPort;
if (port === null) throw new Error("process-watch-worker.js is a thread and no program of its own");
const { wanted, wakeUp } = workerData as { wanted: TrackProcess[]; wakeUp: number };
new ProcessWatch(wanted, wakeUp, port).run();
port.close();
