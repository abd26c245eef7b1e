/**
 * `mode http`: one client's connection and, one after another, its requests. A request's bytes are parsed where the
 * kernel put them, edited in place if need be, and sent on from there; the same for the response. Here both are
 * forwarded; the classes below do the rest, each for one part of an exchange:
 *
 *     ReceivingSession   reads the request's head and finds its backend
 *     RuledSession       answers, or does not, where a rule says so
 *     ReplayingSession   sends it again, or answers, when a server fails
 *     ReusingSession     gets it a connection to its server, and keeps that for later
 *     AnsweringSession   sends our own answers
 *     ExchangeSession    knows what the log and the counters want of it
 */
import { Phase } from "./exchange-session.js";
import { isPlain, spliceWhen } from "./flow.js";
import { Method } from "./http1/head.js";
import { Transfer } from "./http1/transfer.js";
import { ReceivingSession } from "./receiving-session.js";
import { Relay, Relayed } from "./relay.js";
import { Counter } from "./shared-state.js";

export class HttpSession extends ReceivingSession {
  override abort(): void {
    // What we answer ourselves has been counted and logged.
    if (this.phase < Phase.replying) this.endExchange("K-");
    this.end();
  }

  override onStopping(): void {
    if (this.phase === Phase.idle) this.end();
  }

  /** The client has broken off the one request that its channel was for. */
  onClientReset(): void {
    switch (this.phase) {
      case Phase.connecting:
        this.giveUpConnecting();
        break;
      case Phase.exchanging:
        this.breakOff(this.response.hasHead ? "CD" : "CH");
        break;
      case Phase.tunnel:
        this.breakOff("CD");
        break;
      case Phase.tarpitted:
        this.endTarpit();
        break;
      default:
        this.end();
    }
  }

  protected override onClientReady(): void {
    switch (this.phase) {
      case Phase.idle:
      case Phase.readingHead:
        this.readRequest();
        break;
      case Phase.exchanging:
        this.#exchange();
        break;
      case Phase.tunnel:
        this.#runTunnel();
        break;
      case Phase.tarpitted:
        this.watchTarpitted();
        break;
      case Phase.replying:
        this.sendReply();
        break;
      case Phase.lingering:
        this.linger();
        break;
    }
  }

  protected override onServerReady(): void {
    if (this.phase === Phase.tunnel) this.#runTunnel();
    else if (this.phase === Phase.exchanging) this.#exchange();
  }

  protected override onConnected(): void {
    this.phase = Phase.exchanging;
    this.#exchange();
  }

  protected override onNoServer(termination: string): void {
    this.answer(503, termination);
  }

  protected override onClientGaveUp(termination: string): void {
    this.breakOff(termination);
  }

  protected override onTimeout(): void {
    switch (this.phase) {
      case Phase.idle:
        this.refuseSilence(408, "cR");
        break;
      case Phase.readingHead:
        this.refuse(408, "cR");
        break;
      case Phase.exchanging:
        this.onExchangeTimeout();
        break;
      case Phase.tunnel:
        this.#onRelayed(this.tunnel!.expire(true));
        break;
      case Phase.tarpitted:
        this.endTarpit();
        break;
      default:
        this.end();
    }
  }

  #exchange(): void {
    if (!this.#forwardRequest() || !this.#forwardResponse()) return;
    if (this.hasClientGivenUp && this.request.isDone && !this.response.hasHead) {
      this.answer(400, "CH");
      return;
    }
    const { loop } = this.context;
    const waitsForClient = this.waitsForClient;
    const timeout = waitsForClient ? this.frontend.settings.timeoutClient : this.backend!.settings.timeoutServer;
    loop.timers.arm(this.timer, loop.now + timeout);
  }

