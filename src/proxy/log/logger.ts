/** What one proxy logs to: several targets, some of which share a socket. */
import type { LogLevel, LogTarget } from "../../config/haproxy/model.js";
import { type LogDestination, LogSender } from "./sender.js";
import { type SyslogIdentity, syslogLine } from "./syslog.js";

/** The senders of a thread, one for each distinct destination. */
export class LogSenders {
  readonly #senders = new Map<string, LogSender>();

  to(destination: LogDestination): LogSender {
    const key = JSON.stringify(destination);
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      sender = new LogSender(destination);
      this.#senders.set(key, sender);
    }
    return sender;
  }

  /** Lines that no destination took (`DroppedLogs`). */
  get dropped(): number {
    let sum = 0;
    for (const sender of this.#senders.values()) sum += sender.dropped;
    return sum;
  }

  close(): void {
    for (const sender of this.#senders.values()) sender.close();
    this.#senders.clear();
  }
}

export class Logger {
  readonly #targets: readonly LogTarget[];
  readonly #senders: readonly LogSender[];
  readonly #identity: SyslogIdentity;

  constructor(targets: readonly LogTarget[], senders: LogSenders, identity: SyslogIdentity) {
    this.#targets = targets;
    this.#senders = targets.map((target) => senders.to(target.target));
    this.#identity = identity;
  }

  /** There is no target: the caller need not build its line. */
  get isSilent(): boolean {
    return this.#targets.length === 0;
  }

  /** Sends `text` to every target that wants `level`. `now` is the wall clock, in milliseconds. Never throws. */
  log(level: LogLevel, text: string, now: number = Date.now()): void {
    for (let i = 0; i < this.#targets.length; i += 1) {
      const target = this.#targets[i]!;
      const line = syslogLine(target, this.#identity, level, text, now);
      if (line !== undefined) this.#senders[i]!.send(line, target.length);
    }
  }
}
