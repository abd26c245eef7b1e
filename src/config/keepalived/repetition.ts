/** `~SEQ(…)`, `~SEQx(…)` and `~LST(…)`: the rest of a line, once for each value (keepalived.conf(5), "Sequence blocks"). */

export interface Repetition {
  readonly variables: readonly string[];
  /** How often. */
  readonly count: number;
  /** The variables' values the `turn`th time, from 0. */
  values(turn: number): readonly string[];
  /** Characters that the specification takes, with the blanks behind it. */
  readonly length: number;
}

export const isRepetition = (text: string): boolean => /^~(?:SEQ|LST)/.test(text);

/** @returns why it cannot be read, in one clause, if it cannot. */
export function parseRepetition(text: string): Repetition | string {
  const match = /^~(?:(SEQ)(x?)|(LST))[ \t]*\(([^)]*)\)[ \t]*/.exec(text);
  if (match === null) return "it has no ( … )";
  const [all, sequence, hex, , inner] = match;
  const parsed = sequence === undefined ? parseList(inner!) : parseSequence(inner!, hex === "x");
  return typeof parsed === "string" ? parsed : { ...parsed, length: all.length };
}

type Parsed = Omit<Repetition, "length"> | string;

function parseSequence(inner: string, hex: boolean): Parsed {
  const [variable = "", ...words] = inner.split(",").map((part) => part.trim());
  if (!/^[A-Za-z_]\w*$/.test(variable)) return "its first word must be the name of a variable";
  const numbers = words.map(toInteger);
  if (numbers.length < 1 || numbers.length > 3) return "it takes a variable and one to three numbers";
  if (!numbers.every((number) => number !== undefined)) return "what stands behind the variable must be numbers";
  const [start, step, end] = rangeOf(numbers);
  if (step === 0 || (end - start) * step < 0) return "its steps never lead from its first number to its last";
  if (hex && Math.min(start, end) < 0) return "~SEQx writes no negative numbers";
  const write = (number: number) => number.toString(hex ? 16 : 10);
  return {
    variables: [variable],
    count: Math.floor((end - start) / step) + 1,
    values: (turn) => [write(start + turn * step)],
  };
}

/** `END`, `START,END` or `START,STEP,END`. */
function rangeOf(numbers: readonly number[]): readonly [number, number, number] {
  const [one = 0, two = 0, three = 0] = numbers;
  if (numbers.length === 1) return [one < 0 ? -1 : 1, one < 1 ? -1 : 1, one];
  if (numbers.length === 2) return [one, one <= two ? 1 : -1, two];
  return [one, two, three];
}

/** As strtol(3) reads it with base 0: decimal, 0x… or 0… */
function toInteger(text: string): number | undefined {
  const match = /^([+-]?)(?:0[xX]([0-9a-fA-F]{1,12})|(0[0-7]{0,16})|([1-9]\d{0,14}))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, octal, decimal] = match;
  const value =
    hex === undefined ? (octal === undefined ? Number(decimal) : Number.parseInt(octal, 8)) : Number.parseInt(hex, 16);
  return sign === "-" ? -value : value;
}

/** `V,a,b,…` or `{V,W},{a,b},{c,d},…`; values that are missing in a group are empty. */
function parseList(inner: string): Parsed {
  const groups: string[][] = [];
  for (let rest = inner.trim(); ; ) {
    const match = /^(?:\{([^{}]*)\}|([^,{}]*))[ \t]*(,|$)[ \t]*/.exec(rest);
    if (match === null) return "its braces do not match";
    groups.push((match[1] ?? match[2]!).split(",").map((word) => word.trim()));
    rest = rest.slice(match[0].length);
    if (match[3] === "") break;
  }
  const [variables = [], ...values] = groups;
  if (!variables.every((name) => /^[A-Za-z_]\w*$/.test(name))) return "its first word must be the name of a variable";
  if (values.length === 0) return "it has no values";
  if (values.some((group) => group.length > variables.length))
    return "a group has more values than there are variables";
  return {
    variables,
    count: values.length,
    values: (turn) => variables.map((_, index) => values[turn]![index] ?? ""),
  };
}
