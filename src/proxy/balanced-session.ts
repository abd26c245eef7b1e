/**
 * A session whose server is found by stick table, balancer and queue, and which goes there again, or to another one,
 * when that fails (configuration manual: `balance`, `maxconn` of servers, `retries`, `option redispatch`).
 */
import type { Channel } from "../reactor/channel.js";
import { Refusal } from "./queue/backend-queue.js";
import { CHOOSE_AGAIN, type Ticket } from "./queue/wait-lists.js";
import type { Waiter } from "./queue/waiting-room.js";
import type { BackendRuntime, ServerRuntime } from "./runtime.js";
import { Session, Stage } from "./session.js";
import { Counter, Gauge } from "./shared-state.js";
import { isRedispatch, rememberedServer, rememberServer } from "./stickiness.js";

/** HAProxy waits a second before it tries the same server again. */
const RETRY_DELAY = 1000;

export abstract class BalancedSession extends Session implements Waiter {
  /** Attempts that failed, in the present request. */
  retries = 0;
  redispatched = false;
  /** Places that it had in the queue of its server, and of its backend. */
  serverQueue = 0;
  backendQueue = 0;
  /** When it began to want a server, when it had one, and when it was connected; 0: not yet. */
  queuedAt = 0;
  connectStartedAt = 0;
  connectedAt = 0;
  /** It counts among the sessions of its server. */
  isAdmitted = false;
  /** Its place in a queue; 0: none. */
  #ticket: Ticket = 0;
  /** The server that failed before the one that is looked for now. */
  #failed: ServerRuntime | undefined;
  /** The server came from the stick table: retry it rather than go elsewhere. */
  #isSticky = false;

  protected abstract onConnected(): void;
  /**
   * No server could be had: none is up, all attempts failed, or there was no end to the queue.
   * @param termination cause and stage, as in the log
   */
  protected abstract onNoServer(termination: string): void;
  /** The client has gone and does not want an answer any more. */
  protected abstract onClientGaveUp(termination: string): void;
  /** The server that the request should go to, if it may take traffic, where no stick table says. */
  protected preferredServer(_backend: BackendRuntime): ServerRuntime | undefined {
    return undefined;
  }
  /** An idle connection to `server` that this request may use. */
  protected abstract reuse(server: ServerRuntime): Channel | undefined;

  /** Chooses a server and gets a connection to it. `onConnected` or `onNoServer` follows, maybe at once. */
  protected connectToServer(backend: BackendRuntime): void {
    this.backend = backend;
    this.queuedAt = this.context.loop.now;
    this.#findServer(undefined);
  }

  /** The wait in the queue is over. */
  onAdmitted(server: number, position: number): void {
    if (this.closed) {
      this.backend!.queue!.onAdmitted(server);
      return;
    }
    const awaited = this.server;
    this.#ticket = 0;
    this.stage = Stage.settled;
    this.#notePosition(position);
    this.context.loop.timers.disarm(this.timer);
    if (server === CHOOSE_AGAIN) {
      this.#findServer(awaited);
      return;
    }
    const given = this.backend!.servers[server]!;
    this.context.state.own(given.entity);
    this.#useServer(given);
  }

  protected get hasRetriesLeft(): boolean {
    return this.retries < this.backend!.settings.retries;
  }

