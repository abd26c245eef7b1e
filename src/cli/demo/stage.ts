/** What a show plays on: the screen, the journal, and what has to be cleaned up when it ends, however it ends. */
import type { Journal } from "./journal.js";
import type { Screen } from "./screen.js";

export interface Stage {
  readonly screen: Screen;
  readonly journal: Journal;
  /** Leave everything running after the last event, for exploring. */
  readonly stay: boolean;
  /** To be done at the end, the last one first. */
  onEnd(cleanUp: () => Promise<unknown>): void;
  /** Resolves when the user has seen enough; for shows that stay. */
  untilInterrupted(): Promise<void>;
}

/** A show that cannot be given on this machine, with the reason. */
export class CannotPlay extends Error {}

/** Plays until its end. @returns whether everything happened as promised. @throws CannotPlay before it began. */
export type Show = (stage: Stage) => Promise<boolean>;
