/**
 * Source files → the lines that they mean: files included, definitions replaced, repetitions written out, lines for
 * other hosts left out, comments removed. Everything that makes text of text is here, and so are its limits: no file,
 * however it is made, takes unbounded time or memory.
 */
import { dirname } from "node:path";
import type { Diagnostics, SourceFile, Span } from "../diagnostics.js";
import { withoutComment } from "./comment.js";
import { Definitions, type Host } from "./definitions.js";
import type { Disk } from "./glob.js";
import { changeChecks, type IncludeChecks, noChecks, openIncluded, parseInclude } from "./include.js";
import { Line } from "./line.js";
import { warnOfBang, warnOfGluedComment, warnOfUndefined } from "./line-advice.js";
import { isRepetition, parseRepetition } from "./repetition.js";

/** Where the text of a configuration comes from, beside the files themselves. */
export interface Sources extends Host {
  readonly disk: Disk;
  /** Every `include` is as strict as `includea`. */
  readonly needsAllFiles?: boolean;
}

/** The largest configuration of the manual's examples, 65024 instances, has 0.85 million lines. */
const mostLines = 1_000_000;
const mostSteps = 4_000_000;
const mostCharacters = 64 * 1024 * 1024;
/** keepalived ignores lines beyond 1023 characters; ours may be longer, but not without end. */
const longestLine = 16_384;
const mostReplacements = 1000;
/** Definitions within definitions, repetitions within repetitions, files within files. */
const deepest = 32;

/** Lines that begin with `@bascule` are for us; keepalived, whose -i says otherwise, leaves them out. */
const ownId = "bascule";

export function preprocess(files: readonly SourceFile[], sources: Sources, diagnostics: Diagnostics): Line[] {
  const preprocessor = new Preprocessor(sources, diagnostics);
  for (const file of files) preprocessor.file(file);
  return preprocessor.lines;
}

class Preprocessor {
  readonly lines: Line[] = [];
  private readonly definitions: Definitions;
  /** The files that are open, the innermost last. */
  private readonly open: SourceFile[] = [];
  /** A definition of several lines that has not ended yet. */
  private collecting: { readonly name: string; readonly lines: Line[] } | undefined;
  private checks: IncludeChecks = noChecks;
  private characters = 0;
  private steps = 0;
  private depth = 0;
  private exhausted = false;

  constructor(
    private readonly sources: Sources,
    private readonly diagnostics: Diagnostics,
  ) {
    if (sources.needsAllFiles) this.checks = changeChecks(noChecks, []);
    this.definitions = new Definitions(sources, () => dirname(this.open.at(-1)?.path ?? "."));
  }

  file(file: SourceFile): void {
    const checks = this.checks;
    this.open.push(file);
    for (const [index, text] of file.text.split("\n").entries()) {
      if (this.exhausted) break;
      this.written(Line.of(file, index + 1, this.clean(file, index + 1, text)));
    }
    this.endDefinition();
    this.open.pop();
    this.checks = checks;
  }

  /** Takes away what no editor shows: the return of CR LF, a byte order mark. Columns stay. */
  private clean(file: SourceFile, line: number, text: string): string {
    const cleaned = text.replace(/\r+$/, "");
    if (line === 1 && cleaned.startsWith("\ufeff")) {
      this.diagnostics.report({
        severity: "warning",
        code: "byte-order-mark",
        span: { file, line, column: 1, length: 1 },
        message: "the file begins with a UTF-8 byte order mark (BOM)",
        cause: "keepalived takes it for a part of the first word, which it then does not know",
        remedy: "save the file as UTF-8 without BOM",
      });
      return ` ${cleaned.slice(1)}`;
    }
    if (!cleaned.includes("\0")) return cleaned;
    this.diagnostics.report({
      severity: "error",
      code: "nul-byte",
      span: { file, line, column: cleaned.indexOf("\0") + 1, length: 1 },
      message: "the line holds a NUL byte and is skipped",
      cause: "the file is binary, or encoded as UTF-16",
      remedy: "save the file as UTF-8",
    });
    return "";
  }

  /** A line as it stands in a file. */
  private written(line: Line): void {
    if (this.collecting !== undefined) {
      this.collect(this.collecting, line);
      return;
    }
    warnOfBang(line, this.diagnostics);
    warnOfGluedComment(line, this.diagnostics);
    this.process(withoutComment(line));
  }

  /** A line without comment, from a file or out of a definition. */
  private process(line: Line): void {
    if (line.text === "" || this.isExhausted(line)) return;
    if (this.depth >= deepest) {
      this.exhaust(line.span(0, line.text.length), `definitions and files are nested deeper than ${deepest}`);
      return;
    }
    this.depth++;
    this.resolve(line);
    this.depth--;
  }

  private resolve(original: Line): void {
    let line = original;
    for (let replaced = 0; ; replaced++) {
      const conditional = this.withoutCondition(line);
      if (conditional === undefined || conditional.text === "") return;
      line = conditional;
      const definition = Definitions.parse(line);
      if (definition !== undefined) {
        this.define(definition.name, definition.value);
        return;
      }
      if (isRepetition(line.text)) {
        this.repeat(this.replaceInBrackets(line));
        return;
      }
      const reference = this.definitions.find(line, 0);
      if (reference === undefined) break;
      if (replaced >= mostReplacements || line.text.length > longestLine) {
        this.exhaust(line.span(reference.start, reference.end), `$${reference.name} does not come to an end`);
        return;
      }
      if (reference.definition.kind === "lines") {
        this.insert(line, reference.start, reference.definition.lines);
        return;
      }
      line = withoutComment(line.replace(reference.start, reference.end, reference.definition.text));
    }
    const include = parseInclude(line);
    if (include === undefined) this.emit(line);
    else for (const file of this.included(line)) this.file(file);
  }

