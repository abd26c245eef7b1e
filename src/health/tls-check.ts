/** The check of a server that speaks TLS: does it see a handshake through? */
import { createConnection, type Socket } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";
import type { CheckTls } from "../config/haproxy/model.js";
import type { Milliseconds } from "../config/units.js";
import type { CheckStatus } from "./check-result.js";
import { describeError, endpointOptions, type Greeting, type Probe, statusOfError } from "./tcp-check.js";

/** How a handshake is made, from files that were read when the process could. */
export type HandshakeOptions = (tls: CheckTls) => ConnectionOptions;

/** @param probes for servers without TLS */
export const tlsCheck =
  (probes: Probe, greeting: Greeting, handshakeOptions: HandshakeOptions): Probe =>
  (to, budget, done) => {
    const { tls, sendProxy } = to;
    if (tls === undefined) return probes(to, budget, done);
    const start = performance.now();
    const socket = createConnection(endpointOptions(to));
    let secure: Socket | undefined;
    /** The outer one takes the inner one along; Node dies if the inner one goes in the middle of a handshake. */
    const letGo = (): Socket => {
      clearTimeout(timer);
      const outer = secure ?? socket;
      outer.removeAllListeners().on("error", () => {});
      return outer;
    };
    const abandon = (): void => {
      letGo().destroy();
    };
    const finish = (status: CheckStatus, info = ""): void => {
      const outer = letGo();
      // With our last message of the handshake, the server sees the connection closed rather than broken.
      if (status === "L6OK") outer.end(() => outer.destroy());
      else outer.destroy();
      done({ status, info, duration: Math.floor(performance.now() - start) as Milliseconds });
    };
    const timer = setTimeout(() => finish(secure === undefined ? "L4TOUT" : "L6TOUT"), budget);
    const onFailure = (error: NodeJS.ErrnoException): void =>
      finish(statusOfError(error.code ?? ""), describeError(error));
    socket.once("error", onFailure);
    socket.once("connect", () => {
      if (sendProxy !== undefined) socket.write(greeting(sendProxy, socket));
      // From here on the handshake tells what goes wrong; without a listener, the inner socket would throw it.
      socket.removeListener("error", onFailure).on("error", () => {});
      secure = connect({ ...handshakeOptions(tls), socket });
      secure.once("secureConnect", () => finish("L6OK"));
      secure.once("error", (error: Error) => finish("L6RSP", error.message));
      secure.once("close", () => finish("L6RSP", "Connection closed during SSL handshake"));
    });
    return abandon;
  };
