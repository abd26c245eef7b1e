/** A syslog server, for tests of what a proxy logs. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";

/** @returns its port, and the lines it got, without their header: RFC 3164's, less the host's name */
export async function syslog(t: TestContext): Promise<{ readonly port: number; readonly lines: string[] }> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => socket.close());
  await once(socket, "listening");
  const lines: string[] = [];
  // local0.info is 16 × 8 + 6.
  const header = /^<134>\w{3} [ \d]\d \d\d:\d\d:\d\d haproxy\[\d+\]: /;
  socket.on("message", (message) => {
    const text = message.toString("latin1").trimEnd();
    if (header.test(text)) lines.push(text.replace(header, ""));
  });
  return { port: socket.address().port, lines };
}
