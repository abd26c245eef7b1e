/** Servers that keep what reached them, and the log lines of a proxy. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { serveTcp } from "./servers.js";

/** A server that answers nothing and remembers each connection's bytes, one character a byte. */
export async function recorder(t: TestContext, port = 0): Promise<{ port: number; received: string[] }> {
  const received: string[] = [];
  const server = await serveTcp(
    t,
    (socket) => {
      const index = received.push("") - 1;
      socket.on("data", (bytes) => {
        received[index] += bytes.toString("latin1");
      });
      socket.on("end", () => socket.end());
    },
    port,
  );
  return { port: server.port, received };
}

/** Where `log 127.0.0.1:<port> local0` goes; lines without priority, time and tag. */
export async function logReceiver(t: TestContext): Promise<{ port: number; lines: string[] }> {
  const lines: string[] = [];
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  t.after(() => socket.close());
  socket.on("message", (datagram) =>
    lines.push(
      datagram
        .toString()
        .replace(/^.*?haproxy\[\d+\]: /s, "")
        .trimEnd(),
    ),
  );
  return { port: socket.address().port, lines };
}
