/**
 * Pairs to open side by side: `fixtures/<name>.cfg` and, in `fixtures/<name>.expected`, what a user sees.
 * `UPDATE_SNAPSHOTS=1` writes the second anew.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { render } from "../../../src/config/diagnostics.js";
import { read, testFolder, WORLD } from "./support.js";

const folder = join(testFolder(), "config/haproxy/fixtures");

describe("diagnostics of typical mistakes", () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".cfg")))
    test(file, () => {
      const { diagnostics } = read(readFileSync(join(folder, file), "utf8"), WORLD, file);
      const actual = `${diagnostics.sorted().map(render).join("\n\n")}\n`;
      const expectedPath = join(folder, file.replace(/\.cfg$/, ".expected"));
      if (process.env.UPDATE_SNAPSHOTS === "1") writeFileSync(expectedPath, actual);
      assert.equal(actual, readFileSync(expectedPath, "utf8"));
    });
});
