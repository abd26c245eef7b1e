/** The front door: haproxy.cfg text in, the typed configuration and every diagnostic out. */
import type { Diagnostics, SourceFile } from "../diagnostics.js";
import { advise } from "./advice.js";
import { build } from "./build.js";
import type { HaproxyConfiguration } from "./model.js";
import { parseHaproxy } from "./parse.js";
import type { ReadOptions } from "./statement.js";

export type { ReadOptions } from "./statement.js";

/**
 * Reads haproxy.cfg files, in order, as one configuration (HAProxy's `-f`, repeated).
 *
 * Never throws, whatever the text: all mistakes of all files are reported in one run. The configuration is only fit to
 * run when no error was reported.
 * @param options How files named in the text are read, host names resolved, and variables looked up.
 */
export function readHaproxy(
  files: readonly SourceFile[],
  diagnostics: Diagnostics,
  options: ReadOptions,
): HaproxyConfiguration {
  const drafts = parseHaproxy(files, diagnostics, options);
  advise(drafts.proxies, diagnostics);
  return build(drafts, diagnostics);
}
