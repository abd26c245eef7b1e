/** Which numbers in a tracked file make a difference: the nearest at which a box falls behind another, or into fault. */
import type { VrrpInstance } from "../../config/keepalived/model.js";
import { assess } from "../tracking.js";
import type { NamedConfiguration } from "./contradictions.js";
import { type BoxState, instancesOf, wellBox, worldOf } from "./well.js";

/** Priorities are less than 254 apart and 254 less is a fault; the file may begin at the other end of that. */
const FARTHEST = 2 * 254;

/**
 * @param file what a tracker calls it
 * @returns one number for each instance of `box` that tracks the file, without repetition; where none makes a difference
 * to an instance, the next number.
 */
export function tellingValues(file: string, box: NamedConfiguration, all: readonly NamedConfiguration[]): number[] {
  const state = wellBox(box.configuration);
  const others = all.filter((other) => other !== box);
  const values = instancesOf(box.configuration)
    .filter(({ track }) => track.files.some((tracked) => tracked.file === file))
    .map((own) => tellingValue(file, own, state, rivalPriorities(own, others)));
  return [...new Set(values)];
}

function tellingValue(file: string, own: VrrpInstance, state: BoxState, rivals: readonly number[]): number {
  const well = state.files.get(file) ?? 0;
  const standing = (value: number) => {
    const { priority, faults } = assess(own, worldOf({ ...state, files: new Map(state.files).set(file, value) }));
    return { priority, isFault: faults.length > 0 };
  };
  const before = standing(well);
  for (let distance = 1; distance <= FARTHEST; distance++)
    for (const value of [well + distance, well - distance]) {
      const { priority, isFault } = standing(value);
      if (isFault !== before.isFault || rivals.some((rival) => passes(before.priority, priority, rival))) return value;
    }
  return well + 1;
}

/** An equal priority preempts nobody. */
const passes = (before: number, now: number, rival: number): boolean =>
  (before >= rival && now < rival) || (before <= rival && now > rival);

const rivalPriorities = (own: VrrpInstance, others: readonly NamedConfiguration[]): number[] =>
  others.flatMap(({ configuration }) =>
    instancesOf(configuration)
      .filter(({ virtualRouterId, family }) => virtualRouterId === own.virtualRouterId && family === own.family)
      .map((rival) => assess(rival, worldOf(wellBox(configuration))).priority),
  );