  /** Goes to a server once more, when connecting went well and what followed did not. There is no reason to wait. */
  protected tryAgain(): void {
    const server = this.server!;
    this.closeUpstream();
    this.connectedAt = 0;
    this.retries++;
    if (this.#shouldLeave(server)) this.#leaveServer(server);
    else this.#retry();
  }

  /** The client closed, and its backend has `option abortonclose`. */
  protected get hasClientGivenUp(): boolean {
    return this.client.hungUp && this.backend!.settings.abortOnClose;
  }

  /** The client has gone before there was a server for it. */
  protected giveUpConnecting(): void {
    const termination = this.#ticket === 0 ? "CC" : "CQ";
    this.#leaveQueue();
    this.stage = Stage.settled;
    this.onClientGaveUp(termination);
  }

  /** The request is done with its server; the connection has been dealt with. */
  protected override detachServer(): void {
    this.#leaveQueue();
    const { server } = this;
    this.server = undefined;
    if (server === undefined || !this.isAdmitted) return;
    this.isAdmitted = false;
    const { queue } = this.backend!;
    if (queue === undefined) this.context.state.leave(server.entity);
    else queue.release(server);
  }

  protected override onServerConnected(): void {
    const backend = this.backend!;
    this.connectedAt = this.context.loop.now;
    if (backend.settings.stickRules.length > 0)
      rememberServer(backend, this.address, this.server!, this.context.loop.now);
    this.onConnected();
  }

  protected override onConnectFailure(termination: "SC" | "sC"): void {
    const { settings, counters } = this.backend!;
    const failed = this.server!;
    this.closeUpstream();
    if (!this.hasRetriesLeft || !settings.retryOn.connFailure) {
      // econ counts requests that came to nothing, not attempts: those before are wretr and wredis.
      failed.counters.add(Counter.connectErrors, 1);
      counters.add(Counter.connectErrors, 1);
      this.onNoServer(termination); // with the server still in place: the log names it
      return;
    }
    this.retries++;
    if (this.#shouldLeave(failed)) this.#leaveServer(failed);
    else if (termination === "sC") this.#retry();
    else {
      // At once it would most likely refuse again. Another server may well answer: there is no reason to wait then.
      this.stage = Stage.resting;
      const { loop } = this.context;
      loop.timers.arm(this.timer, loop.now + Math.min(RETRY_DELAY, settings.timeoutConnect));
      this.onClientReadyWhileConnecting();
    }
  }

  protected override onClientReadyWhileConnecting(): void {
    if (this.hasClientGivenUp) this.giveUpConnecting();
  }

  protected override onWaitEnd(): void {
    const isQueued = this.stage === Stage.queued;
    this.stage = Stage.settled;
    if (isQueued) this.#onQueueTimeout();
    // It may have been found to be down meanwhile.
    else if (this.#shouldLeave(this.server!)) this.#leaveServer(this.server!);
    else this.#retry();
  }

  /** @param failed one that it cannot go to, or would rather not: it has just failed */
  #findServer(failed: ServerRuntime | undefined): void {
    const backend = this.backend!;
    this.#failed = failed;
    this.server = undefined;
    let wanted = failed === undefined ? this.#wantedServer(backend) : undefined;
    let outcome = this.#admit(wanted);
    if (wanted !== undefined && this.#mayGoElsewhere(outcome)) {
      wanted = undefined;
      outcome = this.#admit(undefined);
    }
    this.#isSticky &&= wanted !== undefined;
    if (typeof outcome !== "number") {
      if (wanted === undefined) countChosen(backend, outcome);
      this.#useServer(outcome);
    } else if (outcome > 0) this.#wait(outcome);
    else this.#refuse(outcome, wanted);
  }

  /** The one that the client is to go to, if it may take traffic. */
  #wantedServer(backend: BackendRuntime): ServerRuntime | undefined {
    const stuck = rememberedServer(backend, this.address, this.context.loop.now);
    this.#isSticky = stuck !== undefined;
    if (stuck !== undefined) return stuck;
    const preferred = this.preferredServer(backend);
    return preferred !== undefined && backend.balancer.isUsable(preferred) ? preferred : undefined;
  }

  /** A client that sticks to a server may leave it if its queue is full and the backend has `option redispatch`. */
  #mayGoElsewhere(outcome: ServerRuntime | number): boolean {
    if (outcome === Refusal.queueFull) return !this.#isSticky || this.backend!.settings.redispatch !== 0;
    return outcome === Refusal.noServer;
  }

