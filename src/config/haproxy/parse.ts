/** haproxy.cfg, line by line, into drafts: sections are opened, keywords looked up and applied. */
import type { Diagnostics, SourceFile, Span } from "../diagnostics.js";
import { readLegacyBind } from "./bind.js";
import { ConditionalBlocks } from "./conditionals.js";
import { type GlobalDraft, inherit, ProxyDraft, type ProxySettings } from "./draft.js";
import { initialGlobal, initialProxySettings, MOST_LISTENERS } from "./initial.js";
import type { Keyword, KeywordTable, ProxyKind } from "./keyword.js";
import { PLANNED_SECTIONS, SECTION_NAMES } from "./keywords/sections.js";
import { GLOBAL_TABLE, PROXY_TABLE } from "./keywords/tables.js";
import { splitLine, type Word } from "./lexer.js";
import { reportMisplaced, reportNotFound, reportUnknownKeyword, spanOver } from "./lookup-errors.js";
import { type ReadOptions, reportNotSupported, Statement } from "./statement.js";
import { suggest } from "./suggest.js";

/** What the text says, before names are resolved. */
export interface Drafts {
  readonly global: GlobalDraft;
  /** Frontends, backends and listens, in the order of the files. */
  readonly proxies: readonly ProxyDraft[];
}

/** The section that lines are read into. */
type Section =
  | { readonly kind: "global" }
  | { readonly kind: ProxyKind; readonly proxy: ProxyDraft }
  | { readonly kind: "planned"; readonly name: string; readonly keywords: readonly string[] }
  | { readonly kind: "none" };

/** Reads the files one after another, as one configuration. Never throws; every mistake is reported. */
export function parseHaproxy(files: readonly SourceFile[], diagnostics: Diagnostics, options: ReadOptions): Drafts {
  const parser = new Parser(diagnostics, options);
  for (const file of files) parser.readFile(file);
  return parser;
}

class Parser implements Drafts {
  readonly global = initialGlobal();
  readonly proxies: ProxyDraft[] = [];
  private section: Section = { kind: "none" };
  private sectionText = "";
  private defaults: ProxySettings = initialProxySettings();
  private readonly namedDefaults = new Map<string, ProxySettings>();
  private readonly listenerBudget = { left: MOST_LISTENERS };
  private hasReportedNoSection = false;

  constructor(
    private readonly diagnostics: Diagnostics,
    private readonly options: ReadOptions,
  ) {}

  readFile(file: SourceFile): void {
    this.section = { kind: "none" };
    this.hasReportedNoSection = false;
    const conditionals = new ConditionalBlocks(this.diagnostics);
    const lines = file.text.split("\n");
    let oddBlank: Span | undefined;
    for (const [index, text] of lines.entries()) {
      const line = index + 1;
      const context = {
        file,
        line,
        diagnostics: this.diagnostics,
        variable: (name: string) => this.variable(name, file, line),
        onOddBlank: (span: Span) => {
          oddBlank ??= span;
        },
      };
      const words = splitLine(text, context);
      if (words.length > 0 && !conditionals.takes(words)) this.readLine(words);
    }
    conditionals.finish();
    if (oddBlank !== undefined) this.reportOddBlank(oddBlank);
    if (lines.at(-1) !== "") this.reportMissingNewline(file, lines);
  }

  private variable(name: string, file: SourceFile, line: number): string | undefined {
    if (name === ".FILE") return file.path;
    if (name === ".LINE") return String(line);
    if (name === ".SECTION") return this.sectionText;
    return this.options.environment?.[name];
  }

  private readLine(words: readonly Word[]): void {
    const [first] = words;
    if (SECTION_NAMES.includes(first!.text)) {
      this.openSection(words);
      return;
    }
    const { section } = this;
    switch (section.kind) {
      case "none":
        this.reportNoSection(first!);
        return;
      case "planned":
        this.readPlanned(first!, section);
        return;
      case "global":
        this.readKeyword(words, "global", GLOBAL_TABLE, this.global);
        return;
      default:
        this.readKeyword(words, section.kind, PROXY_TABLE, section.proxy);
        return;
    }
  }

