/**
 * What a native function does with its arguments and result, in a line (see contracts.ts), and a wrapper that holds
 * each call against it. A word for each argument:
 *
 *     _            a number, text, or a pointer that OpenSSL gave and keeps
 *     fd           an open descriptor of ours; likewise ssl, context, certificate, key, session, stack
 *     fd?          may be one that others opened, or 0 for a pointer
 *     fd+          one that others opened is ours from here on
 *     free:fd      closed, or handed over to OpenSSL, by this call
 *     buf[16]      pinned memory of 16 bytes; buf[#2] of as many as argument 2 says; buf[8*#2] of 8 each
 *     buf[4]?      or NULL
 *     any[#2]      memory of ours or C's; of ours, so many bytes
 *
 * and behind `->` what the result opens. A function without a contract is not to be declared.
 */
import { contracts } from "./contracts.js";
import { adopt, closing, type HandleKind, KINDS, opened, using } from "./handles.js";
import { within, withinIfOurs } from "./regions.js";
import { violation } from "./violation.js";

type Argument = number | string | null;
type NativeFunction = (...args: Argument[]) => unknown;
type Check = (value: number, args: readonly Argument[], call: string) => void;

const BUFFER = /^(buf|any)\[(?:(\d+)\*)?(#?)(\d+)\](\??)$/;
const HANDLE = /^(free:)?([a-z]+)([?+]?)$/;
const isKind = (word: string): word is HandleKind => (KINDS as readonly string[]).includes(word);

/** Wraps `native`. @param arity how many arguments it is declared with */
export function guard(name: string, native: NativeFunction, arity: number): NativeFunction {
  const contract = contracts[name];
  if (contract === undefined) throw new Error(`${name} has no contract: add it to ffi-check/contracts.ts`);
  const [words, result] = contract.split("->").map((part) => part.split(" ").filter((word) => word !== "")) as [
    string[],
    string[]?,
  ];
  if (words.length !== arity) throw new Error(`the contract of ${name} is for ${words.length} arguments, not ${arity}`);
  const checks = words.map(checkOf);
  const opens = result?.[0] as HandleKind | undefined;
  const isFd = opens === "fd";
  return (...args) => {
    for (let index = 0; index < checks.length; index++) checks[index]!(args[index] as number, args, name);
    const outcome = native(...args);
    if (opens !== undefined && (isFd ? (outcome as number) >= 0 : outcome !== 0)) opened(opens, outcome as number);
    return outcome;
  };
}

function checkOf(word: string): Check {
  if (word === "_") return assertNoObject;
  const buffer = BUFFER.exec(word);
  if (buffer !== null) {
    const [, kind, factor = "1", isArgument, number, mayBeNull] = buffer;
    const check = kind === "any" ? withinIfOurs : within;
    return (address, args, call) => {
      assertNumber(address, args, call);
      if (mayBeNull === "?" && address === 0) return;
      const size = Number(factor) * (isArgument === "#" ? Number(args[Number(number)]) : Number(number));
      if (size > 0) check(address, size, call);
    };
  }
  const [, frees, kind, mark] = HANDLE.exec(word) ?? [];
  if (kind === undefined || !isKind(kind)) throw new Error(`a contract says "${word}", which means nothing`);
  if (frees !== undefined) return (handle) => closing(kind, handle);
  if (mark === "+") return (fd) => adopt(fd);
  return (handle, _, call) => {
    if (mark !== "?" || handle !== 0 || kind === "fd") using(kind, handle, call, mark === "?");
  };
}

/** The library would take the address of an array or buffer for us, without a look at whether it is pinned. */
function assertNoObject(value: unknown, _: readonly Argument[], call: string): void {
  if (typeof value === "object" && value !== null) violation(`${call} is given an object`);
}

function assertNumber(value: unknown, _: readonly Argument[], call: string): void {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    violation(`${call} is given ${String(value)} for an address`);
}