  /** False when the exchange is over, or in other hands. */
  #forwardRequest(): boolean {
    switch (this.request.forward(this.client, this.upstream!)) {
      case Transfer.ended:
      case Transfer.senderBroke:
        this.breakOff(this.response.hasHead ? "CD" : "CH");
        return false;
      case Transfer.malformed:
        this.frontend.counters.add(Counter.requestErrors, 1);
        if (this.response.hasHead) this.breakOff("PD");
        else this.answer(400, "PR");
        return false;
      case Transfer.receiverBroke:
        if (this.replay()) return false;
        // The server may have answered before it closed: that is forwarded, the rest of the request can go nowhere.
        if (!this.request.isDone) this.keepAlive = false;
        this.request.abandon();
        return true;
      default:
        return true;
    }
  }

  /** False when the exchange is over, or in other hands. */
  #forwardResponse(): boolean {
    let result: number = this.response.forward(this.client, this.upstream!);
    for (;;) {
      switch (result) {
        case Transfer.waiting:
          return true;
        case Transfer.head:
          if (!this.#onResponseHead()) return false;
          // An interim head may have another one behind it.
          result = this.response.hasHead || !this.response.hasBegun ? Transfer.waiting : this.response.parseHead();
          if (result === Transfer.waiting) result = this.response.forward(this.client, this.upstream!);
          break;
        case Transfer.done:
          // The server answered early and reads on: so does the connection.
          if (!this.request.isDone && this.response.head.keepAlive && !this.upstream!.hungUp) return true;
          this.#finishExchange();
          return false;
        case Transfer.ended:
          if (this.response.hasHead && this.response.body.isUntilClose) this.#finishExchange();
          else this.onServerGone();
          return false;
        case Transfer.senderBroke:
          this.onServerGone();
          return false;
        case Transfer.malformed:
          this.onBadResponse();
          return false;
        default:
          this.breakOff("CD");
          return false;
      }
    }
  }

  /** Decides on a complete head. False when the exchange is over, or in other hands. */
  #onResponseHead(): boolean {
    const { head } = this.response;
    const request = this.request.head;
    const isSwitch = head.status === 101;
    // Nobody may switch protocols unasked, or to nothing (RFC 9110 §7.8): the client would take the server's bytes for
    // responses.
    if (isSwitch && !(request.upgrade && head.upgrade)) {
      this.onBadResponse();
      return false;
    }
    const isTunnel = isSwitch || (request.method === Method.CONNECT && head.status >= 200 && head.status < 300);
    if (head.status < 200 && !isTunnel) {
      // HTTP/1.0 clients do not know interim responses (RFC 9110 §15.2).
      if (this.response.forwardInterim(this.client, request.minor === 1)) return true;
      this.breakOff("CH");
      return false;
    }
    const { statuses } = this.backend!.settings.retryOn;
    if (statuses.length > 0 && this.retryOn(statuses.includes(head.status))) return false;
    this.responseAt = this.context.loop.now;
    this.status = head.status;
    if (isTunnel) {
      this.#startTunnel();
      return false;
    }
    if (this.response.authenticatesConnection) this.noteAuthentication();
    // A server that closes before it has read the request leaves no way to tell where the next one begins.
    const isCutOff = !head.keepAlive && !this.request.isDone;
    if (head.untilClose || isCutOff || this.context.stopping) this.keepAlive = false;
    const isOldClient = request.minor === 0;
    // Without its chunks, the body ends where the connection does.
    if (head.chunked && isOldClient) this.keepAlive = false;
    if (!this.response.accept(this.keepAlive, isOldClient, !isOldClient && this.isHttp1Connection)) {
      this.onBadResponse();
      return false;
    }
    if (this.response.isBulk && this.#maySplice) this.response.spliceThrough(this.context.pipes);
    return true;
  }

  get #maySplice(): boolean {
    if (!isPlain(this.client) || !isPlain(this.upstream!)) return false;
    return spliceWhen("response", this.frontend.settings, this.backend!.settings) !== "never";
  }

  /** The response is through. */
  #finishExchange(): void {
    const { request, response, context } = this;
    const isWhole = request.isDone;
    this.giveUpstreamBack(isWhole);
    this.endExchange("--");
    response.release();
    if (!this.keepAlive || !isWhole || context.stopping) {
      // A client that asked for the end sends no more (RFC 9112 §9.6): there is nothing to linger for.
      if (isWhole && !request.head.keepAlive && !request.hasExcess && !this.client.hasInput()) this.end();
      else this.startLingering();
      return;
    }
    this.waitForRequest();
  }

  /** 101, or 2xx to CONNECT: from here on it is bytes. */
  #startTunnel(): void {
    this.phase = Phase.tunnel;
    const { context, client, upstream, frontend, backend } = this;
    const up = this.request.takeRest();
    const down = this.response.takeRest();
    this.tunnel = new Relay(context, client, upstream!, frontend.settings, backend!.settings, up, down);
    this.#runTunnel();
  }

  #runTunnel(): void {
    this.#onRelayed(this.tunnel!.run());
  }

  #onRelayed(result: number): void {
    const tunnel = this.tunnel!;
    if (result === Relayed.running) {
      const { loop } = this.context;
      loop.timers.arm(this.timer, loop.now + tunnel.patience);
      return;
    }
    const termination = tunnel.termination(result);
    if (result === Relayed.finished) {
      this.endExchange(termination);
      this.end();
    } else this.breakOff(termination);
  }
}
