/** Rules and the conditions they hang on, typed (configuration manual §7). Plain data, as all of the model is. */
import type { Milliseconds } from "../../units.js";
import type { ConverterName, FetchName } from "./fetches.js";

/** A sample: what is looked at, and how it is changed before it is compared. */
export interface Sample {
  readonly fetch: FetchName;
  /** What stood in its parentheses. */
  readonly argument: string | undefined;
  readonly converters: readonly ConverterName[];
}

/** Both ends count. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

export interface Network {
  readonly family: 4 | 6;
  /** Numeric. */
  readonly address: string;
  /** Leading bits that count. */
  readonly bits: number;
}

export type TextMethod = "str" | "beg" | "end" | "sub" | "dir" | "dom" | "reg";

/** Several patterns: one that fits is enough. None fits nothing. */
export type Matcher =
  /** There is a sample at all. */
  | { readonly kind: "found" }
  /** The sample is true, or a number other than 0. */
  | { readonly kind: "boolean" }
  | {
      readonly kind: "text";
      readonly method: TextMethod;
      readonly ignoreCase: boolean;
      readonly patterns: readonly string[];
    }
  /** The length of a text, in bytes. */
  | { readonly kind: "length"; readonly ranges: readonly Range[] }
  | { readonly kind: "number"; readonly ranges: readonly Range[] }
  | { readonly kind: "address"; readonly networks: readonly Network[] };

/** One `acl` line, or one `{ … }`. */
export interface AclTest {
  readonly sample: Sample;
  readonly matcher: Matcher;
}

/** `[!]<name>`: several lines of one name are alternatives. */
export interface Term {
  readonly negated: boolean;
  readonly tests: readonly AclTest[];
}

/** What follows `if` or `unless`. */
export interface Condition {
  /** `unless` */
  readonly negated: boolean;
  /** Parted by `or`; in each of them all terms must hold. */
  readonly alternatives: readonly (readonly Term[])[];
}

export interface Rule<Action> {
  readonly action: Action;
  /** Undefined: always. */
  readonly condition: Condition | undefined;
}

/** `tcp-request connection`: as soon as a client is accepted. */
export type ConnectionAction = "accept" | "reject" | "silent-drop" | "expect-proxy";
/** `tcp-request content`: once enough of what it sends is there. */
export type ContentAction = "accept" | "reject" | "silent-drop";
/** What a rule answers with, in place of a server. */
export interface RuleReply {
  readonly status: number;
  readonly content: /** The proxy's `errorfile` for the status, or the built-in page. */
    | { readonly kind: "page" }
    /** A whole response, sent as it is. */
    | { readonly kind: "response"; readonly text: string }
    | {
        readonly kind: "body";
        /** One character a byte. */
        readonly text: string;
        /** Its media type; there is one where there is a text. */
        readonly type: string | undefined;
        readonly fields: readonly (readonly [name: string, value: string])[];
      };
}

/** `http-request`: once a request's head is there. All but `disable-l7-retry` end the list. */
export type HttpRequestAction =
  | { readonly kind: "allow" | "disable-l7-retry" | "reject" | "silent-drop" }
  | { readonly kind: "return" | "deny" | "tarpit"; readonly reply: RuleReply };
/** `use_backend`. */
export interface BackendChoice {
  /** Index into `backends`. */
  readonly backend: number;
}

/** In the order in which they are asked; within a list, the first that holds decides. */
export interface FrontendRules {
  readonly connection: readonly Rule<ConnectionAction>[];
  readonly content: readonly Rule<ContentAction>[];
  /** How long content rules wait for bytes; 0: not at all. */
  readonly inspectDelay: Milliseconds;
  readonly httpRequest: readonly Rule<HttpRequestAction>[];
  readonly useBackend: readonly Rule<BackendChoice>[];
}
