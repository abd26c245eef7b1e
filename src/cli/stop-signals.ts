/** The signals that end a service, as a queue that its main function waits on. */

export interface StopSignal {
  readonly name: NodeJS.Signals;
  /** Let what is under way finish. */
  readonly soft: boolean;
}

export interface StopSignals {
  /** The next signal; one that has come already counts. */
  next(): Promise<StopSignal>;
  /** As if that signal had come. */
  request(name: NodeJS.Signals): void;
}

interface Wanted {
  readonly hard: readonly NodeJS.Signals[];
  readonly soft?: readonly NodeJS.Signals[];
  /** Signals whose default would end the process or open a debugger; `onIgnored` says what became of them. */
  readonly ignored: readonly NodeJS.Signals[];
}

/** Takes the signals over from now on. */
export function stopSignals(wanted: Wanted, onIgnored: (name: NodeJS.Signals) => void): StopSignals {
  const arrived: StopSignal[] = [];
  let waiting: ((signal: StopSignal) => void) | undefined;
  const request = (name: NodeJS.Signals): void => {
    const signal = { name, soft: wanted.soft?.includes(name) ?? false };
    if (waiting === undefined) arrived.push(signal);
    else waiting(signal);
    waiting = undefined;
  };
  for (const name of [...wanted.hard, ...(wanted.soft ?? [])]) process.on(name, () => request(name));
  for (const name of wanted.ignored) process.on(name, () => onIgnored(name));
  return {
    request,
    next: () => {
      const signal = arrived.shift();
      if (signal !== undefined) return Promise.resolve(signal);
      return new Promise((resolve) => {
        waiting = resolve;
      });
    },
  };
}
