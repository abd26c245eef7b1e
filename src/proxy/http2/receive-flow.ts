/** What the peer may send of messages (RFC 9113 §5.2): its credit is given back as sessions read, in large pieces. */
import type { FrameTransport } from "./frame-transport.js";
import type { Http2Limits } from "./limits.js";
import type { Http2Stream } from "./stream.js";

export class ReceiveFlow {
  /** Octets of DATA that all streams together may still send. */
  #window: number;
  /** Octets that have been read since the last WINDOW_UPDATE. */
  #credit = 0;

  constructor(
    readonly connection: FrameTransport,
    readonly limits: Http2Limits,
  ) {
    this.#window = limits.connectionWindow;
  }

  /** False if the peer sends more than it may. */
  spend(octets: number): boolean {
    this.#window -= octets;
    return this.#window >= 0;
  }

  /** The session has read so many octets: the peer may send as many again. */
  give(stream: Http2Stream, octets: number): void {
    this.giveBack(octets);
    if (stream.remoteEnded || stream.closed) return;
    stream.credit += octets;
    if (stream.credit < this.limits.window / 2) return;
    stream.receiveWindow += stream.credit;
    this.connection.output.windowUpdate(stream.id, stream.credit);
    stream.credit = 0;
    this.connection.scheduleFlush();
  }

  /** Nobody reads them: they count for the connection alone. */
  giveBack(octets: number): void {
    const { connection } = this;
    this.#credit += octets;
    if (this.#credit < this.limits.connectionWindow / 2 || connection.isClosing) return;
    this.#window += this.#credit;
    connection.output.windowUpdate(0, this.#credit);
    this.#credit = 0;
    connection.scheduleFlush();
  }
}
