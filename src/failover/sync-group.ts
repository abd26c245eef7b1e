/**
 * vrrp_sync_group: instances that are all master or none, so that both sides of a router move together
 * (keepalived.conf(5)).
 */
import type { SyncGroup } from "../config/keepalived/model.js";
import type { LogLevel, ReportedState } from "./instance.js";

/** How a member stands: "ready" is a backup that would be master by now, but for the others. */
export type MemberStanding = "waiting" | "ready" | "master" | "fault";

export type GroupState = Exclude<ReportedState, "STOP">;

/**
 * One member in fault puts all into fault; all take over together once the last of them is ready; one that yields takes
 * the others with it.
 */
export function groupState(members: readonly MemberStanding[]): GroupState {
  if (members.includes("fault")) return "FAULT";
  return members.includes("waiting") ? "BACKUP" : "MASTER";
}

/** What a group asks of its members. */
export interface Member {
  readonly standing: MemberStanding;
  /** Takes over, if it is ready to. */
  takeOver(): void;
  /** Gives way to the master of another member, if it is master. */
  giveWay(): void;
  /** The group's fault has begun or ended. */
  reassess(): void;
}

export class RunningSyncGroup {
  #state: GroupState = "BACKUP";
  #isReviewing = false;

  constructor(
    readonly own: SyncGroup,
    readonly members: readonly Member[],
    readonly log: (level: LogLevel, text: string) => void,
    readonly changed: (group: string, state: GroupState) => void,
  ) {}

  get isInFault(): boolean {
    return this.#state === "FAULT";
  }

  /** A member has moved: so do the others, if they must. */
  review(): void {
    if (this.#isReviewing) return;
    this.#isReviewing = true;
    // What a member does may move the group again, such as a fault that ends.
    while (this.#moveOn());
    this.#isReviewing = false;
  }

  #moveOn(): boolean {
    const next = groupState(this.members.map(({ standing }) => standing));
    if (next === this.#state) return false;
    const wasFault = this.#state === "FAULT";
    this.#state = next;
    this.log("info", `VRRP_Group(${this.own.name}) Syncing instances to ${next} state`);
    for (const member of this.members) {
      if (wasFault || next === "FAULT") member.reassess();
      else if (next === "MASTER") member.takeOver();
      else member.giveWay();
    }
    this.changed(this.own.name, next);
    return true;
  }
}
