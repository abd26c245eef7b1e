/** Lines of options in any order, as ip(8) has them: `ADDRESS dev eth0 scope link no_track`. */
import { type Argument, readWord } from "../arguments.js";
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import { refusePlanned } from "../report.js";

/** Walks the words of one line. Once something was wrong, `failed` is set and the line is not to be used. */
export class OptionLine {
  private at = 0;
  private readonly seen = new Set<string>();
  private isWrong = false;

  constructor(
    private readonly words: readonly Word[],
    readonly reading: Reading,
  ) {}

  get failed(): boolean {
    return this.isWrong;
  }

  next(): Word | undefined {
    return this.words[this.at++];
  }

  peek(): Word | undefined {
    return this.words[this.at];
  }

  /** The next word, if it is `text`. */
  accept(text: string): boolean {
    if (this.peek()?.text !== text) return false;
    this.at++;
    return true;
  }

  /** To be called with each option: one that stands twice, or that is not carried out yet, makes the line wrong. */
  option(word: Word, name = word.text): void {
    const before = this.reading.diagnostics.all.length;
    refusePlanned(word, this.reading, name);
    if (this.reading.diagnostics.all.length > before) this.isWrong = true;
    if (this.seen.has(name))
      this.wrong(word, "extra-argument", `${word.text} stands twice on this line`, "keep one of the two");
    this.seen.add(name);
  }

  /** Reads the value behind `option`. */
  value<T>(option: Word, argument: Argument<T>): T | undefined {
    const word = this.next();
    if (word === undefined) {
      this.wrong(option, "missing-value", `${option.text} needs a value`, `write ${option.text} ${argument.name}`);
      return undefined;
    }
    return this.read(word, argument);
  }

  read<T>(word: Word, argument: Argument<T>): T | undefined {
    const value = readWord(word, argument, this.reading.diagnostics);
    if (value === undefined) this.isWrong = true;
    return value;
  }

  wrong(word: Word, code: string, message: string, remedy?: string, cause?: string): void {
    this.isWrong = true;
    this.reading.diagnostics.report({
      severity: "error",
      code,
      span: word.span,
      message,
      ...(cause !== undefined && { cause }),
      ...(remedy !== undefined && { remedy }),
    });
  }
}
