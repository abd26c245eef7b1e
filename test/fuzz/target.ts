/** What is fuzzed: a parser, and what no input may break. */
import type { Random } from "./random.js";

export interface Target {
  readonly name: string;
  /** Valid inputs. */
  readonly corpus: readonly Buffer[];
  /** Pieces of inputs. */
  readonly dictionary: readonly Buffer[];
  /** Makes an input by the grammar, roughly; undefined: mutations alone. */
  generate?(random: Random): Buffer;
  /** Milliseconds that an input may take; 500. */
  readonly slowMs?: number;
  /** Runs one input. Throws if a property does not hold. */
  run(input: Buffer): void;
}

export const latin1 = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, "latin1"));
