/** A client's request until it goes to a backend: its head is read, and the frontend's rules are asked. */
import type { HttpConnectionMode } from "../config/haproxy/model.js";
import type { Channel } from "../reactor/channel.js";
import type { ClientAddress } from "./client-address.js";
import { Phase } from "./exchange-session.js";
import { Transfer } from "./http1/transfer.js";
import { RuledSession } from "./ruled-session.js";
import { Evidence } from "./rules/evidence.js";
import type { FrontendRules } from "./rules/frontend-rules.js";
import { hasAnswer, type Ruling } from "./rules/http-request-rules.js";
import type { BackendRuntime, FrontendRuntime } from "./runtime.js";
import type { SessionContext } from "./session.js";
import { Counter } from "./shared-state.js";
import { areSameNames } from "./tls/server-names.js";

const evidence = new Evidence();

export abstract class ReceivingSession extends RuledSession {
  readonly #isHttp1: boolean;
  /** Where the rules send the present request; undefined: nowhere. */
  #chosen: BackendRuntime | undefined;

  /** @param isHttp1 it cannot turn out to be HTTP/2 */
  constructor(
    context: SessionContext,
    frontend: FrontendRuntime,
    client: Channel,
    address: ClientAddress,
    isHttp1 = false,
  ) {
    super(context, frontend, client, address);
    this.#isHttp1 = isHttp1;
  }

  start(): void {
    this.backend = undefined;
    this.firstByteAt = this.acceptedAt;
    this.waitForHead();
  }

  /** `GET /path HTTP/1.1`, for the log. */
  protected describeRequest(): string {
    return this.request.requestLine();
  }

  protected readRequest(): void {
    this.rouse();
    const result = this.request.readHead(this.client);
    if (this.phase === Phase.idle && this.request.hasBegun) this.beginRequest();
    switch (result) {
      case Transfer.head:
        this.#onRequestHead();
        break;
      case Transfer.malformed:
        if (this.#mayBeHttp2 && this.request.isHttp2Preface) this.#startHttp2();
        else this.refuse(400, "PR");
        break;
      case Transfer.ended:
      case Transfer.senderBroke:
        this.#onClientGone();
        break;
      default:
        if (this.phase === Phase.readingHead) this.waitForHead();
        else this.rest();
    }
  }

  /** No request came. Between two of them, or where such connections are not logged, that needs no word. */
  protected refuseSilence(status: number, termination: string): void {
    if (this.requests > 0 || this.frontend.settings.dontLogNull) {
      this.end();
      return;
    }
    this.rouse();
    this.beginRequest();
    this.firstByteAt = this.acceptedAt;
    this.refuse(status, termination);
  }

  /** The client closed, or broke off, before its request was whole. */
  #onClientGone(): void {
    // It may have closed only its own half, and learn what was wrong.
    if (this.phase === Phase.idle) this.refuseSilence(400, "CR");
    else this.refuse(400, "CR");
  }

  #onRequestHead(): void {
    const { request, frontend } = this;
    const { head } = request;
    this.headAt = this.context.loop.now;
    if (frontend.log !== undefined) this.requestLine = this.describeRequest();
    const ruling = this.#route(frontend.rules);
    const backend = this.#chosen;
    if (ruling !== undefined && !hasAnswer(ruling)) {
      frontend.counters.add(Counter.requests, 1);
      if (backend !== undefined) this.#enter(backend);
      this.drop(ruling.kind);
      return;
    }
    const mode = connectionMode(frontend.settings.connectionMode, backend?.settings.connectionMode);
    this.closesServer = mode !== "keep-alive";
    if (!request.accept(this.closesServer && backend?.settings.pretendKeepAlive !== true)) {
      this.refuse(400, "PR");
      return;
    }
    frontend.counters.add(Counter.requests, 1);
    this.keepAlive = head.keepAlive && mode !== "close";
    this.response.begin(head.method);
    this.phase = Phase.connecting;
    if (backend !== undefined) this.#enter(backend);
    if (ruling !== undefined) this.obey(ruling);
    else if (backend === undefined) this.answer(503, "SC");
    else this.connectToServer(backend);
  }

  #enter(backend: BackendRuntime): void {
    this.enterBackend(backend);
    backend.counters.add(Counter.requests, 1);
  }

  /**
   * Asks the rules, chooses the backend, and takes what the servers are to be told; before `accept` changes the head.
   * @returns undefined when the request is to go to a server
   */
  #route(rules: FrontendRules<BackendRuntime>): Ruling | undefined {
    this.#chosen = rules.fallback;
    const isPlain = !rules.needRequest && rules.fallback?.needsRequest !== true;
    if (isPlain && this.serverNames === undefined) return undefined;
    const { bytes, start, end } = this.request.input;
    evidence.ofRequest(this, bytes, start, end, this.request.head);
    this.#chosen = undefined;
    const action = rules.inspect(evidence);
    if (action === "reject" || action === "silent-drop") return { kind: action };
    const ruling = rules.httpRequest.judge(evidence, this);
    if (ruling !== undefined) return ruling;
    const backend = rules.chooseBackend(evidence);
    this.#chosen = backend;
    const names = backend?.takeServerNames?.(evidence);
    // A connection for one name is not one for another.
    if (!areSameNames(names, this.serverNames)) this.closeOwn();
    this.serverNames = names;
    // The rules of a `listen` section have been asked already.
    const isOther = backend !== undefined && backend.settings.id !== this.frontend.settings.id;
    return isOther ? backend.httpRequest.judge(evidence, this) : undefined;
  }

  get #mayBeHttp2(): boolean {
    return this.requests === 1 && !this.#isHttp1 && this.isHttp1Connection;
  }

  /** The connection goes on without this session. */
  #startHttp2(): void {
    const { context } = this;
    this.closed = true;
    context.loop.timers.release(this.timer);
    const input = this.request.takeInput();
    this.giveSides();
    context.startHttp2!(this, input);
  }
}

/** Of the two modes, the one that closes more. */
function connectionMode(frontend: HttpConnectionMode, backend: HttpConnectionMode = "keep-alive"): HttpConnectionMode {
  if (frontend === "close" || backend === "close") return "close";
  return frontend === "server-close" ? frontend : backend;
}
