/** Programs on this machine itself, which end with the demonstration even if that is killed. */
import { createServer } from "node:net";
import { HostProcess } from "../../lab/host-process.js";

/**
 * Two parents from util-linux: the first dies with us (PR_SET_PDEATHSIG), and then the second tells its child.
 * `unshare` shares everything here: it only forks, as the `nsenter` does that a HostProcess expects.
 */
const LEASH = ["setpriv", "--pdeathsig", "KILL", "--", "unshare", "--fork", "--kill-child=TERM", "--"];

/** Starts a Node program of this build. */
export function startLocally(title: string, script: string, args: readonly string[]): HostProcess {
  const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new HostProcess(title, [...LEASH, process.execPath, script, ...args], Object.fromEntries(environment));
}

/** Ports of 127.0.0.1 that nobody listened on just now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

function listenAnywhere() {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}
