/**
 * The OpenSSL that Node itself is built with or linked to: its functions are there for any library of the process.
 * Pointers are numbers, 0 for NULL. What fails leaves errors in a queue of the calling thread, and `SSL_get_error`
 * misreads a queue that holds others' errors; so the rule of this folder: whoever fails empties the queue.
 */
import koffi from "koffi";
import { errnoText } from "./errno.js";
import { checked } from "./libc.js";
import { allocate, type Memory } from "./memory.js";

const library = koffi.load(null);

type NumericFunction = (...args: number[]) => number;

/** Declares a function of OpenSSL whose arguments and result are numbers or pointers. */
export const declareOpenssl = (name: string, result: "int" | "uintptr_t" | "uint64_t", args: readonly string[]) =>
  checked(name, library.func(name, result, [...args]), args) as NumericFunction;

/** A function that gives nothing back. */
export const declareOpensslVoid = (name: string, args: readonly string[]) =>
  checked(name, library.func(name, "void", [...args]), args) as (...args: number[]) => void;

/** A function that takes strings, for set-up: each call copies them. */
export const declareOpensslText = (name: string, result: "int" | "uintptr_t", args: readonly string[]) =>
  checked(name, library.func(name, result, [...args]), args) as (...args: (number | string | null)[]) => number;

/** A function whose result is a C string, null for NULL. */
export const declareOpensslString = (name: string, args: readonly string[]) =>
  checked(name, library.func(name, "str", [...args]), args) as (...args: number[]) => string | null;

const findSymbol = library.func("dlsym", "uintptr_t", ["uintptr_t", "str"]) as unknown as (
  handle: number,
  name: string,
) => number;
const RTLD_DEFAULT = 0;

/** Where a function of OpenSSL stands, for those that want a pointer to one. */
export const opensslAddress = (name: string): number => findSymbol(RTLD_DEFAULT, name);

const getError = declareOpenssl("ERR_get_error", "uint64_t", []);
const reasonString = declareOpensslString("ERR_reason_error_string", ["uint64_t"]);

/** Empties the thread's queue of errors. */
export const clearErrors = declareOpensslVoid("ERR_clear_error", []);

/** In a code, says that the rest is an errno, for which OpenSSL has no text (ERR_SYSTEM_FLAG, openssl/err.h). */
const SYSTEM_ERROR = 0x8000_0000;

/** Takes the first error of the thread's queue as text (`wrong version number`), and empties the queue. */
export function takeErrorText(): string | undefined {
  const code = getError();
  clearErrors();
  if (code === 0) return undefined;
  return code >= SYSTEM_ERROR ? errnoText(code - SYSTEM_ERROR) : (reasonString(code) ?? `error ${code}`);
}

/** A call of OpenSSL failed where it should not. */
export class OpensslError extends Error {
  constructor(call: string, about?: string) {
    const reason = takeErrorText();
    super(`${call}${about === undefined ? "" : ` ${about}`}${reason === undefined ? " failed" : `: ${reason}`}`);
  }
}

/** Passes on what is not 0, or throws what the queue says of it. For set-up, not for the hot path. */
export function checkOpenssl(result: number, call: string, about?: string): number {
  if (result <= 0) throw new OpensslError(call, about);
  return result;
}

/** Lends OpenSSL a copy of bytes for one call, in memory that neither moves nor goes away meanwhile. */
export function lend<T>(bytes: Uint8Array, use: (address: number) => T): T {
  const memory = allocate(bytes.length);
  memory.bytes.set(bytes);
  const result = use(memory.address);
  lent = memory;
  return result;
}

/** Held here until the next loan, so that the collector cannot take the memory while OpenSSL reads it. */
export let lent: Memory | undefined;
