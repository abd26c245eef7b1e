/** One client of the admin socket, without the socket: bytes of lines in, answers out. */
import { StringDecoder } from "node:string_decoder";
import type { Milliseconds } from "../config/units.js";
import type { Connection } from "./command.js";
import { type ParsedLine, parseLine } from "./command-line.js";
import { COMMANDS, findCommand } from "./commands.js";
import type { AdminContext } from "./context.js";
import { unknownCommandText } from "./help.js";
import { type Level, permits } from "./level.js";

/** Characters of one line, or of one payload; HAProxy's is its buffer, of the same size. */
const LONGEST_LINE = 16_384;

/** A line whose payload is still to come. */
interface Pending {
  readonly line: ParsedLine;
  readonly mark: string;
  length: number;
}

export class AdminSession {
  readonly #connection: Connection;
  readonly #context: AdminContext;
  /** A character may be cut between two reads. */
  readonly #decoder = new StringDecoder("utf8");
  #input = "";
  #pending: Pending | undefined;
  #hasAnswered = false;
  #hasEnded = false;

  constructor(context: AdminContext, level: Level, idleTimeout: Milliseconds) {
    this.#context = context;
    this.#connection = { level, mode: "once", closing: false, idleTimeout };
  }

  get idleTimeout(): Milliseconds {
    return this.#connection.idleTimeout;
  }

  /** No more answers will come: the connection is to be closed once those given are sent. */
  get isOver(): boolean {
    if (this.#connection.closing) return true;
    if (this.#input.includes("\n")) return false;
    if (this.#hasEnded) return true;
    const isIdle = this.#input === "" && this.#pending === undefined;
    return isIdle && this.#hasAnswered && this.#connection.mode === "once";
  }

  receive(bytes: Uint8Array): void {
    this.#input += this.#decoder.write(bytes);
  }

  /** The client sends no more. What it sent of a line without its end is not a command. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Answers the next line; undefined if none is complete. Called line by line, so that answers never pile up. */
  answerNext(): string | undefined {
    if (this.#connection.closing) return undefined;
    const end = this.#input.indexOf("\n");
    if (end > LONGEST_LINE || (end === -1 && this.#input.length > LONGEST_LINE)) return this.#refuseLength();
    if (end === -1) return undefined;
    const line = this.#input.slice(0, end).replace(/\r$/, "");
    this.#input = this.#input.slice(end + 1);
    return this.#pending === undefined ? this.#takeLine(line) : this.#takePayload(this.#pending, line);
  }

  #takeLine(text: string): string {
    const line = parseLine(text);
    if (line.payload === undefined) return this.#run(line);
    this.#pending = { line, mark: line.payload.mark, length: 0 };
    return this.#continuationPrompt;
  }

  #takePayload(pending: Pending, text: string): string {
    if (text === pending.mark) {
      this.#pending = undefined;
      // No command here takes a payload, and HAProxy's own ignore one that they do not take.
      return this.#run(pending.line);
    }
    pending.length += text.length + 1;
    return pending.length > LONGEST_LINE ? this.#refuseLength() : this.#continuationPrompt;
  }

  get #continuationPrompt(): string {
    return this.#connection.mode === "prompt" ? "+ " : "";
  }

  #run({ commands }: ParsedLine): string {
    this.#hasAnswered = true;
    // An empty command beside others, as in "show info;", is no mistake worth a page of help.
    const given = commands.length > 1 ? commands.filter((words) => words.length > 0) : commands;
    let output = "";
    for (const words of given.length > 0 ? given : [[]]) {
      if (this.#connection.closing) break;
      const answer = this.#answer(words);
      if (this.#connection.closing) break;
      output += `${answer}\n${this.#connection.mode === "prompt" ? "> " : ""}`;
    }
    return output;
  }

  #answer(words: readonly string[]): string {
    if (words.length === 0 && this.#connection.mode !== "once") return "";
    const command = findCommand(words);
    if (command === undefined) return unknownCommandText(COMMANDS, words);
    if (!permits(this.#connection.level, command.level)) return "Permission denied\n";
    return command.run(words, this.#connection, this.#context);
  }

  #refuseLength(): string {
    this.#connection.closing = true;
    this.#input = "";
    return `The command is longer than ${LONGEST_LINE} characters.\n\n`;
  }
}
