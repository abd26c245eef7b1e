/** `mode tcp`: one client's connection, one server's, and the bytes between them. */
import type { Channel } from "../reactor/channel.js";
import { Relay, Relayed } from "./relay.js";
import { Session } from "./session.js";
import { Counter } from "./shared-state.js";

export class TcpSession extends Session {
  #relay: Relay | undefined;

  /** Looks for a server; bytes of the client wait in the kernel until there is one. */
  start(): void {
    const backend = this.backend;
    if (backend === undefined) {
      this.#finish("SC");
      return;
    }
    this.isInBackend = true;
    this.context.state.enter(backend.entity);
    backend.counters.add(Counter.sessions, 1);
    this.connectToServer(backend);
  }

  override abort(): void {
    this.#finish("K-");
  }

  override onStopping(): void {}

  protected override onClientReady(): void {
    this.#run();
  }

  protected override onServerReady(): void {
    this.#run();
  }

  protected override onClientReadyWhileConnecting(): void {}

  protected override reuse(): Channel | undefined {
    return undefined;
  }

  protected override onConnected(): void {
    this.#relay = new Relay(this.context.pool, this.client, this.upstream!);
    this.#run();
  }

  protected override onNoServer(): void {
    this.#finish("SC");
  }

  protected override onTimeout(): void {
    if (this.#relay === undefined) return;
    const { timeoutClient } = this.frontend.settings;
    const isClients = this.#relay.isClientSlow || timeoutClient <= this.backend!.settings.timeoutServer;
    this.#finish(isClients ? "cD" : "sD");
  }

  #run(): void {
    const relay = this.#relay;
    if (relay === undefined) return;
    const result = relay.run();
    if (result === Relayed.running) {
      const { loop } = this.context;
      const idle = Math.min(this.frontend.settings.timeoutClient, this.backend!.settings.timeoutServer);
      loop.timers.arm(this.timer, loop.now + idle);
    } else if (result === Relayed.finished) this.#finish("--");
    else this.#finish(result === Relayed.clientBroke ? "CD" : "SD");
  }

  #finish(termination: string): void {
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
    if ((termination === "CD" || termination === "SD") && this.#relay !== undefined) {
      // Broken off by a peer: neither side may take what it has for the whole.
      this.client.abort();
      this.upstream?.abort();
    }
    if (frontend.log !== undefined) frontend.log.tcp(this, termination, up, down);
    this.#relay?.release();
    this.#relay = undefined;
    if (backend !== undefined) this.context.state.leave(backend.entity);
    this.end();
  }

  #countEnd(termination: string): void {
    const { frontend, backend, server } = this;
    const now = this.context.loop.now;
    if (this.connectedAt > 0) {
      const connectTime = this.connectedAt - this.connectStartedAt;
      backend?.counters.slide(Counter.connectTime, connectTime);
      server?.counters.slide(Counter.connectTime, connectTime);
    }
    backend?.counters.slide(Counter.totalTime, now - this.acceptedAt);
    server?.counters.slide(Counter.totalTime, now - this.acceptedAt);
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
