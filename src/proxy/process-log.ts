/** What the process as a whole has to say: to the `log` targets of the global section, and to whoever started it. */
import { hostname } from "node:os";
import type { HaproxyConfiguration, LogLevel } from "../config/haproxy/model.js";
import { Logger, LogSenders } from "./log/logger.js";

export class ProcessLog {
  readonly #senders = new LogSenders();
  readonly #logger: Logger;

  /** @param echo gets every line as well */
  constructor(
    { global }: HaproxyConfiguration,
    readonly echo: (line: string, level: LogLevel) => void,
  ) {
    const identity = { tag: global.logTag ?? "haproxy", pid: process.pid, hostname: hostname() };
    this.#logger = new Logger(global.logs, this.#senders, identity);
  }

  write(level: LogLevel, line: string): void {
    this.#logger.log(level, line);
    this.echo(line, level);
  }

  close(): void {
    this.#senders.close();
  }
}
