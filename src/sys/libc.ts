/**
 * The one door to the C library. Only this folder calls through it, and everything that leaves the folder is a typed
 * wrapper. Pointers are numbers (`uintptr_t`), results that fit are `int`: no BigInt, no object, per call.
 */
import koffi from "koffi";
import { guard } from "./ffi-check/contract.js";
import { isFfiChecked } from "./ffi-check/enabled.js";
import { assertPinned, register } from "./ffi-check/regions.js";
import { reportAtExit } from "./ffi-check/report.js";

const libc = koffi.load("libc.so.6");

type NumericFunction = (...args: number[]) => number;

/**
 * Declares a libc function of numeric arguments. On -1 the wrapper returns the negated errno instead, as the kernel
 * itself does: callers on the hot path compare one number and never build an error.
 */
export function declare(name: string, args: readonly string[]): NumericFunction {
  const native = checked(name, libc.func(name, "int", [...args]), args) as NumericFunction;
  const errno = koffi.errno;
  // A fixed arity keeps the call monomorphic and free of a rest array.
  switch (args.length) {
    case 0:
      return () => {
        const result = native();
        return result === -1 ? -errno() : result;
      };
    case 1:
      return (a) => {
        const result = native(a!);
        return result === -1 ? -errno() : result;
      };
    case 2:
      return (a, b) => {
        const result = native(a!, b!);
        return result === -1 ? -errno() : result;
      };
    case 3:
      return (a, b, c) => {
        const result = native(a!, b!, c!);
        return result === -1 ? -errno() : result;
      };
    case 4:
      return (a, b, c, d) => {
        const result = native(a!, b!, c!, d!);
        return result === -1 ? -errno() : result;
      };
    case 5:
      return (a, b, c, d, e) => {
        const result = native(a!, b!, c!, d!, e!);
        return result === -1 ? -errno() : result;
      };
    case 6:
      return (a, b, c, d, e, f) => {
        const result = native(a!, b!, c!, d!, e!, f!);
        return result === -1 ? -errno() : result;
      };
    default:
      throw new RangeError(`${name}: more than six arguments`);
  }
}

/** A libc function that takes a path or name as its only pointer argument. */
export function declareWithString(name: string, args: readonly string[]): (...args: (number | string)[]) => number {
  const native = checked(name, libc.func(name, "int", [...args]), args) as (...args: (number | string)[]) => number;
  return (...values) => {
    const result = native(...values);
    return result === -1 ? -koffi.errno() : result;
  };
}

type NativeFunction = Parameters<typeof guard>[1];

/** The function itself, unless the process runs with its checks (see ffi-check/). */
export function checked(name: string, native: unknown, args: readonly string[]): NativeFunction {
  const call = native as NativeFunction;
  return isFfiChecked ? guard(name, call, args.length) : call;
}

/** The address of memory that does not move: see memory.ts, the only caller. */
export function addressOf(view: ArrayBufferView): number {
  if (isFfiChecked) assertPinned(view);
  const address = Number(koffi.address(view));
  if (isFfiChecked) register(address, view.byteLength);
  return address;
}

if (isFfiChecked) reportAtExit();

export const errnoNumbers: Readonly<Record<string, number>> = koffi.os.errno;