  private openSection(words: readonly Word[]): void {
    const [keyword, name] = words;
    this.sectionText = words
      .map((word) => word.text)
      .slice(0, 2)
      .join(" ");
    const kind = keyword!.text;
    const planned = PLANNED_SECTIONS.get(kind);
    if (planned !== undefined) {
      this.section = { kind: "planned", name: kind, keywords: planned };
      reportNotSupported(this.diagnostics, keyword!.span, `the section ${kind}`);
    } else if (kind === "global") {
      this.section = { kind };
      if (name !== undefined) this.reportExtra(name, "global takes no name");
    } else this.openProxy(kind as ProxyKind, words);
  }

  private openProxy(kind: ProxyKind, words: readonly Word[]): void {
    const [keyword, ...rest] = words;
    const from = this.takeFrom(rest);
    const name = rest.shift();
    if (name === undefined && kind !== "defaults")
      this.report("missing-argument", keyword!.span, `${kind} needs a name`, `write: ${kind} <name>`);
    const settings = inherit(from ?? (kind === "defaults" ? initialProxySettings() : this.defaults));
    const proxy = new ProxyDraft(kind, name?.text ?? "", name?.span ?? keyword!.span, settings, this.listenerBudget);
    this.section = { kind, proxy };
    if (kind === "defaults") {
      this.defaults = settings;
      if (name !== undefined) this.namedDefaults.set(name.text, settings);
    } else {
      this.checkName(name);
      this.proxies.push(proxy);
    }
    if (rest.length > 0) this.readLegacyAddress(proxy, rest);
  }

  /** Removes `from <defaults>` from the words of a section header. */
  private takeFrom(words: Word[]): ProxySettings | undefined {
    const at = words.findIndex((word, index) => word.text === "from" && (index === 0 || index === 1));
    if (at === -1) return undefined;
    const [from, name] = words.splice(at, 2);
    if (name === undefined) {
      this.report("missing-argument", from!.span, "from needs the name of a defaults section", "write: from <name>");
      return undefined;
    }
    const settings = this.namedDefaults.get(name.text);
    if (settings !== undefined) return settings;
    const meant = suggest(this.diagnostics, name.text, this.namedDefaults.keys());
    const help = meant === undefined ? `name one before this line: defaults ${name.text}` : `did you mean "${meant}"?`;
    this.report("unknown-defaults", name.span, `there is no defaults section "${name.text}" above`, help);
    return undefined;
  }

  private checkName(name: Word | undefined): void {
    if (name === undefined || /^[A-Za-z0-9_.:-]+$/.test(name.text)) return;
    this.report(
      "bad-name",
      name.span,
      `"${name.text}" is not a proxy's name`,
      "use letters, digits, and the characters - _ . :",
    );
  }

  private readLegacyAddress(proxy: ProxyDraft, rest: readonly Word[]): void {
    const [address, extra] = rest;
    if (proxy.kind !== "frontend" && proxy.kind !== "listen") {
      this.reportExtra(address!, `${proxy.kind} takes a name only`);
      return;
    }
    if (extra !== undefined) this.reportExtra(extra, "nothing may follow the address here");
    this.diagnostics.report({
      severity: "warning",
      code: "address-in-header",
      span: address!.span,
      message: `an address on the ${proxy.kind} line is the form of HAProxy 1.x`,
      cause: "read as a bind line; recent HAProxy refuses it",
      remedy: `write on a line of its own: bind ${address!.text}`,
    });
    readLegacyBind(this.statement("bind", "<address>:<port>", undefined, address!.span, [address!]), proxy);
  }

  private readPlanned(word: Word, section: { readonly name: string; readonly keywords: readonly string[] }): void {
    // The section's header has said that nothing of it is done; what is left to say is that a keyword is mistyped.
    if (section.keywords.includes(word.text) || word.text === "no" || word.text === "default") return;
    reportUnknownKeyword(this.diagnostics, word, section.name, section.keywords);
  }

