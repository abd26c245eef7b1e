/**
 * vrrp_sync_group: instances that are all master or none, so that both sides of a router move together
 * (keepalived.conf(5)).
 */
import type { SyncGroup } from "../config/keepalived/model.js";
import type { LogLevel, ReportedState } from "./instance.js";

/**
 * How a member stands: "ready" is a backup that would be master by now, but for the others; "pending" waits for the
 * first results of its scripts.
 */
export type MemberStanding = "pending" | "waiting" | "ready" | "master" | "fault";

export type GroupState = Exclude<ReportedState, "STOP">;

/**
 * One member in fault puts all into fault, and one that is pending holds all, of which nobody need be told ("INIT"); all
 * take over together once the last of them is ready; one that yields takes the others with it.
 */
export function groupState(members: readonly MemberStanding[]): GroupState | "INIT" {
  if (members.includes("fault")) return "FAULT";
  if (members.includes("pending")) return "INIT";
  return members.includes("waiting") ? "BACKUP" : "MASTER";
}

/** What a group asks of its members. */
export interface Member {
  readonly standing: MemberStanding;
  /** Finds out how it stands by itself. */
  examine(): void;
  /** Takes over, if it is ready to. */
  takeOver(): void;
  /** Gives way to the master of another member, if it is master. */
  giveWay(): void;
  /** What holds the group has begun or ended. */
  reassess(): void;
  /** The rival of another member may have held its addresses too. */
  outliveRival(): void;
}

export class RunningSyncGroup {
  #state: GroupState | "INIT" = "BACKUP";
  /** Members are looked at one by one: what they are together shows at the end. */
  #isBusy = false;

  constructor(
    readonly own: SyncGroup,
    readonly members: readonly Member[],
    readonly log: (level: LogLevel, text: string) => void,
    readonly changed: (group: string, state: GroupState) => void,
  ) {}

  /** What keeps every member from taking part; undefined: nothing. */
  get hold(): "group" | "group-pending" | undefined {
    if (this.#state === "FAULT") return "group";
    return this.#state === "INIT" ? "group-pending" : undefined;
  }

  /** Before the members start, so that a fault of the last keeps the first from the beginning. */
  prepare(): void {
    this.#isBusy = true;
    for (const member of this.members) member.examine();
    this.#state = groupState(this.members.map(({ standing }) => standing));
  }

  /** All members have started. Those that go on as master do so only if all do. */
  start(): void {
    this.#isBusy = false;
    this.#state = groupState(this.members.map(({ standing }) => standing));
    if (this.#state === "FAULT") this.#say();
    if (this.#state === "BACKUP") for (const member of this.members) member.giveWay();
    if (this.#state !== "INIT") this.changed(this.own.name, this.#state);
  }

  /** A member has moved: so do the others, if they must. */
  review(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    // What a member does may move the group again, such as a fault that ends.
    while (this.#moveOn());
    this.#isBusy = false;
  }

  /**
   * Both sides of a split brain held the addresses of all members, but only the first member to be heard is contended
   * for: its rival takes the others along and falls silent.
   */
  rivalHeard(by: Member): void {
    for (const member of this.members) if (member !== by) member.outliveRival();
  }

  #moveOn(): boolean {
    const next = groupState(this.members.map(({ standing }) => standing));
    if (next === this.#state) return false;
    const wasHeld = this.hold !== undefined;
    this.#state = next;
    if (next !== "INIT") this.#say();
    for (const member of this.members) {
      if (wasHeld || this.hold !== undefined) member.reassess();
      else if (next === "MASTER") member.takeOver();
      else member.giveWay();
    }
    if (next !== "INIT") this.changed(this.own.name, next);
    return true;
  }

  #say(): void {
    this.log("info", `VRRP_Group(${this.own.name}) Syncing instances to ${this.#state} state`);
  }
}
