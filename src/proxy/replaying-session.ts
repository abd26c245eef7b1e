/**
 * What follows when a server fails a request that it was sent: the same request once more, there or at another server,
 * or an answer of our own (configuration manual: `retries`, `retry-on`).
 */
import { Phase } from "./exchange-session.js";
import { ReusingSession } from "./reusing-session.js";
import { Counter } from "./shared-state.js";

export abstract class ReplayingSession extends ReusingSession {
  protected onServerGone(): void {
    if (this.response.hasHead) {
      this.server?.counters.add(Counter.serverAborts, 1);
      this.backend?.counters.add(Counter.serverAborts, 1);
      this.cutResponse("SD");
      return;
    }
    const { emptyResponse, junkResponse } = this.backend!.settings.retryOn;
    if (this.replay() || this.retryOn(this.response.hasBegun ? junkResponse : emptyResponse)) return;
    if (this.isReused && this.requests > 1 && this.isHttp1Connection) {
      this.#leaveRetryToClient();
      return;
    }
    this.server?.counters.add(Counter.responseErrors, 1);
    this.backend?.counters.add(Counter.responseErrors, 1);
    this.answer(502, "SH");
  }

  protected onBadResponse(): void {
    if (this.retryOn(this.backend!.settings.retryOn.junkResponse)) return;
    this.server?.counters.add(Counter.responseErrors, 1);
    this.backend?.counters.add(Counter.responseErrors, 1);
    if (this.response.bytes > 0) this.cutResponse("PD");
    else this.answer(502, "PH");
  }

  protected onExchangeTimeout(): void {
    if (this.response.hasHead && this.waitsForClient) this.breakOff("cD");
    else if (this.response.hasHead) this.cutResponse("sD");
    else if (this.waitsForClient) this.answer(408, "cD");
    else if (!this.retryOn(this.backend!.settings.retryOn.responseTimeout)) this.answer(504, "sH");
  }

  protected get waitsForClient(): boolean {
    return this.response.waitsForClient || this.request.waitsForClient;
  }

  /**
   * Nothing has been answered, and the request is sent again on a connection of its own: the server closed an idle one
   * just when the request went out on it, or it says that it has not looked at the request (RFC 9113 §8.7).
   * @returns false if that cannot be done
   */
  protected replay(): boolean {
    const isUntouched = this.upstream?.isUntouched === true;
    if (!this.isReused && !(isUntouched && this.hasRetriesLeft)) return false;
    if (!isUntouched && !this.request.isIdempotent) return false;
    if (this.response.hasBegun || !this.request.rewind()) return false;
    if (!this.isReused) {
      this.retries++;
      this.server!.counters.add(Counter.retries, 1);
      this.backend!.counters.add(Counter.retries, 1);
    }
    this.isReused = false;
    this.closeUpstream();
    this.phase = Phase.connecting;
    this.openUpstream();
    return true;
  }

  /**
   * `retry-on`: the same request once more, whatever its method. False if the event is none of those, if it has been
   * tried often enough, if a rule has forbidden it, if the request does not fit into a buffer, or if something of an answer has gone out.
   */
  protected retryOn(isEvent: boolean): boolean {
    if (!isEvent || this.isSentOnce || !this.hasRetriesLeft || this.response.bytes > 0 || !this.request.rewind())
      return false;
    this.response.begin(this.request.head.method);
    this.responseAt = 0;
    this.status = 0;
    this.isReused = false;
    this.isOwn = false;
    this.phase = Phase.connecting;
    this.tryAgain();
    return true;
  }

  /**
   * The server closed an idle connection just when the request was sent on it, and doing that twice could do harm: only
   * the client can say. To a client that keeps its connection, a close between two requests says just that (RFC 9112
   * §9.3.1), as it would from the server itself.
   */
  #leaveRetryToClient(): void {
    this.closeUpstream();
    this.endExchange("SH");
    this.end();
  }
}
