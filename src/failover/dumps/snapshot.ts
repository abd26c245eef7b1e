/** Everything that the dumps show, at one moment. */
import type { KeepalivedConfiguration } from "../../config/keepalived/model.js";
import type { InstanceStatus } from "../counters.js";
import type { ReportedState } from "../instance.js";
import type { ScriptState } from "../tracking.js";

export interface Snapshot {
  readonly configuration: KeepalivedConfiguration;
  /** In the order of the configuration's instances. */
  readonly status: readonly InstanceStatus[];
  /** When each instance last changed its state, in milliseconds of the wall clock, by name. */
  readonly transitions: ReadonlyMap<string, number>;
  /** Of the scripts that are run. */
  readonly scripts: ReadonlyMap<string, ScriptState["kind"]>;
  /** The number in each tracked file. */
  readonly files: ReadonlyMap<string, number>;
  /** Whether the quorum of each tracked process is there. */
  readonly processes: ReadonlyMap<string, boolean>;
  readonly groups: ReadonlyMap<string, ReportedState>;
}
