/** What a command of the admin socket is. */
import type { Milliseconds } from "../config/units.js";
import type { AdminContext } from "./context.js";
import type { Level } from "./level.js";

/** What commands may change about the connection they came over. */
export interface Connection {
  level: Level;
  /** `once` closes after the answer to what was sent; `interactive` stays open; `prompt` shows a prompt as well. */
  mode: "once" | "interactive" | "prompt";
  /** Closes when the answers so far are sent. */
  closing: boolean;
  idleTimeout: Milliseconds;
}

export interface Command {
  /** The words that name it. */
  readonly words: readonly string[];
  /** Those words with the arguments, for `help`. */
  readonly usage: string;
  readonly help: string;
  readonly level: Level;
  /**
   * @param words  the whole command, its name included
   * @returns the answer: nothing, or lines that each end in a line feed
   */
  run(words: readonly string[], connection: Connection, context: AdminContext): string;
}
