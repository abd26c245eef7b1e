/** The engine's thread: see failover.ts, which starts it. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Engine } from "./engine.js";
import type { EngineOrders, FromEngine, ToEngine } from "./messages.js";

const port = parentPort;
if (port === null) throw new Error("worker.js is the engine's thread and no program of its own");

new Engine(workerData as EngineOrders, {
  post: (message: FromEngine) => port.postMessage(message),
  next: () => receiveMessageOnPort(port)?.message as ToEngine | undefined,
}).run();
port.close();
