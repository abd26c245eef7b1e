/**
 * How a server might read the bytes that a proxy sends it. Each reader is a careless one in its own way: where all of
 * them see the same, there is nothing in the bytes that two readers could take differently.
 */

interface Manners {
  /** Content-Length goes before Transfer-Encoding. */
  readonly prefersLength: boolean;
  /** LF ends a line, too; and CR alone. */
  readonly lineEnd: RegExp;
  /** A line that begins with whitespace goes on with the one before. */
  readonly unfolds: boolean;
  /** Names lose whitespace around them, and `_` is `-`. */
  readonly trimsNames: boolean;
  /** Of several fields of one name, this one holds. */
  readonly holds: "first" | "last";
  /** Whatever has "chunked" in it is. */
  readonly guessesChunked: boolean;
}

const BOTH = [true, false] as const;

const READERS: readonly Manners[] = BOTH.flatMap((prefersLength) =>
  [/\r\n/, /\r?\n/, /\r\n|\r|\n/].flatMap((lineEnd) =>
    BOTH.flatMap((unfolds) =>
      BOTH.flatMap((trimsNames) =>
        (["first", "last"] as const).flatMap((holds) =>
          BOTH.map((guessesChunked) => ({ prefersLength, lineEnd, unfolds, trimsNames, holds, guessesChunked })),
        ),
      ),
    ),
  ),
);

/**
 * What all readers together see in `text`, one character a byte: for each that sees something different, its list of
 * request lines. One list means that there is one interpretation. What is left over, or missing, is told as such.
 */
export function interpretations(text: string): string[][] {
  const seen = new Map<string, string[]>();
  for (const reader of READERS) {
    const requests = read(text, reader);
    seen.set(requests.join("\n"), requests);
  }
  return [...seen.values()];
}

function read(text: string, manners: Manners): string[] {
  const requests: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const lines: string[] = [];
    for (;;) {
      const end = manners.lineEnd.exec(rest);
      if (end === null) return [...requests, `incomplete: ${JSON.stringify(rest)}`];
      const line = rest.slice(0, end.index);
      rest = rest.slice(end.index + end[0].length);
      if (line === "") break;
      if (manners.unfolds && /^[ \t]/.test(line)) lines.push(`${lines.pop() ?? ""} ${line.trim()}`);
      else lines.push(line);
    }
    requests.push(lines[0] ?? "an empty line");
    const behind = skipBody(rest, lines.slice(1), manners);
    if (behind === undefined) return [...requests, `incomplete body: ${JSON.stringify(rest)}`];
    rest = behind;
  }
  return requests;
}

/** What is behind the body; undefined: it is not all there. */
function skipBody(text: string, fields: readonly string[], manners: Manners): string | undefined {
  const coding = fieldValue(fields, "transfer-encoding", manners);
  const length = fieldValue(fields, "content-length", manners);
  const isChunked = coding !== undefined && (manners.guessesChunked ? /chunked/i : /(^|,\s*)chunked$/i).test(coding);
  if (isChunked && !(manners.prefersLength && length !== undefined)) return skipChunks(text, manners);
  const octets = Number.parseInt(length ?? "0", 10) || 0;
  return text.length < octets ? undefined : text.slice(octets);
}

function fieldValue(fields: readonly string[], name: string, { trimsNames, holds }: Manners): string | undefined {
  const values = fields.flatMap((field) => {
    const colon = field.indexOf(":");
    const written = field.slice(0, colon).toLowerCase();
    const read = trimsNames ? written.trim().replaceAll("_", "-") : written;
    return read === name ? [field.slice(colon + 1).trim()] : [];
  });
  return holds === "first" ? values[0] : values.at(-1);
}

function skipChunks(text: string, { lineEnd }: Manners): string | undefined {
  let rest = text;
  for (let isTrailer = false; ; ) {
    const end = lineEnd.exec(rest);
    if (end === null) return undefined;
    const line = rest.slice(0, end.index);
    rest = rest.slice(end.index + end[0].length);
    if (isTrailer) {
      if (line === "") return rest;
      continue;
    }
    const size = Number.parseInt(line, 16);
    if (Number.isNaN(size) || rest.length < size) return undefined;
    if (size === 0) isTrailer = true;
    else rest = rest.slice(size).replace(/^\r?\n?/, "");
  }
}
