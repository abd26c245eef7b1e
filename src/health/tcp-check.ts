/** The check that `check` alone asks for: does the server accept a TCP connection? */
import { createConnection, type NetConnectOpts, type Socket } from "node:net";
import type { SendProxy, ServerCheck } from "../config/haproxy/model.js";
import type { Milliseconds } from "../config/units.js";
import { errnoText } from "../sys/errno.js";
import type { CheckResult, CheckStatus } from "./check-result.js";

/** Failures of this host, not of the server: they say nothing about the way there. */
const LOCAL_ERRORS = new Set(["EADDRINUSE", "EADDRNOTAVAIL", "EAGAIN", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** Where a check connects to, and what it says there. */
export type CheckEndpoint = Pick<ServerCheck, "address" | "family" | "port" | "sendProxy" | "tls">;

/** What a check sends before all else, on a connection that stands. */
export type Greeting = (settings: SendProxy, socket: Socket) => Uint8Array;

/** Starts a check; calls `done` once, later. Returns a function that abandons it, after which `done` is not called. */
export type Probe = (to: CheckEndpoint, budget: Milliseconds, done: (result: CheckResult) => void) => () => void;

/**
 * Connects and resets at once: a reset leaves no TIME_WAIT behind, here or on the server, however often it is checked.
 * Where a PROXY header has to be read by the server, the connection is closed instead.
 * @param budget Time for the connection to be established; beyond it the check fails with `L4TOUT`.
 */
export const tcpCheck =
  (greeting: Greeting): Probe =>
  (to, budget, done) => {
    const start = performance.now();
    const socket = createConnection(endpointOptions(to));
    const finish = (status: CheckStatus, info = ""): void => {
      if (status === "L4OK" && to.sendProxy !== undefined) letGo();
      else abandon();
      done({ status, info, duration: Math.floor(performance.now() - start) as Milliseconds });
    };
    const timer = setTimeout(finish, budget, "L4TOUT");
    const letGo = (): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      // The reset itself may meet an error (the peer was faster); a socket without a listener would throw it.
      socket.on("error", () => {});
    };
    const abandon = (): void => {
      letGo();
      // Only TCP knows resets.
      if (isInternet(to)) socket.resetAndDestroy();
      else socket.destroy();
    };
    socket.once("connect", () => {
      if (to.sendProxy !== undefined) socket.end(greeting(to.sendProxy, socket), () => socket.destroy());
      finish("L4OK");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      finish(statusOfError(error.code ?? ""), describeError(error));
    });
    return abandon;
  };

const isInternet = ({ family }: CheckEndpoint): boolean => family === 4 || family === 6;

/** An abstract name begins with NUL, and HAProxy's are filled up with it, to the end of `sun_path` (unix(7)). */
export function endpointOptions({ address, family, port }: CheckEndpoint): NetConnectOpts {
  switch (family) {
    case "unix":
      return { path: address };
    case "abns":
      return { path: `\0${address}${"\0".repeat(SUN_PATH - 1 - Buffer.byteLength(address))}` };
    default:
      return { host: address, port };
  }
}

const SUN_PATH = 108;

/** The system's own words. */
export const describeError = ({ errno, message }: NodeJS.ErrnoException): string =>
  errno === undefined ? message : errnoText(-errno);

export function statusOfError(code: string): CheckStatus {
  if (code === "ETIMEDOUT") return "L4TOUT";
  return LOCAL_ERRORS.has(code) ? "SOCKERR" : "L4CON";
}
