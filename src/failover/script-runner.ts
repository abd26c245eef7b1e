/** Runs one track script on its schedule, on the main thread, and counts its results. */
import { type ChildProcess, spawn } from "node:child_process";
import type { VrrpScript } from "../config/keepalived/model.js";
import type { LogLevel } from "./instance.js";
import { launchable, type ScriptCommand } from "./script-command.js";
import { countScriptResult, initialScriptState, type ScriptState } from "./tracking.js";

/** How long a script that was told to end may take before it is killed. */
const KILL_AFTER_MS = 2_000;

export interface ScriptHooks {
  log(line: string, level: LogLevel): void;
  /** The script counts as up, or as down, from now on. */
  onChange(script: string, state: "up" | "down"): void;
  /** Whoever knows the answer says so, and nothing is run. */
  answerScript?(argv: readonly string[]): boolean | undefined;
}

export class ScriptRunner {
  #state: ScriptState;
  #timer: NodeJS.Timeout | undefined;
  #child: ChildProcess | undefined;
  #exitCode: number | undefined;
  #stopped = false;

  /**
   * @param command how to run it; undefined: `answerScript` alone can tell, and while it does not, nothing changes.
   * @param initial what it counts as before it has run
   */
  constructor(
    readonly script: VrrpScript,
    readonly command: ScriptCommand | undefined,
    readonly hooks: ScriptHooks,
    initial: ScriptState = initialScriptState(script),
  ) {
    this.#state = initial;
  }

  get state(): ScriptState["kind"] {
    return this.#state.kind;
  }

  /** Its state with the counts towards the next one. */
  get result(): ScriptState {
    return this.#state;
  }

  /** From start to start is one interval; while a run lasts no other begins. */
  start(): void {
    const interval = this.script.interval / 1000;
    let due = performance.now();
    const turn = (): void => {
      if (this.#child === undefined) this.#runOnce();
      // From when it was due, so that the schedule does not drift.
      due = Math.max(due + interval, performance.now());
      if (!this.#stopped) this.#timer = setTimeout(turn, due - performance.now());
    };
    turn();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (this.#child !== undefined) signalGroup(this.#child, "SIGKILL");
  }

  #runOnce(): void {
    const answer = this.hooks.answerScript?.(this.script.argv);
    if (answer !== undefined) this.#result(answer, "answered from within");
    else if (this.command !== undefined) this.#fork(this.command);
  }

  #fork(command: ScriptCommand): void {
    // Its own group, so that a time-out reaches what it has started; no shell.
    const { path, argv, options } = launchable(command);
    const child = spawn(path, argv, { ...options, detached: true, stdio: "ignore" });
    this.#child = child;
    let timedOut = false;
    let killer: NodeJS.Timeout | undefined;
    const timeout = setTimeout(() => {
      timedOut = true;
      signalGroup(child, "SIGTERM");
      killer = setTimeout(() => signalGroup(child, "SIGKILL"), KILL_AFTER_MS);
      this.#result(false, "timed_out");
    }, this.script.timeout / 1000);
    const ended = (succeeded: boolean, how: string): void => {
      clearTimeout(timeout);
      clearTimeout(killer);
      this.#child = undefined;
      if (!timedOut) this.#result(succeeded, how);
    };
    child.once("error", (error) => ended(false, error.message));
    child.once("exit", (code, signal) => {
      if (code !== null) this.#reportExitCode(code);
      ended(code === 0, code === null ? `killed by ${signal}` : `exited with status ${code}`);
    });
  }

  #reportExitCode(code: number): void {
    if (this.#exitCode === code) return;
    this.#exitCode = code;
    this.hooks.log(`Script \`${this.script.name}\` now returning ${code}`, "info");
  }

  #result(succeeded: boolean, how: string): void {
    if (this.#stopped) return;
    const before = this.#state.kind;
    this.#state = countScriptResult(this.#state, succeeded, this.script);
    const state = this.#state.kind;
    if (state === before || state === "pending" || state === "added") return;
    const outcome = state === "up" ? "succeeded" : how === "timed_out" ? how : `failed (${how})`;
    this.hooks.log(`VRRP_Script(${this.script.name}) ${outcome}`, "info");
    this.hooks.onChange(this.script.name, state);
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended in this very moment.
  }
}
