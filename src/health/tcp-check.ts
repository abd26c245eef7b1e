/** The check that `check` alone asks for: does the server accept a TCP connection? */
import { createConnection } from "node:net";
import type { Milliseconds } from "../config/units.js";
import { errnoText } from "../sys/errno.js";
import type { CheckResult, CheckStatus } from "./check-result.js";

/** Failures of this host, not of the server: they say nothing about the way there. */
const LOCAL_ERRORS = new Set(["EADDRINUSE", "EADDRNOTAVAIL", "EAGAIN", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** Starts a check; calls `done` once, later. Returns a function that abandons it, after which `done` is not called. */
export type Probe = (
  address: string,
  port: number,
  budget: Milliseconds,
  done: (result: CheckResult) => void,
) => () => void;

/**
 * Connects and resets at once: a reset leaves no TIME_WAIT behind, here or on the server, however often it is checked.
 * @param budget Time for the connection to be established; beyond it the check fails with `L4TOUT`.
 */
export const tcpCheck: Probe = (address, port, budget, done) => {
  const start = performance.now();
  const socket = createConnection({ host: address, port });
  const finish = (status: CheckStatus, info = ""): void => {
    abandon();
    done({ status, info, duration: Math.floor(performance.now() - start) as Milliseconds });
  };
  const timer = setTimeout(finish, budget, "L4TOUT");
  const abandon = (): void => {
    clearTimeout(timer);
    socket.removeAllListeners();
    // The reset itself may meet an error (the peer was faster); a socket without a listener would throw it.
    socket.on("error", () => {});
    socket.resetAndDestroy();
  };
  socket.once("connect", () => finish("L4OK"));
  socket.once("error", (error: NodeJS.ErrnoException) => {
    finish(statusOfError(error.code ?? ""), error.errno === undefined ? error.message : errnoText(-error.errno));
  });
  return abandon;
};

function statusOfError(code: string): CheckStatus {
  if (code === "ETIMEDOUT") return "L4TOUT";
  return LOCAL_ERRORS.has(code) ? "SOCKERR" : "L4CON";
}