  private readKeyword<Target>(
    words: readonly Word[],
    kind: "global" | ProxyKind,
    table: KeywordTable<Target>,
    target: Target,
  ): void {
    const prefix =
      words.length > 1 && (words[0]!.text === "no" || words[0]!.text === "default") ? words[0]!.text : undefined;
    const own = prefix === undefined ? words : words.slice(1);
    const texts = own.slice(0, 3).map((word) => word.text);
    const found = table.find(texts);
    if (found === undefined) {
      reportNotFound(this.diagnostics, own, kind);
      return;
    }
    const { keyword, length } = found;
    const span = spanOver(own[0]!, own[length - 1]!);
    if (this.section.kind !== "global" && "proxy" in this.section) this.section.proxy.settings.said.add(keyword.name);
    if (!keyword.sections.includes(kind)) {
      reportMisplaced(this.diagnostics, span, keyword, kind);
      return;
    }
    const statement = this.statement(
      keyword.name,
      keyword.arguments,
      prefix as "no" | "default" | undefined,
      span,
      own.slice(length),
    );
    if (prefix !== undefined && keyword.isNegatable !== true) {
      this.reportNotNegatable(words[0]!, keyword);
      return;
    }
    if (keyword.apply === undefined) this.refusePlanned(statement, keyword);
    else if (statement.hasRightArity()) {
      this.warnOfBareVariables(statement);
      keyword.apply(statement, target);
    }
  }

  private statement(
    name: string,
    form: string,
    prefix: "no" | "default" | undefined,
    span: Span,
    args: readonly Word[],
  ): Statement {
    return new Statement(name, form, prefix, span, args, this.diagnostics, this.options);
  }

  /** Switching off what is off anyway, because it is not done yet, does what was meant. */
  private refusePlanned<Target>(statement: Statement, keyword: Keyword<Target>): void {
    if (statement.prefix === "no" || (statement.prefix === "default" && /^(off|$)/.test(keyword.default ?? ""))) return;
    statement.notSupported(statement.span, keyword.name);
  }

  private warnOfBareVariables(statement: Statement): void {
    if (EXPANDS_BARE_VARIABLES.has(statement.name)) return;
    const word = statement.args.find((argument) => argument.hasBareVariable);
    if (word === undefined) return;
    statement.report("warning", "bare-variable", word.span, `${word.text} is taken as it stands`, {
      cause: "environment variables are expanded within double quotes only",
      remedy: `write: "${word.text}"`,
    });
  }

  private reportNoSection(word: Word): void {
    if (this.hasReportedNoSection) return;
    this.hasReportedNoSection = true;
    const meant = suggest(this.diagnostics, word.text, SECTION_NAMES);
    const help =
      meant === undefined ? "start with global, defaults, frontend, backend or listen" : `did you mean "${meant}"?`;
    this.report("outside-section", word.span, `"${word.text}" stands before any section`, help);
  }

  private reportNotNegatable<Target>(word: Word, keyword: Keyword<Target>): void {
    this.report("not-negatable", word.span, `${word.text} does not go with ${keyword.name}`, "remove the line");
  }

  private reportExtra(word: Word, message: string): void {
    this.report("extra-argument", word.span, `"${word.text}" is too much: ${message}`);
  }

  private report(code: string, span: Span, message: string, remedy?: string): void {
    this.diagnostics.report({ severity: "error", code, span, message, ...(remedy === undefined ? {} : { remedy }) });
  }

  private reportOddBlank(span: Span): void {
    this.diagnostics.report({
      severity: "warning",
      code: "odd-blank",
      span,
      message: "this looks like a blank and is another character (a no-break space)",
      cause: "read as a blank, here and further down",
      remedy: "it came along from a web page: replace it with an ordinary blank",
    });
  }

  private reportMissingNewline(file: SourceFile, lines: readonly string[]): void {
    const last = lines.at(-1)!;
    this.diagnostics.report({
      severity: "warning",
      code: "missing-newline",
      span: { file, line: lines.length, column: Math.max(1, last.length), length: 1 },
      message: "the last line does not end",
      cause: "was the file cut off while it was copied?",
      remedy: "end it with a newline",
    });
  }
}

/** `log` and the keywords that take addresses expand `${NAME}` themselves. */
const EXPANDS_BARE_VARIABLES = new Set(["bind", "server", "source", "log", "stats socket", "default-server"]);
