/** Which instance of a new configuration goes on with which of the old one, when files are read again. */
import type { KeepalivedConfiguration, VrrpInstance } from "../config/keepalived/model.js";
import { InstanceCounters, shareCounters } from "./counters.js";

/** The same router on the wire, whatever it is called: number, family, interface and way of travelling. */
function identity({ virtualRouterId, family, interface: device, transport, sourceAddress }: VrrpInstance): string {
  const way = transport.kind === "unicast" ? `unicast from ${sourceAddress}` : `multicast to ${transport.group}`;
  return [virtualRouterId, family, device, way].join(" ");
}

/** The one in `instances` that is the same router as `own`; of several under one number, that of the same name. */
export function successorOf(own: VrrpInstance, { instances }: KeepalivedConfiguration): VrrpInstance | undefined {
  const same = instances.filter((other) => identity(other) === identity(own));
  return same.find(({ name }) => name === own.name) ?? (same.length === 1 ? same[0] : undefined);
}

/** New names by old ones: new → old. */
export function successorsOf(before: KeepalivedConfiguration, after: KeepalivedConfiguration): Map<string, string> {
  const successors = new Map<string, string>();
  for (const own of before.instances) {
    const successor = successorOf(own, after);
    if (successor !== undefined) successors.set(successor.name, own.name);
  }
  return successors;
}

/** Counters for `after` in which those that go on have what they have counted so far. */
export function inheritedCounters(
  before: { readonly configuration: KeepalivedConfiguration; readonly counters: SharedArrayBuffer },
  after: KeepalivedConfiguration,
  successors: ReadonlyMap<string, string>,
): SharedArrayBuffer {
  const shared = shareCounters(after.instances.length);
  for (const [index, { name }] of after.instances.entries()) {
    const old = before.configuration.instances.findIndex((own) => own.name === successors.get(name));
    if (old >= 0) new InstanceCounters(shared, index).take(new InstanceCounters(before.counters, old));
  }
  return shared;
}
