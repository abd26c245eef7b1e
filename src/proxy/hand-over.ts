/**
 * How listeners pass from a process to its successor (`haproxy -sf`) without a connection refused or reset. The successor
 * begins to listen beside its predecessor, and the kernel goes on giving connections to the latter until the former
 * serves. From then on the successor gets them all; the predecessor takes those whose handshake was under way, and ends.
 */
import type { ListeningSocket } from "./listening-socket.js";

/** A client's last packet of the TCP handshake is here by then, or was lost. */
const GRACE_MS = 1_000;
const LOOK_AGAIN_MS = 500;

export class HandOver {
  #timer: NodeJS.Timeout | undefined;
  #endGrace: (() => void) | undefined;

  constructor(readonly sockets: readonly ListeningSocket[]) {}

  /** We serve: all connections are ours, whoever else listens. */
  takeOver(): void {
    for (const socket of this.sockets) socket.takeOver();
    this.#timer = setInterval(() => {
      if (this.#isShared) return;
      for (const socket of this.sockets) socket.beAlone();
      this.stop();
    }, LOOK_AGAIN_MS).unref();
  }

  /** Waits until the last connections on their way to us have come, if there is a successor for the others. */
  async grace(): Promise<void> {
    if (!this.#isShared) return;
    await new Promise<void>((resolve) => {
      this.#endGrace = resolve;
      setTimeout(resolve, GRACE_MS);
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#endGrace?.();
  }

  /** Another process listens at one of our addresses. */
  get #isShared(): boolean {
    const own = new Map<string, number>();
    for (const { place } of this.sockets) own.set(place, (own.get(place) ?? 0) + 1);
    return this.sockets.some(({ place, listenersHere }) => listenersHere > own.get(place)!);
  }
}
