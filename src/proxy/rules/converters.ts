/** Converters (configuration manual §7.3.1): what a sample becomes before it is compared. */
import type { ConverterName } from "../../config/haproxy/rules/fetches.js";
import type { Accepts } from "./fetches.js";

const CONVERT: Readonly<Record<ConverterName, (value: string) => string>> = {
  lower: (value) => value.toLowerCase(),
  upper: (value) => value.toUpperCase(),
};

/** Accepts what `accepts` does, once the converters have gone over it in their order. */
export function converting(converters: readonly ConverterName[], accepts: Accepts): Accepts {
  return converters.reduceRight((inner, name): Accepts => {
    const convert = CONVERT[name];
    return { number: inner.number, address: inner.address, text: (value) => inner.text(convert(value)) };
  }, accepts);
}
