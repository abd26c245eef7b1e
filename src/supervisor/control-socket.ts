/**
 * The supervisor's control socket: a Unix stream socket, one command a line. Each answer is `ok` or `error`, then the
 * answer's lines, then an empty line.
 */
import { chmodSync, mkdirSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { LineSplitter } from "./log-lines.js";
import type { PartName } from "./part.js";
import type { Supervisor } from "./supervisor.js";

export const DEFAULT_CONTROL_PATH = "/run/bascule/bascule.sock";

export const controlPath = (flag: string | undefined): string =>
  flag ?? process.env.BASCULE_CONTROL ?? DEFAULT_CONTROL_PATH;

export type ControlCommand =
  | { readonly verb: "status" }
  | { readonly verb: "start" | "stop" | "restart"; readonly part: PartName };

/** @returns what is wrong with it as a string. */
export function parseControlCommand(words: readonly string[]): ControlCommand | string {
  const [verb, part, ...more] = words;
  if (verb === "status" && words.length === 1) return { verb };
  if (verb !== "start" && verb !== "stop" && verb !== "restart") return `unknown command: ${words.join(" ")}`;
  if ((part !== "proxy" && part !== "failover") || more.length > 0) return `usage: ${verb} proxy|failover`;
  return { verb, part };
}

/**
 * Listens at `path`, for its owner alone. A socket file that nobody answers at is left from a crash, and replaced.
 * @throws Error if another supervisor answers there, or the kernel's reason.
 */
export async function openControlSocket(path: string, supervisor: Supervisor): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  if (await isAnswered(path)) throw new Error(`another supervisor answers at ${path}`);
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, supervisor));
  // The file must not be open to others for even a moment: listen() makes it with the umask of that instant.
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  } finally {
    process.umask(umask);
  }
  chmodSync(path, 0o600);
  return server;
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function serve(socket: Socket, supervisor: Supervisor): void {
  // One answer after the other, in the order of the commands.
  let previous: Promise<void> = Promise.resolve();
  const lines = new LineSplitter((line) => {
    if (line.trim() === "") return;
    previous = previous.then(async () => {
      const { ok, text } = await answer(line, supervisor);
      if (!socket.destroyed) socket.write(`${ok ? "ok" : "error"}\n${text}\n\n`);
    });
  });
  socket.on("data", (bytes) => lines.push(bytes));
  socket.on("error", () => socket.destroy());
  socket.on("end", () => {
    lines.end();
    void previous.then(() => socket.end());
  });
}

async function answer(line: string, supervisor: Supervisor): Promise<{ ok: boolean; text: string }> {
  const command = parseControlCommand(line.trim().split(/\s+/));
  if (typeof command === "string") return { ok: false, text: command };
  if (command.verb === "status") return { ok: true, text: await supervisor.status() };
  return supervisor.command(command.verb, command.part);
}
