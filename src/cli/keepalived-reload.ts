/** SIGHUP, and the hour that `reload_time_file` names: the files are read again, and nothing is lost if they are bad. */
import { appendFileSync, closeSync, openSync, rmSync } from "node:fs";
import { type Diagnostic, Diagnostics, render } from "../config/diagnostics.js";
import type { KeepalivedConfiguration } from "../config/keepalived/model.js";
import type { Failover } from "../failover/failover.js";
import type { KeepalivedLog } from "./keepalived-log.js";
import { reloadMarkerOf } from "./keepalived-places.js";
import { countText, type KeepalivedOptions, loadKeepalived, readSources } from "./load.js";
import type { Notifier } from "./notify.js";
import { ScheduledReload } from "./reload-time.js";

export interface ReloadOptions extends KeepalivedOptions {
  readonly files: readonly string[];
  /** Every mistake is a reason to go on with what we have; else only what may not be started with. */
  readonly strict: boolean;
  /** `-s`, which stands above the file. */
  readonly namespace: string | undefined;
}

const isError = ({ severity }: Diagnostic): boolean => severity === "error";

/** Adapts what the file says to what the command line has said of it. */
export const inNamespace = (
  configuration: KeepalivedConfiguration,
  namespace: string | undefined,
): KeepalivedConfiguration =>
  namespace === undefined
    ? configuration
    : { ...configuration, global: { ...configuration.global, networkNamespace: namespace } };

export class Reloader {
  #configuration: KeepalivedConfiguration;
  #scheduled: ScheduledReload | undefined;

  constructor(
    configuration: KeepalivedConfiguration,
    readonly options: ReloadOptions,
    readonly failover: Failover,
    readonly log: KeepalivedLog,
    readonly notifier: Notifier,
  ) {
    this.#configuration = configuration;
    // A crash may have left it, and somebody waits for it to go.
    this.#unmark();
    this.#schedule();
  }

  close(): void {
    this.#scheduled?.close();
  }

  /** Reads the files again; if they are not to be used, or look as if they were being written, the present ones hold. */
  async reload(): Promise<void> {
    this.log("Reloading ...");
    this.notifier.send(`RELOADING=1\nMONOTONIC_USEC=${Math.round(performance.now() * 1000)}`);
    try {
      await this.#reload();
    } catch (error) {
      this.log(`Not reloaded: ${(error as Error).message}`, "err");
    } finally {
      this.#unmark();
    }
    this.notifier.send("READY=1");
  }

  async #reload(): Promise<void> {
    this.#mark();
    const { files, problems } = readSources(this.options.files);
    const diagnostics = new Diagnostics();
    const configuration = inNamespace(await loadKeepalived(files, diagnostics, this.options), this.options.namespace);
    const { isFatal, isBroken } = await import("../config/keepalived/verdict.js");
    const refused = diagnostics.all.some(
      this.options.strict || configuration.global.reload.check !== undefined
        ? isError
        : (diagnostic) => isFatal(diagnostic) || isBroken(diagnostic),
    );
    const rendered = diagnostics.sorted().map((diagnostic) => ({ diagnostic, text: render(diagnostic) }));
    for (const { diagnostic, text } of rendered) this.log(text, isError(diagnostic) ? "err" : "warning");
    const checkLog = configuration.global.reload.check?.log;
    if (checkLog !== undefined) appendFileSync(checkLog, rendered.map(({ text }) => `${text}\n`).join(""));
    const fixed = this.#changedForGood(configuration);
    if (problems.length > 0 || refused || fixed.length > 0) {
      for (const problem of [...problems, ...fixed]) this.log(problem, "err");
      const count = countText(diagnostics.all, problems.length + fixed.length);
      this.log(`Not reloaded: ${count}; going on with the present configuration`, "err");
      return;
    }
    await this.failover.reload(configuration);
    this.#unmark();
    this.#configuration = configuration;
    this.#schedule();
    this.log("Reload complete");
  }

  /** What a process cannot change about itself. */
  #changedForGood({ global }: KeepalivedConfiguration): string[] {
    const before = this.#configuration.global;
    return [
      ...(before.networkNamespace === global.networkNamespace ? [] : ["network namespace"]),
      ...(before.daemonInstance === global.daemonInstance ? [] : ["instance name"]),
    ].map((what) => `Cannot change ${what} at a reload - please restart keepalived`);
  }

  #schedule(): void {
    const { timeFile, repeat } = this.#configuration.global.reload;
    if (this.#scheduled?.path === timeFile && this.#scheduled?.repeats === repeat) return;
    this.#scheduled?.close();
    this.#scheduled =
      timeFile === undefined ? undefined : new ScheduledReload(timeFile, repeat, this.log, () => void this.reload());
  }

  get #marker(): string | undefined {
    const { global } = this.#configuration;
    return global.reload.marker === "default" ? reloadMarkerOf(global) : global.reload.marker;
  }

  /** Empty while files are being read: whoever changes them waits until it is gone. */
  #mark(): void {
    if (this.#marker === undefined) return;
    try {
      closeSync(openSync(this.#marker, "w", 0o644));
    } catch (error) {
      this.log(`Failed to create reload file (${this.#marker}) ${(error as Error).message}`, "warning");
    }
  }

  #unmark(): void {
    if (this.#marker !== undefined) rmSync(this.#marker, { force: true });
  }
}
