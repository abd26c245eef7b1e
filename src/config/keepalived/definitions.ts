/** `$NAME=VALUE` and what stands for it: keepalived.conf(5), "Parameter substitution". */
import { nearest } from "../diagnostics.js";
import type { Line } from "./line.js";

/** What a name stands for: one text, or several lines. */
export type Definition =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "lines"; readonly lines: readonly Line[] };

/** What the host answers. */
export interface Host {
  /** `-i`, else the host's name up to its first dot. */
  readonly configId: string;
  environment(name: string): string | undefined;
  /** A whole number from `least` to `most`. */
  random(least: number, most: number): number;
}

/** A `$NAME` in a line: from `start` to `end` of its text. */
export interface Reference {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly definition: Definition;
}

const head = /^\$([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/;
// $NAME counts only before white space, a comma, a bracket or the end; ${NAME} anywhere.
const reference = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)((?:[ \t]+[A-Za-z0-9_]+)*)\}|([A-Za-z_][A-Za-z0-9_]*)(?=[ \t,)]|$))/g;

export class Definitions {
  private readonly known = new Map<string, Definition>();

  constructor(
    private readonly host: Host,
    /** Folder of the file that is being read. */
    private readonly folder: () => string,
  ) {}

  /** `$NAME=…`: the name and the text behind it, if that is what the line is. */
  static parse(line: Line): { readonly name: string; readonly value: Line } | undefined {
    const match = head.exec(line.text);
    return match === null ? undefined : { name: match[1]!, value: line.slice(match[0].length) };
  }

  set(name: string, definition: Definition): void {
    this.known.set(name, definition);
  }

  get isEmpty(): boolean {
    return this.known.size === 0;
  }

  /** The first reference at or behind `from` that stands for something; several lines only at the end of the line. */
  find({ text }: Line, from: number): Reference | undefined {
    reference.lastIndex = from;
    for (let match = reference.exec(text); match !== null; match = reference.exec(text)) {
      const name = (match[1] ?? match[3])!;
      const end = match.index + match[0].length;
      const definition = this.known.get(name) ?? this.predefined(name, match[2]?.trim() ?? "");
      if (definition === undefined || (definition.kind === "lines" && end < text.length)) continue;
      return { start: match.index, end, name, definition };
    }
    return undefined;
  }

  /** A name that is defined and reads almost like this one. */
  nearest(name: string): string | undefined {
    return nearest(name, this.known.keys());
  }

  private predefined(name: string, words: string): Definition | undefined {
    const text = this.predefinedText(name, words === "" ? [] : words.split(/[ \t]+/));
    return text === undefined ? undefined : { kind: "text", text };
  }

  private predefinedText(name: string, words: readonly string[]): string | undefined {
    switch (name) {
      case "_PWD":
        return this.folder();
      case "_INSTANCE":
        return this.host.configId;
      case "_HASH":
        return "\\#";
      case "_BANG":
        return "\\!";
      case "_ENV":
        return words.length === 1 ? (this.host.environment(words[0]!) ?? "") : undefined;
      case "_RANDOM": {
        if (words.length > 2 || !words.every((word) => /^\d{1,9}$/.test(word))) return undefined;
        const [least = 0, most = 32_767] = words.map(Number);
        return String(this.host.random(least, Math.max(least, most)));
      }
      default:
        return undefined;
    }
  }
}