  #admit(wanted: ServerRuntime | undefined): ServerRuntime | number {
    const { queue, balancer } = this.backend!;
    if (queue !== undefined) return queue.admit(wanted, balancer, this.#failed, this);
    const server = wanted ?? balancer.choose(this.#failed);
    if (server === undefined) return Refusal.noServer;
    this.context.state.enter(server.entity);
    return server;
  }

  #wait(ticket: Ticket): void {
    const { loop } = this.context;
    const backend = this.backend!;
    this.#ticket = ticket;
    this.stage = Stage.queued;
    this.server = backend.queue!.awaited(ticket);
    loop.timers.arm(this.timer, loop.now + backend.settings.timeoutQueue);
    this.onClientReadyWhileConnecting();
  }

  #leaveQueue(): void {
    const ticket = this.#ticket;
    if (ticket === 0) return;
    this.#ticket = 0;
    this.stage = Stage.settled;
    const position = this.backend!.queue!.cancel(ticket);
    this.#notePosition(position);
    this.connectStartedAt = this.context.loop.now;
  }

  #notePosition(position: number): void {
    if (this.server === undefined) this.backendQueue += position;
    else this.serverQueue += position;
  }

  #onQueueTimeout(): void {
    this.#leaveQueue();
    this.server?.counters.add(Counter.connectErrors, 1);
    this.backend!.counters.add(Counter.connectErrors, 1);
    this.onNoServer("sQ");
  }

  #refuse(outcome: number, stuck: ServerRuntime | undefined): void {
    this.backend!.counters.add(Counter.connectErrors, 1);
    if (outcome === Refusal.queueFull) {
      stuck?.counters.add(Counter.connectErrors, 1);
      this.server = stuck;
    }
    this.onNoServer(outcome === Refusal.queueFull ? "SQ" : "SC");
  }

  #useServer(server: ServerRuntime): void {
    const backend = this.backend!;
    this.#attach(backend, server);
    const idle = this.reuse(server);
    if (idle === undefined) {
      this.openUpstream();
      return;
    }
    server.counters.add(Counter.reuses, 1);
    backend.counters.add(Counter.reuses, 1);
    idle.owner = this;
    this.upstream = idle;
    this.onServerConnected();
  }

  #attach(backend: BackendRuntime, server: ServerRuntime): void {
    const { state, loop } = this.context;
    this.server = server;
    this.isAdmitted = true;
    this.connectStartedAt = loop.now;
    const second = Math.floor(Date.now() / 1000);
    server.idle.noteUse(state.gauge(server.entity, Gauge.current));
    state.setGauge(server.entity, Gauge.lastSession, second);
    state.setGauge(backend.entity, Gauge.lastSession, second);
    server.counters.add(Counter.sessions, 1);
    this.#countMove(backend, server);
  }

  /** Where it went after a failure: to the same server, or to another. */
  #countMove(backend: BackendRuntime, server: ServerRuntime): void {
    const failed = this.#failed;
    if (failed === undefined) return;
    this.#failed = undefined;
    const counter = server === failed ? Counter.retries : Counter.redispatches;
    failed.counters.add(counter, 1);
    backend.counters.add(counter, 1);
    if (server !== failed) this.redispatched = true;
  }

  /** The next attempt goes to another server, if there is one. */
  #shouldLeave(failed: ServerRuntime): boolean {
    const { balancer, settings } = this.backend!;
    if (!balancer.isUsable(failed)) return true;
    if (this.#isSticky && !isRedispatch(this.retries, settings)) return false;
    return balancer.hasOther(failed);
  }

  #leaveServer(failed: ServerRuntime): void {
    this.detachServer();
    this.#findServer(failed);
  }

  #retry(): void {
    this.server!.counters.add(Counter.retries, 1);
    this.backend!.counters.add(Counter.retries, 1);
    this.openUpstream();
  }
}

function countChosen(backend: BackendRuntime, server: ServerRuntime): void {
  server.counters.add(Counter.loadBalanced, 1);
  backend.counters.add(Counter.loadBalanced, 1);
}
