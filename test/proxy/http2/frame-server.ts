/** A server that reads frames, and answers with exactly those that a test gives it. */
import type { TestContext } from "node:test";
import { serveTcp } from "../../support/servers.js";
import { type Frame, frame, framesOf, PREFACE, Type } from "./frame-client.js";

export interface FramePeer {
  /** Which connection it is, from 1 on. */
  readonly number: number;
  send(...frames: Uint8Array[]): void;
}

/** @param onFrame gets every frame of every connection; SETTINGS have been sent. Returns the port. */
export async function serveFrames(t: TestContext, onFrame: (frame: Frame, peer: FramePeer) => void): Promise<number> {
  let connections = 0;
  const server = await serveTcp(t, (socket) => {
    const send = (...frames: Uint8Array[]): void => void socket.write(Buffer.concat(frames));
    const peer = { number: ++connections, send };
    let bytes = Buffer.alloc(0);
    let at = PREFACE.length;
    send(frame(Type.SETTINGS, 0, 0));
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (const one of framesOf(bytes, at)) {
        at += 9 + one.payload.length;
        onFrame(one, peer);
      }
    });
    socket.on("end", () => socket.end());
  });
  return server.port;
}
