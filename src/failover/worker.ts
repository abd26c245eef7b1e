/** The engine's thread: see engine-thread.ts, which starts it. The first message are its orders. */
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import { setRealTime } from "../sys/process.js";
import { Engine, REAL_TIME_PRIORITY } from "./engine.js";
import type { EngineOrders, FromEngine, ToEngine } from "./messages.js";

// Before the orders: they are not to wait for a slice of a busy processor. The engine says it if this is refused.
setRealTime(REAL_TIME_PRIORITY);

const port = parentPort;
if (port === null) throw new Error("worker.js is the engine's thread and no program of its own");

port.once("message", (orders: EngineOrders) => {
  new Engine(orders, {
    post: (message: FromEngine) => port.postMessage(message),
    next: () => receiveMessageOnPort(port)?.message as ToEngine | undefined,
  }).run();
  port.close();
});
