/** What becomes of a request that a rule keeps from the servers: an answer at once, one that is held back, or none. */
import { vanishOnClose } from "../sys/socket.js";
import { Phase } from "./exchange-session.js";
import { ReplayingSession } from "./replaying-session.js";
import type { AnsweringRuling } from "./rules/http-request-rules.js";
import { Counter } from "./shared-state.js";

export abstract class RuledSession extends ReplayingSession {
  /** The answer that `tarpit` holds back. */
  #held: AnsweringRuling | undefined;

  /** The client gets no answer. */
  protected drop(kind: "reject" | "silent-drop"): void {
    this.#countDenied();
    // As HAProxy has it, such a request has not been received.
    this.headAt = 0;
    this.endExchange("PR");
    if (kind === "silent-drop") vanishOnClose(this.client.fd);
    this.end();
  }

  protected obey(ruling: AnsweringRuling): void {
    const { kind, status, page } = ruling;
    if (kind === "return") {
      this.answer(status, "LR", page);
      return;
    }
    this.#countDenied();
    if (kind === "deny") {
      this.answer(status, "PR", page);
      return;
    }
    const { loop } = this.context;
    this.#held = ruling;
    this.phase = Phase.tarpitted;
    loop.timers.arm(this.timer, loop.now + (this.backend ?? this.frontend).settings.timeoutTarpit);
  }

  /** A client that has merely said its last word may well wait; one that broke off does not. */
  protected watchTarpitted(): void {
    if (this.client.hungUp && this.client.takeError() !== 0) this.endTarpit();
  }

  protected endTarpit(): void {
    const { status, page } = this.#held!;
    this.#held = undefined;
    // The log tells the time that it was held as one in a queue, as HAProxy's does.
    this.headAt = 0;
    this.queuedAt = this.firstByteAt;
    this.connectStartedAt = this.context.loop.now;
    this.answer(status, "PT", page);
  }

  #countDenied(): void {
    this.frontend.counters.add(Counter.deniedRequests, 1);
    this.backend?.counters.add(Counter.deniedRequests, 1);
  }
}
