/** What follows `if` and `unless`: names of ACLs and tests in braces, joined by "and" unless `or` stands between them (§7.2). */
import type { Word } from "../lexer.js";
import type { Statement } from "../statement.js";
import { suggest } from "../suggest.js";
import { readTest } from "./acl.js";
import type { AclTest, Condition, Term } from "./model.js";
import { PLANNED_ACLS, PREDEFINED_ACLS } from "./predefined.js";

/** The ACLs that a proxy has declared so far. Those of one name are alternatives, also for rules above the later ones. */
export type Acls = ReadonlyMap<string, readonly AclTest[]>;

/** @returns undefined when a mistake was reported */
export function readCondition(statement: Statement, words: readonly Word[], acls: Acls): Condition | undefined {
  const [keyword, ...rest] = words;
  if (rest.length === 0) {
    statement.error("missing-argument", keyword!.span, `${keyword!.text} needs a condition`, {
      remedy: `write: ${keyword!.text} { src 192.0.2.0/24 }`,
    });
    return undefined;
  }
  return new ConditionReader(statement, rest, acls).read(keyword!.text === "unless");
}

class ConditionReader {
  private at = 0;
  private isGood = true;

  constructor(
    private readonly statement: Statement,
    private readonly words: readonly Word[],
    private readonly acls: Acls,
  ) {}

  read(negated: boolean): Condition | undefined {
    const alternatives: Term[][] = [[]];
    while (this.at < this.words.length) {
      const word = this.words[this.at]!;
      if (word.text === "or" || word.text === "||") {
        this.at++;
        if (alternatives.at(-1)!.length === 0 || this.at === this.words.length) this.refuseLonelyOr(word);
        alternatives.push([]);
        continue;
      }
      const term = this.term();
      if (term === undefined) this.isGood = false;
      else alternatives.at(-1)!.push(term);
    }
    return this.isGood ? { negated, alternatives } : undefined;
  }

  private refuseLonelyOr(word: Word): void {
    this.isGood = false;
    this.statement.error("bad-condition", word.span, `"${word.text}" stands between two conditions`);
  }

  /** `!` may stand apart or in front of the name, also twice. */
  private term(): Term | undefined {
    let negated = false;
    let word = this.words[this.at++]!;
    for (;;) {
      const marks = /^!*/.exec(word.text)![0].length;
      if (marks % 2 === 1) negated = !negated;
      const text = word.text.slice(marks);
      if (text === "{") return this.braces(word, negated);
      if (text !== "") return this.named({ ...word, text }, negated);
      const next = this.words[this.at++];
      if (next === undefined) {
        this.statement.error("bad-condition", word.span, `what does "${word.text}" negate?`);
        return undefined;
      }
      word = next;
    }
  }

  private braces(open: Word, negated: boolean): Term | undefined {
    const start = this.at;
    const length = this.words.slice(start).findIndex(({ text }) => text === "}");
    this.at = length < 0 ? this.words.length : start + length + 1;
    if (length < 0) {
      this.statement.error("bad-condition", open.span, `"{" is not closed`, { remedy: 'end it with a blank and "}"' });
      return undefined;
    }
    if (length === 0) {
      this.statement.error("bad-condition", open.span, "there is nothing in these braces");
      return undefined;
    }
    const test = readTest(this.statement, this.words.slice(start, start + length));
    return test && { negated, tests: [test] };
  }

  private named({ text, span }: Word, negated: boolean): Term | undefined {
    const tests = this.acls.get(text) ?? PREDEFINED_ACLS.get(text);
    if (tests !== undefined) return { negated, tests };
    if (PLANNED_ACLS.includes(text)) {
      this.statement.notSupported(span, `the predefined ACL ${text}`);
      return undefined;
    }
    const meant = suggest(this.statement.diagnostics, text, [...this.acls.keys(), ...PREDEFINED_ACLS.keys()]);
    const remedy = meant === undefined ? `declare it above: acl ${text} …` : `did you mean "${meant}"?`;
    this.statement.error("unknown-acl", span, `there is no ACL "${text}" above`, { remedy });
    return undefined;
  }
}
