/** Makes a failing input small, so that a person can read it (delta debugging, in short). */

/** @param fails whether an input still fails as the first one did */
export function minimise(input: Buffer, fails: (input: Buffer) => boolean, budgetMs: number): Buffer {
  const deadline = performance.now() + budgetMs;
  let best = input;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length; ) {
      if (performance.now() > deadline) return best;
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
