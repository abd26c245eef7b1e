/** `smtp_alert`: mail on changes of state, by plain SMTP (RFC 5321) to one server, as keepalived sends it. */
import { connect, type Socket } from "node:net";
import { hostname, userInfo } from "node:os";
import type { KeepalivedGlobal } from "../../config/keepalived/model.js";
import type { LogLevel } from "../instance.js";
import type { News } from "./news.js";

/** Replies are a few lines: whoever sends more is no mail server. */
const MAX_REPLY = 8_192;

const WORDS = {
  MASTER: ["Entering MASTER state", "now owning VRRP VIPs"],
  BACKUP: ["Entering BACKUP state", "no longer owning VRRP VIPs"],
  FAULT: ["Entering FAULT state", "no longer owning VRRP VIPs"],
  STOP: ["Stopping", "no longer owning VRRP VIPs"],
  DELETED: ["Deleted", "no longer owning VRRP VIPs"],
} as const;

export class Mail {
  /** What each was last mailed as: mail is sent when that changes. */
  readonly #told = new Map<string, News["event"]>();

  constructor(
    public settings: Pick<KeepalivedGlobal, "mail" | "routerId">,
    readonly log: (line: string, level: LogLevel) => void,
  ) {}

  /** Sends mail about it where there is something to say and somebody to say it to. */
  async tell({ type, name, event }: News): Promise<void> {
    const { to, server, omitFaults } = this.settings.mail;
    if (!(event in WORDS) || to.length === 0 || server === undefined) return;
    const key = `${type} ${name}`;
    if (this.#told.get(key) === event || (event === "FAULT" && omitFaults)) return;
    this.#told.set(key, event);
    const [subject, body] = WORDS[event as keyof typeof WORDS];
    const subjectOf = type === "GROUP" ? `VRRP Group ${name}` : `VRRP Instance ${name}`;
    try {
      await this.#send(
        `[${this.settings.routerId ?? hostname()}] ${subjectOf} - ${subject}`,
        type === "GROUP"
          ? `=> All VRRP group instances are now in ${event} state <=`
          : `=> VRRP Instance is ${body} <=`,
      );
    } catch (error) {
      this.log(`cannot mail to ${server.host}:${server.port}: ${(error as Error).message}`, "warning");
    }
  }

  async #send(subject: string, body: string): Promise<void> {
    const { to, heloName, connectTimeout, server, from = defaultSender() } = this.settings.mail;
    const conversation = new Conversation(connect(server!), connectTimeout / 1000);
    try {
      await conversation.expect(220);
      await conversation.say(`HELO ${heloName ?? hostname()}`, 250);
      await conversation.say(`MAIL FROM:<${bare(from)}>`, 250);
      for (const address of to) await conversation.say(`RCPT TO:<${bare(address)}>`, 250);
      await conversation.say("DATA", 354);
      const headers = [
        `Date: ${dateText(new Date())}`,
        `From: ${from}`,
        `Subject: ${subject}`,
        "X-Mailer: Keepalived",
        `To: ${to.join(", ")}`,
      ];
      await conversation.say(`${headers.join("\r\n")}\r\n\r\n${body}\r\n\r\n.`, 250);
      await conversation.say("QUIT", 221);
    } finally {
      conversation.close();
    }
  }
}

/** Whom mail comes from unless the file says so: not the `keepalived@HOST` of the manual. */
export const defaultSender = (): string => `${userInfo().username}@${hostname()}`;

/** `Sat, 21 Nov 2026 14:30:10 +0000`: local time and its offset (RFC 5322 §3.3). */
function dateText(date: Date): string {
  const [weekday, month, day, year] = date.toDateString().split(" ");
  const [time, zone] = date.toTimeString().split(" ");
  return `${weekday}, ${day} ${month} ${year} ${time} ${zone!.slice("GMT".length)}`;
}

/** `Operators <ops@example.org>` is shown in headers; the envelope takes the address alone. */
const bare = (address: string): string => (/<([^>]*)>/.exec(address)?.[1] ?? address).trim();

/** A client's side of SMTP: one line, one reply. */
class Conversation {
  #received = "";
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(
    readonly socket: Socket,
    timeoutMs: number,
  ) {
    socket.setEncoding("latin1");
    socket.setTimeout(timeoutMs, () => this.#fail(new Error(`no answer within ${timeoutMs / 1000} s`)));
    socket.on("data", (text: string) => {
      this.#received += text;
      if (this.#received.length > MAX_REPLY) this.#fail(new Error("an endless reply"));
      this.#wake();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  async say(line: string, code: number): Promise<void> {
    this.socket.write(`${line}\r\n`);
    await this.expect(code);
  }

  /** Waits for a whole reply, whose last line has a space behind its code. */
  async expect(code: number): Promise<void> {
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\r?\n/.exec(this.#received);
      if (whole !== null) {
        this.#received = this.#received.slice(whole[0].length);
        if (Number(whole[1]) !== code) throw new Error(`the server says: ${whole[0].trim()}`);
        return;
      }
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}
