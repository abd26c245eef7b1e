/** What the tests of this folder share: reading a text, and what it reported. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Diagnostics, type SourceFile } from "../../../src/config/diagnostics.js";
import type { HaproxyConfiguration } from "../../../src/config/haproxy/model.js";
import { type ReadOptions, readHaproxy } from "../../../src/config/haproxy/read.js";

/** The world the fixtures live in: no file can be read but one error page, and two names resolve. */
export const WORLD: ReadOptions = {
  readFile: (path) =>
    path === "/etc/haproxy/errors/503.http" ? "HTTP/1.0 503 Service Unavailable\r\n\r\nsorry\n" : undefined,
  resolve: (host) => ({ "app.example": "192.0.2.7", "app6.example": "2001:db8::7" })[host],
  environment: { PORT: "8080", HOST: "192.0.2.9", EMPTY: "", LIST: "one two" },
};

export interface Outcome {
  readonly configuration: HaproxyConfiguration;
  readonly diagnostics: Diagnostics;
  /** `severity[code]` in the order of the file. */
  readonly codes: readonly string[];
}

export function read(text: string, options: ReadOptions = WORLD, path = "haproxy.cfg"): Outcome {
  return readFiles([{ path, text }], options);
}

export function readFiles(files: readonly SourceFile[], options: ReadOptions = WORLD): Outcome {
  const diagnostics = new Diagnostics();
  const configuration = readHaproxy(files, diagnostics, options);
  return {
    configuration,
    diagnostics,
    codes: diagnostics.sorted().map(({ severity, code }) => `${severity}[${code}]`),
  };
}

/** The repository's `test/` folder, wherever the compiled test runs from. */
export function testFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return join(folder, "test");
}
