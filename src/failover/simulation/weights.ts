/** Weights that change nothing: with all that an instance tracks failing it is still ahead of every other box. */
import type { Diagnostics } from "../../config/diagnostics.js";
import type { VrrpInstance, Weight } from "../../config/keepalived/model.js";
import { assess, type TrackedWorld } from "../tracking.js";
import type { NamedConfiguration } from "./contradictions.js";
import { instancesOf } from "./well.js";

const worldWhere = (isWell: boolean): TrackedWorld => ({
  script: () => (isWell ? "up" : "down"),
  file: () => 0,
  process: () => isWell,
  proxy: () => isWell,
  link: () => (isWell ? "up" : "down"),
  sourcePresent: true,
});

const priorityWhere = (isWell: boolean, own: VrrpInstance): number => assess(own, worldWhere(isWell)).priority;

/** Each is reported where the preferred box's file has the instance. */
export function findIdleWeights(boxes: readonly NamedConfiguration[], diagnostics: Diagnostics): void {
  for (const box of boxes) {
    const others = boxes.filter((other) => other !== box);
    for (const own of instancesOf(box.configuration)) findIdleWeight(own, box.name, others, diagnostics);
  }
}

function findIdleWeight(
  own: VrrpInstance,
  name: string,
  others: readonly NamedConfiguration[],
  diagnostics: Diagnostics,
): void {
  const names = weighted(own);
  const rivals = others.flatMap((other) =>
    instancesOf(other.configuration)
      .filter(({ virtualRouterId, family }) => virtualRouterId === own.virtualRouterId && family === own.family)
      .map((rival) => ({ name: other.name, priority: priorityWhere(true, rival) })),
  );
  const [strongest] = rivals.sort((a, b) => b.priority - a.priority);
  if (names.length === 0 || strongest === undefined) return;
  const [well, ill] = [priorityWhere(true, own), priorityWhere(false, own)];
  // An equal priority preempts nobody.
  if (well <= strongest.priority || ill < strongest.priority) return;
  const plural = names.length > 1;
  diagnostics.report({
    severity: "warning",
    code: "weight-too-small",
    span: own.span,
    message:
      `(${own.name}) with ${names.join(" and ")} failing its priority is ${ill}, and ${strongest.name} has ` +
      `${strongest.priority}: ${name} keeps the addresses`,
    remedy:
      `let the weight${plural ? "s" : ""} amount to more than ${well - strongest.priority}, or leave ` +
      `${plural ? "them" : "it"} out: then a failure is a fault`,
  });
}

/** What lowers the priority when it fails, in the words of the file. */
function weighted({ track, interface: own }: VrrpInstance): string[] {
  const lowers = ({ weight, reverse }: Weight): boolean => weight !== 0 && !reverse;
  return [
    ...track.scripts.filter(lowers).map(({ script }) => script),
    ...track.interfaces.filter((each) => lowers(each) && each.interface !== own).map((each) => each.interface),
    ...track.processes.filter(lowers).map(({ process }) => process),
    ...(track.proxy !== undefined && lowers(track.proxy) ? ["the proxy"] : []),
  ];
}