  /** `before $NAME`, where the name stands for several lines. */
  private insert(line: Line, start: number, lines: readonly Line[]): void {
    const [first, ...rest] = lines;
    if (first === undefined) return;
    // A line of its own keeps its place in the definition, where a mistake would have to be mended.
    this.process(start === 0 ? first : withoutComment(line.replace(start, line.text.length, first.text)));
    for (const next of rest) this.inDefinition(next);
  }

  /** A line of a definition may itself begin a definition of several lines. */
  private inDefinition(line: Line): void {
    if (this.collecting !== undefined) this.collect(this.collecting, line);
    else this.process(line);
  }

  private emit(line: Line): void {
    this.characters += line.text.length;
    warnOfUndefined(line, this.definitions, this.diagnostics);
    if (line.text.startsWith("include_check")) this.checks = changeChecks(this.checks, line.text.split(/\s+/).slice(1));
    if (this.lines.length < mostLines && this.characters < mostCharacters) this.lines.push(line);
    else this.exhaust(line.span(0, line.text.length), `the configuration grows beyond ${mostLines} lines or 64 MB`);
  }

  /** What is behind `@ID`, `@^ID`, if it is for this host; undefined if it is not. */
  private withoutCondition(line: Line): Line | undefined {
    const match = /^@(\^?)([^ \t]*)[ \t]*/.exec(line.text);
    if (match === null) return line;
    const matches = match[2] === this.sources.configId || match[2] === ownId;
    return matches === (match[1] === "") ? line.slice(match[0].length) : undefined;
  }

  private define(name: string, value: Line): void {
    const continued = withoutContinuation(value);
    if (continued === undefined) {
      this.definitions.set(name, { kind: "text", text: value.text });
      return;
    }
    this.collecting = { name, lines: continued.text === "" ? [] : [continued] };
  }

  private collect(definition: { readonly name: string; readonly lines: Line[] }, raw: Line): void {
    const line = withoutComment(raw);
    const continued = withoutContinuation(line);
    const body = continued ?? line;
    if (body.text !== "") definition.lines.push(body);
    if (continued === undefined) this.endDefinition();
  }

  private endDefinition(): void {
    if (this.collecting === undefined) return;
    const { name, lines } = this.collecting;
    this.definitions.set(name, { kind: "lines", lines });
    this.collecting = undefined;
  }

  /** `~SEQ(N, 1, $LAST)`: numbers may be definitions. */
  private replaceInBrackets(original: Line): Line {
    let line = original;
    for (let replaced = 0; replaced < mostReplacements; replaced++) {
      const end = line.text.indexOf(")");
      const reference = this.definitions.find(line, 0);
      if (reference === undefined || reference.start > end || reference.definition.kind === "lines") break;
      line = line.replace(reference.start, reference.end, reference.definition.text);
      if (line.text.length > longestLine) break;
    }
    return line;
  }

  private repeat(line: Line): void {
    const repetition = parseRepetition(line.text);
    if (typeof repetition === "string") {
      this.diagnostics.report({
        severity: "error",
        code: "repetition",
        span: line.span(0, line.text.length),
        message: `this ${line.text.slice(0, 4)} cannot be read: ${repetition}`,
        cause: "the line is skipped",
        remedy: "write ~SEQ(NAME, FIRST, STEP, LAST) or ~LST(NAME, VALUE, VALUE…) before the text to repeat",
      });
      return;
    }
    const rest = line.slice(repetition.length);
    for (let turn = 0; turn < repetition.count && !this.exhausted; turn++) {
      const values = repetition.values(turn);
      for (const [index, name] of repetition.variables.entries())
        this.definitions.set(name, { kind: "text", text: values[index]! });
      this.process(rest);
      this.isExhausted(line);
    }
  }

  private included(line: Line): readonly SourceFile[] {
    const include = parseInclude(line)!;
    const folder = dirname(this.open.at(-1)?.path ?? ".");
    const files = openIncluded(include, folder, this.checks, this.sources.disk, this.diagnostics);
    const fresh = files.filter((file) => !this.open.some((outer) => outer.path === file.path));
    if (fresh.length === files.length) return files;
    this.diagnostics.report({
      severity: "error",
      code: "include",
      span: include.span,
      message: `${include.pattern} includes a file that is being read already`,
      cause: `it would have no end: ${this.open.map((file) => file.path).join(" includes ")}`,
      remedy: "take this line out",
    });
    return fresh;
  }

  private isExhausted(line: Line): boolean {
    if (++this.steps > mostSteps && !this.exhausted)
      this.exhaust(line.span(0, line.text.length), "writing out the repetitions takes too many steps");
    return this.exhausted;
  }

  private exhaust(span: Span, message: string): void {
    if (this.exhausted) return;
    this.exhausted = true;
    // A part of it would only give mistakes that are none, by the hundred thousand.
    this.lines.length = 0;
    this.diagnostics.report({
      severity: "error",
      code: "expansion-limit",
      span,
      message,
      cause: "nothing of the configuration is read",
      remedy: "look for a definition that contains itself, or a ~SEQ with too large a range",
    });
  }
}

/** The line without the `\` at its end; undefined if there is none. */
function withoutContinuation(line: Line): Line | undefined {
  return line.text.endsWith("\\") ? line.slice(0, line.text.length - 1).trim() : undefined;
}
