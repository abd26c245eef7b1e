/** What a configuration language can say here, in one shape for all languages: drawn from the declared keywords. */

export interface KeywordEntry {
  readonly name: string;
  /** As the language's manual writes them; empty for none. */
  readonly arguments: string;
  /** What holds where it is absent; empty where there is nothing to say. */
  readonly default: string;
  /** Words of its arguments that are known and not done yet. */
  readonly refused: readonly string[];
  readonly doc: string;
  /** Names of sections, where a chapter covers several. */
  readonly places?: readonly string[];
}

/** One section, block or line of the language. */
export interface Chapter {
  readonly title: string;
  readonly doc: string;
  readonly supported: readonly KeywordEntry[];
  /** Names of keywords that are known here and refused as not supported yet. */
  readonly planned: readonly string[];
  /** Keywords that the original program has dropped, with what is written in their place today. */
  readonly removed?: ReadonlyMap<string, string>;
}

export interface Reference {
  /** The usual name of such a file. */
  readonly language: "haproxy.cfg" | "keepalived.conf";
  readonly chapters: readonly Chapter[];
}
