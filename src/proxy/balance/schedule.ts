/**
 * The order in which weighted round robin visits servers: smooth, so that a heavy server's turns are spread among the
 * others' and do not come in a row. Equal weights give the order of the file.
 * @param weights one for each server, 0–256; 0 takes no turn
 * @returns indexes into `weights`; empty when no server has a weight
 */
export function buildSchedule(weights: readonly number[]): Uint16Array {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  if (divisor === 0) return new Uint16Array(0);
  const shares = weights.map((weight) => weight / divisor);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const credit = shares.map(() => 0);
  const schedule = new Uint16Array(total);
  for (let turn = 0; turn < total; turn++) {
    let chosen = 0;
    for (let index = 0; index < shares.length; index++) {
      credit[index]! += shares[index]!;
      if (credit[index]! > credit[chosen]!) chosen = index;
    }
    credit[chosen]! -= total;
    schedule[turn] = chosen;
  }
  return schedule;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
