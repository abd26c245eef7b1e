/** Quantities with their unit in the type, so that the compiler refuses to mix them. */
declare const unit: unique symbol;
type Quantity<Unit extends string> = number & { readonly [unit]: Unit };

/** Timers of the fail-over engine and of the reactor. */
export type Microseconds = Quantity<"µs">;
/** haproxy.cfg counts in milliseconds unless a suffix says otherwise. */
export type Milliseconds = Quantity<"ms">;
/** VRRPv3 carries its interval in hundredths of a second. */
export type Centiseconds = Quantity<"cs">;

export const microseconds = (n: number): Microseconds => n as Microseconds;
export const milliseconds = (n: number): Milliseconds => n as Milliseconds;
export const centiseconds = (n: number): Centiseconds => n as Centiseconds;
export const fromSeconds = (s: number): Microseconds => Math.round(s * 1_000_000) as Microseconds;
export const fromCentiseconds = (cs: Centiseconds): Microseconds => (cs * 10_000) as Microseconds;
export const toMilliseconds = (us: Microseconds): Milliseconds => (us / 1000) as Milliseconds;
