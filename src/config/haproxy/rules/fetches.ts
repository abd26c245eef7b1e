/** The sample fetches and converters that rules may look at (configuration manual §7.3): declared once, for all readers. */

/** What a fetch gives. `version` is a number written with a dot: major × 65536 + minor. */
export type SampleType = "boolean" | "number" | "version" | "address" | "text";

/** When it can be known: as soon as the client is accepted, after TLS, or once bytes have come. */
export type SampleLevel = "connection" | "session" | "content";

export interface Fetch {
  readonly type: SampleType;
  readonly level: SampleLevel;
  /** What stands in parentheses; `""`: nothing may. */
  readonly argument: string;
  readonly doc: string;
  /** Other names of the same. */
  readonly aliases?: readonly string[];
  /** There are names such as `path_beg`, for `path -m beg`. */
  readonly suffixes?: readonly string[];
}

const TEXT_SUFFIXES = ["beg", "dir", "dom", "end", "len", "reg", "sub"] as const;

const fetch = (
  type: SampleType,
  level: SampleLevel,
  doc: string,
  more: Partial<Pick<Fetch, "argument" | "aliases" | "suffixes">> = {},
): Fetch => ({ type, level, argument: "", doc, ...more });

export const FETCHES = {
  always_true: fetch("boolean", "connection", "Always true."),
  always_false: fetch("boolean", "connection", "Never true."),
  src: fetch("address", "connection", "The client's address."),
  src_port: fetch("number", "connection", "The client's port."),
  dst: fetch("address", "connection", "The address that the client connected to."),
  dst_port: fetch("number", "connection", "The port that the client connected to."),
  ssl_fc: fetch("boolean", "session", "The client speaks TLS to us."),
  ssl_fc_sni: fetch("text", "session", "The name that a client of our TLS asked for.", { suffixes: ["end", "reg"] }),
  wait_end: fetch(
    "boolean",
    "content",
    "True when the inspection ends: the delay is over, or no more bytes will come.",
  ),
  "req.len": fetch("number", "content", "Bytes of the client that are there.", { aliases: ["req_len"] }),
  "req.ssl_hello_type": fetch("number", "content", "1: the client begins with a TLS ClientHello.", {
    aliases: ["req_ssl_hello_type"],
  }),
  "req.ssl_sni": fetch("text", "content", "The name asked for in a ClientHello that is passed on.", {
    aliases: ["req_ssl_sni"],
  }),
  "req.ssl_ver": fetch(
    "version",
    "content",
    "The version in such a ClientHello: 3.1 is TLS 1.0, 3.3 is 1.2 and later.",
    {
      aliases: ["req_ssl_ver"],
    },
  ),
  "req.ssl_alpn": fetch("text", "content", "The protocols offered in such a ClientHello."),
  "req.proto_http": fetch("boolean", "content", "The client begins with an HTTP/1 request.", {
    aliases: ["req_proto_http"],
  }),
  method: fetch("text", "content", "The request's method."),
  path: fetch("text", "content", "The request's path, without the query.", { suffixes: TEXT_SUFFIXES }),
  query: fetch("text", "content", "What follows the question mark in the request's target."),
  url: fetch("text", "content", "The request's target as it was sent.", { suffixes: TEXT_SUFFIXES }),
  "req.hdr": fetch("text", "content", "The values of a header field, parted at commas.", {
    argument: "<name>",
    aliases: ["hdr"],
    suffixes: TEXT_SUFFIXES,
  }),
  "req.fhdr": fetch("text", "content", "The values of a header field, each line as a whole.", { argument: "<name>" }),
} as const satisfies Readonly<Record<string, Fetch>>;

export type FetchName = keyof typeof FETCHES;

export const CONVERTERS = {
  lower: "The text in lower case.",
  upper: "The text in upper case.",
} as const;

export type ConverterName = keyof typeof CONVERTERS;

/** What a word such as `path_beg` or `req_ssl_sni` names. */
export interface NamedFetch {
  readonly name: FetchName;
  /** The method that its suffix stands for. */
  readonly method: string | undefined;
}

const BY_NAME: ReadonlyMap<string, NamedFetch> = new Map(
  Object.entries(FETCHES).flatMap(([key, { aliases = [], suffixes = [] }]: [string, Fetch]) => {
    const name = key as FetchName;
    return [key, ...aliases].flatMap((alias): [string, NamedFetch][] => [
      [alias, { name, method: undefined }],
      ...suffixes.map((method): [string, NamedFetch] => [`${alias}_${method}`, { name, method }]),
    ]);
  }),
);

export const findFetch = (word: string): NamedFetch | undefined => BY_NAME.get(word);
export const fetchNames = (): Iterable<string> => BY_NAME.keys();
