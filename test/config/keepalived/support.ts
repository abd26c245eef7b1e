/** What the tests of keepalived.conf share. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Diagnostics, type SourceFile } from "../../../src/config/diagnostics.js";
import type { KeepalivedConfiguration, UnicastPeer, VrrpInstance } from "../../../src/config/keepalived/model.js";
import { nothingPlanned } from "../../../src/config/keepalived/planned.js";
import { type ReadOptions, readKeepalived } from "../../../src/config/keepalived/read.js";

/** The folder that holds package.json: fixtures are not compiled, so they are read from there. */
export const repository = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
})();

export const fixtures = join(repository, "test/config/keepalived/fixtures");
export const published = join(repository, "test/fixtures/configs");

export const readSource = (path: string, name = path): SourceFile => ({ path: name, text: readFileSync(path, "utf8") });

export interface Result {
  readonly configuration: KeepalivedConfiguration;
  readonly diagnostics: Diagnostics;
  /** `line:column severity[code]`, in the order of the text. */
  readonly marks: readonly string[];
}

export function read(text: string, options?: ReadOptions): Result {
  return readFiles([{ path: "keepalived.conf", text }], options);
}

/** Nothing is refused as planned, unless `options` say so: what the engine can do is no concern of the language's tests. */
export function readFiles(files: readonly SourceFile[], options: ReadOptions = { planned: nothingPlanned }): Result {
  const diagnostics = new Diagnostics();
  const configuration = readKeepalived(files, diagnostics, options);
  const marks = diagnostics
    .sorted()
    .map(({ span, severity, code }) => `${span.line}:${span.column} ${severity}[${code}]`);
  return { configuration, diagnostics, marks };
}

/** Plain unicast: no limits, no check of the source. */
export const unicastTo = (...addresses: string[]): VrrpInstance["transport"] => ({
  kind: "unicast",
  peers: addresses.map((address): UnicastPeer => ({ address, minTtl: undefined, maxTtl: undefined })),
  ttl: 255,
  checkSource: false,
});

/** An instance without a mistake, with `lines` inside. */
export const instanceWith = (lines: string): string =>
  `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 100
  virtual_ipaddress { 192.0.2.10/24
  }
  ${lines}
}
`;
