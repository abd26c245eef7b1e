/** The engine's thread: see engine-thread.ts, which starts it. The first message are its orders. */
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import { Engine } from "./engine.js";
import type { EngineOrders, FromEngine, ToEngine } from "./messages.js";

const port = parentPort;
if (port === null) throw new Error("worker.js is the engine's thread and no program of its own");

port.once("message", (orders: EngineOrders) => {
  new Engine(orders, {
    post: (message: FromEngine) => port.postMessage(message),
    next: () => receiveMessageOnPort(port)?.message as ToEngine | undefined,
  }).run();
  port.close();
});
