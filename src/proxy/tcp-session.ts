/** `mode tcp`: one client's connection, one server's, and the bytes between them. */
import type { ByteBuffer } from "../reactor/buffers.js";
import type { Channel } from "../reactor/channel.js";
import { EAGAIN } from "../sys/errno.js";
import { vanishOnClose } from "../sys/socket.js";
import { BalancedSession } from "./balanced-session.js";
import { Relay, Relayed } from "./relay.js";
import { Evidence } from "./rules/evidence.js";
import { Counter } from "./shared-state.js";

const evidence = new Evidence();

export class TcpSession extends BalancedSession {
  #relay: Relay | undefined;
  #isInspecting = false;
  /** What rules have looked at; the relay sends it on. */
  #inspected: ByteBuffer | undefined;

  start(): void {
    const { rules } = this.frontend;
    if (!rules.hasContentRules) {
      this.#chooseBackend();
      return;
    }
    this.#isInspecting = true;
    this.backend = undefined;
    const { loop } = this.context;
    loop.timers.arm(this.timer, loop.now + rules.inspectDelay);
    this.#inspect(rules.inspectDelay === 0);
  }

  /**
   * `tcp-request content`: reads what the client sends until the rules can be decided, until it sends no more, or until
   * there is no room for more.
   */
  #inspect(isOver: boolean): void {
    const { client, context, frontend } = this;
    this.#inspected ??= context.pool.take();
    const buffer = this.#inspected;
    while (client.readable && buffer.room > 0) {
      const count = client.receive(buffer, buffer.room);
      if (count > 0) continue;
      if (count === 0 || count === -EAGAIN) break;
      this.#finish("CR");
      return;
    }
    const isFinal = isOver || client.ended || buffer.room === 0;
    const action = frontend.rules.inspect(this.#evidence(isFinal));
    if (action === "accept") {
      this.#isInspecting = false;
      context.loop.timers.disarm(this.timer);
      this.#chooseBackend();
    } else if (action === "reject" || action === "silent-drop") {
      frontend.counters.add(Counter.deniedRequests, 1);
      if (action === "silent-drop") vanishOnClose(client.fd);
      this.#finish("PR");
    } else if (buffer.length === 0) this.#releaseInspected();
  }

  #evidence(isFinal: boolean): Evidence {
    const buffer = this.#inspected;
    return buffer === undefined
      ? evidence.ofClient(this)
      : evidence.ofBytes(this, buffer.bytes, buffer.start, buffer.end, isFinal);
  }

  #chooseBackend(): void {
    const known = this.#evidence(true);
    this.backend = this.frontend.rules.chooseBackend(known);
    this.serverNames = this.backend?.takeServerNames?.(known);
    this.#serve();
  }

  /** Looks for a server; bytes of the client that have not been read wait in the kernel until there is one. */
  #serve(): void {
    const backend = this.backend;
    if (backend === undefined) {
      this.#finish("SC");
      return;
    }
    this.enterBackend(backend);
    this.connectToServer(backend);
  }

  override abort(): void {
    this.#finish("K-");
  }

  override onStopping(): void {}

  protected override onClientReady(): void {
    if (this.#isInspecting) this.#inspect(false);
    else this.#run();
  }

  protected override onServerReady(): void {
    this.#run();
  }

  protected override reuse(): Channel | undefined {
    return undefined;
  }

  protected override onConnected(): void {
    const { context, frontend, backend } = this;
    this.#relay = new Relay(
      context,
      this.client,
      this.upstream!,
      frontend.settings,
      backend!.settings,
      this.#inspected,
    );
    this.#inspected = undefined;
    this.#run();
  }

  protected override onNoServer(termination: string): void {
    this.#finish(termination);
  }

  protected override onClientGaveUp(termination: string): void {
    this.#finish(termination);
  }

  protected override onTimeout(): void {
    if (this.#isInspecting) this.#inspect(true);
    else if (this.#relay !== undefined) this.#onRelayed(this.#relay, this.#relay.expire());
  }

  #releaseInspected(): void {
    if (this.#inspected !== undefined) this.context.pool.give(this.#inspected);
    this.#inspected = undefined;
  }

  #run(): void {
    const relay = this.#relay;
    if (relay !== undefined) this.#onRelayed(relay, relay.run());
  }

  #onRelayed(relay: Relay, result: number): void {
    if (result === Relayed.running) {
      const { loop } = this.context;
      loop.timers.arm(this.timer, loop.now + relay.patience);
      return;
    }
    this.#finish(relay.termination(result), result !== Relayed.finished);
  }

  /** @param isBrokenOff by a peer: neither side may take what it has for the whole */
  #finish(termination: string, isBrokenOff = false): void {
    if (this.closed) return;
    const { frontend, backend, server } = this;
    const up = this.#relay?.bytesUp ?? 0;
    const down = this.#relay?.bytesDown ?? 0;
    frontend.counters.add(Counter.bytesIn, up);
    frontend.counters.add(Counter.bytesOut, down);
    if (backend !== undefined) {
      backend.counters.add(Counter.bytesIn, up);
      backend.counters.add(Counter.bytesOut, down);
    }
    server?.counters.add(Counter.bytesIn, up);
    server?.counters.add(Counter.bytesOut, down);
    this.#countEnd(termination);
    if (isBrokenOff) {
      this.client.abort();
      this.upstream?.abort();
    }
    if (frontend.log !== undefined) frontend.log.tcp(this, termination, up, down);
    this.#relay?.release();
    this.#relay = undefined;
    this.#releaseInspected();
    this.leaveBackend();
    this.end();
  }

  protected override *holdings(): Iterable<() => void> {
    yield* super.holdings();
    yield () => this.#relay?.release();
    yield () => this.#releaseInspected();
  }

  #countEnd(termination: string): void {
    const { frontend, backend, server } = this;
    if (this.connectedAt > 0) {
      const queueTime = this.connectStartedAt - this.queuedAt;
      const connectTime = this.connectedAt - this.connectStartedAt;
      const totalTime = this.context.loop.now - this.acceptedAt;
      backend?.counters.countTimes(queueTime, connectTime, 0, totalTime);
      server?.counters.countTimes(queueTime, connectTime, 0, totalTime);
    }
    if (termination[0] === "C" || termination[0] === "c") {
      frontend.counters.add(Counter.clientAborts, 1);
      backend?.counters.add(Counter.clientAborts, 1);
      server?.counters.add(Counter.clientAborts, 1);
    } else if (termination === "SD" || termination === "sD") {
      backend?.counters.add(Counter.serverAborts, 1);
      server?.counters.add(Counter.serverAborts, 1);
    }
  }
}
