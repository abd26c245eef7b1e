/** The listener of the admin interface: `stats socket`, on a Unix path or over TCP. */
import { once } from "node:events";
import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import type { StatsSocket } from "../config/haproxy/model.js";
import type { Milliseconds } from "../config/units.js";
import { install, remove, temporaryPath } from "../sys/socket-file.js";
import type { AdminContext } from "./context.js";
import type { Level } from "./level.js";
import { AdminSession } from "./session.js";

/** `stats maxconn`: clients served at once; the next wait for one of them to leave. */
const MAX_CLIENTS = 10;
/** Clients that wait; beyond, they are turned away. */
const MAX_WAITING = 118;

export interface AdminSocket {
  /** Closes the listener and cuts every client; the socket's file goes, unless a later process has replaced it. */
  close(): Promise<void>;
}

/**
 * Listens where `settings` say.
 * @param timeout a client that is silent for so long is disconnected
 * @throws Error if it cannot listen there, or cannot give the socket its owner or mode; nothing is left behind
 */
export async function startAdminSocket(
  settings: StatsSocket,
  context: AdminContext,
  timeout: Milliseconds,
): Promise<AdminSocket> {
  const clients = new Clients(context, settings.level, timeout);
  // Half-open: scripts send a line and shut their side down at once, and still want the whole answer.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => clients.admit(socket));
  const removeFile = await listen(server, settings);
  return {
    async close() {
      const closed = once(server, "close");
      server.close();
      removeFile();
      clients.close();
      await closed;
    },
  };
}

/** @returns what removes the socket's file */
async function listen(server: Server, settings: StatsSocket): Promise<() => void> {
  const { path, address, port } = settings;
  if (path === undefined) {
    await listenOn(server, { host: address ?? "::", port: port ?? 0 });
    return () => {};
  }
  const temporary = temporaryPath(path);
  await listenOn(server, { path: temporary });
  try {
    const installed = install(temporary, path, settings);
    return () => remove(path, installed);
  } catch (error) {
    server.close(); // and with it goes the temporary file
    throw error;
  }
}

async function listenOn(server: Server, options: ListenOptions): Promise<void> {
  const listening = once(server, "listening"); // rejects on "error"
  server.listen(options);
  await listening;
}

class Clients {
  readonly #context: AdminContext;
  readonly #level: Level;
  readonly #timeout: Milliseconds;
  readonly #served = new Set<Socket>();
  readonly #waiting: Socket[] = [];

  constructor(context: AdminContext, level: Level, timeout: Milliseconds) {
    this.#context = context;
    this.#level = level;
    this.#timeout = timeout;
  }

  admit(socket: Socket): void {
    // A client that goes away in the middle of an answer is its own business.
    socket.on("error", () => socket.destroy());
    if (this.#served.size < MAX_CLIENTS) this.#serve(socket);
    else if (this.#waiting.length < MAX_WAITING) this.#wait(socket);
    else socket.destroy();
  }

  #wait(socket: Socket): void {
    this.#waiting.push(socket);
    socket.once("close", () => {
      const place = this.#waiting.indexOf(socket);
      if (place !== -1) this.#waiting.splice(place, 1);
    });
  }

  close(): void {
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    for (const socket of this.#served) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#served.add(socket);
    socket.once("close", () => {
      this.#served.delete(socket);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#serve(next);
    });
    serve(socket, new AdminSession(this.#context, this.#level, this.#timeout));
  }
}

/** Carries bytes between a client and its session, no faster than the client reads. */
function serve(socket: Socket, session: AdminSession): void {
  const proceed = (): void => {
    // An answer is still on its way: "drain" will call again.
    if (socket.writableNeedDrain) return;
    for (let answer = session.answerNext(); answer !== undefined; answer = session.answerNext()) {
      socket.setTimeout(session.idleTimeout);
      if (answer !== "" && !socket.write(answer)) {
        // The rest of what came waits until the client has taken this.
        socket.pause();
        socket.once("drain", proceed);
        return;
      }
    }
    if (session.isOver) socket.destroySoon();
    else socket.resume();
  };
  socket.setTimeout(session.idleTimeout, () => socket.destroy());
  socket.on("data", (bytes: Buffer) => {
    session.receive(bytes);
    proceed();
  });
  socket.once("end", () => {
    session.end();
    proceed();
  });
  socket.resume();
}
