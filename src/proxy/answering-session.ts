/**
 * Answers of our own to a client's request, and the end of a connection on which the client may still be sending
 * (RFC 9112 §9.6).
 */
import type { ErrorPage } from "./error-pages.js";
import { ExchangeSession, Phase } from "./exchange-session.js";
import { Method } from "./http1/head.js";
import { Transfer } from "./http1/transfer.js";
import { Reply } from "./reply.js";
import { Counter } from "./shared-state.js";

/** How long a client may go on sending after an answer that ends the connection, in milliseconds. */
const LINGER = 1000;

export abstract class AnsweringSession extends ExchangeSession {
  /** A request that is refused before it has a backend; as HAProxy counts, it is one. */
  protected refuse(status: number, termination: string): void {
    this.frontend.counters.add(Counter.requests, 1);
    this.frontend.counters.add(Counter.requestErrors, 1);
    this.keepAlive = false;
    this.answer(status, termination);
  }

  /**
   * Answers with a page of our own. The client's connection goes on if its request has been read to the end.
   * @param page undefined: the one that the backend, or else the frontend, has for the status
   */
  protected answer(status: number, termination: string, page?: ErrorPage): void {
    const { context, frontend } = this;
    this.closeUpstream();
    this.response.release();
    this.status = status;
    const { pages } = this.isInBackend ? this.backend! : frontend;
    this.reply = this.#replyWith(page ?? pages.page(status, frontend.pages));
    this.endExchange(termination);
    this.phase = Phase.replying;
    context.loop.timers.arm(this.timer, context.loop.now + frontend.settings.timeoutClient);
    this.sendReply();
  }

  /**
   * The response goes no further. A client that can tell so by its framing gets all that has come, and FIN; from any
   * other, an end like that of a whole response is kept.
   */
  protected cutResponse(termination: string): void {
    if (!this.isHttp1Connection || !this.response.body.showsItsEnd) {
      this.breakOff(termination);
      return;
    }
    this.upstream?.abort();
    this.closeUpstream();
    this.response.release();
    this.endExchange(termination);
    this.startLingering();
  }

  protected sendReply(): void {
    const result = this.reply!.send(this.client);
    if (result === Transfer.receiverBroke) this.end();
    if (result !== Transfer.done) return;
    this.reply = undefined;
    if (this.keepAlive) this.waitForRequest();
    else this.startLingering();
  }

  protected startLingering(): void {
    const { loop } = this.context;
    this.client.finish();
    this.phase = Phase.lingering;
    loop.timers.arm(this.timer, loop.now + LINGER);
    this.linger();
  }

  protected linger(): void {
    if (this.client.ended || this.request.drain(this.client) !== Transfer.waiting) this.end();
  }

  #replyWith({ closing, closingHeadLength, keeping, headLength }: ErrorPage): Reply {
    const { context, request } = this;
    const { pool } = context;
    const isKeepable = keeping !== undefined && keeping.length <= pool.size && request.head.minor === 1;
    // A stream of HTTP/2 carries one request, and is over with its answer.
    if (!isKeepable || !this.isHttp1Connection || !request.body.done || context.stopping) this.keepAlive = false;
    const isForHead = request.head.method === Method.HEAD;
    if (this.keepAlive) return new Reply(pool, isForHead ? keeping!.subarray(0, headLength) : keeping!);
    return new Reply(pool, isForHead ? closing.subarray(0, closingHeadLength) : closing);
  }
}
