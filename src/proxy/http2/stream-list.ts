/**
 * The streams of a connection. They are few, and come and go all the time: a Map would be rebuilt every few requests,
 * and what is left of the old ones would hold on to their streams until the next full garbage collection.
 */
import type { Http2Stream } from "./stream.js";

export class StreamList {
  readonly #items: Http2Stream[] = [];

  get size(): number {
    return this.#items.length;
  }

  /**
   * Whether the peer may open one more, of `limit`. One that has ended on both sides does not count (RFC 9113 §5.1.2),
   * though its session may not have heard of it yet; so that those are bounded too, there are never `2 * limit` in all.
   */
  hasRoom(limit: number): boolean {
    const items = this.#items;
    if (items.length < limit) return true;
    if (items.length >= 2 * limit) return false;
    let open = 0;
    for (const { localEnded, remoteEnded } of items) if (!(localEnded && remoteEnded)) open++;
    return open < limit;
  }

  find(id: number): Http2Stream | undefined {
    const items = this.#items;
    for (let index = items.length - 1; index >= 0; index--) if (items[index]!.id === id) return items[index];
    return undefined;
  }

  add(stream: Http2Stream): void {
    this.#items.push(stream);
  }

  /** Does nothing if it is not there. */
  remove(stream: Http2Stream): void {
    const items = this.#items;
    const index = items.lastIndexOf(stream);
    if (index < 0) return;
    const last = items.pop()!;
    if (last !== stream) items[index] = last;
  }

  /** A copy: whoever goes through it may end streams. */
  all(): Http2Stream[] {
    return this.#items.slice();
  }
}
