/**
 * Typical mistakes, as users make them: `fixtures/NAME.conf` gives the messages in `fixtures/NAME.expected`.
 * Where each message must point was worked out by hand, below. UPDATE_SNAPSHOTS=1 rewrites the wording only.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { render } from "../../../src/config/diagnostics.js";
import { fixtures, readFiles, readSource } from "./support.js";

const expected: Readonly<Record<string, readonly string[]>> = {
  misspelled: [
    "3:5 error[unknown-keyword]",
    "8:11 error[unknown-value]",
    "11:5 error[unknown-keyword]",
    "12:5 error[unknown-keyword]",
    "19:9 error[undefined-script]",
  ],
  "out-of-range": [
    "3:14 error[interval-range]",
    "4:12 error[weight-range]",
    "5:10 error[fall-range]",
    "11:23 error[virtual-router-id-range]",
    "12:14 error[priority-range]",
    "13:16 warning[advert-interval]",
    "14:19 error[preempt-delay-range]",
    "16:9 error[bad-address]",
    "17:9 error[prefix-range]",
    "18:9 error[prefix-range]",
    "19:9 error[bad-address]",
    "20:9 error[bad-address]",
    "23:22 error[weight-range]",
  ],
  missing: [
    "1:13 error[missing-script]",
    "1:13 warning[untracked-script]",
    "5:15 warning[no-virtual-address]",
    "5:15 error[missing-interface]",
    "5:15 error[missing-virtual-router-id]",
    "6:5 warning[implied-priority]",
    "9:1 error[missing-argument]",
    "12:5 error[missing-argument]",
    "14:20 error[missing-value]",
  ],
  "unclosed-inner-block": ["5:5 error[unterminated-block]"],
  "unclosed-at-end": ["1:1 error[unterminated-block]"],
  "brace-not-opened": ["1:1 error[missing-brace]"],
  "stray-braces": ["9:1 error[stray-brace]", "10:1 error[stray-brace]"],
  "one-line": [
    "1:29 error[extra-argument]",
    "1:68 warning[no-virtual-address]",
    "1:68 error[missing-virtual-router-id]",
    "1:90 error[extra-argument]",
  ],
  "wrong-place": [
    "1:1 error[wrong-place]",
    "7:5 error[wrong-place]",
    "8:5 error[wrong-place]",
    "9:5 error[wrong-place]",
    "13:5 error[wrong-place]",
  ],
  "not-supported": [
    "2:5 error[not-supported]",
    "3:5 error[not-supported]",
    "4:5 warning[no-effect]",
    "11:5 error[not-supported]",
    "18:20 error[not-supported]",
    "20:5 error[not-supported]",
    "25:1 error[not-supported]",
    "29:1 error[not-supported]",
  ],
  "same-twice": [
    "5:13 error[duplicate-name]",
    "13:5 warning[repeated-keyword]",
    "16:9 error[duplicate-address]",
    "20:9 warning[repeated-entry]",
    "23:15 error[duplicate-name]",
    "32:23 error[duplicate-virtual-router-id]",
  ],
  unicast: [
    "5:20 error[bad-address]",
    "7:19 error[extra-argument]",
    "8:9 error[bad-address]",
    "11:9 error[bad-address]",
    "11:24 error[unknown-option]",
    "12:23 error[unknown-option]",
    "21:9 error[peer-is-self]",
    "23:9 error[duplicate-peer]",
  ],
  surprises: [
    "1:13 warning[script-security]",
    "2:12 warning[shell-syntax]",
    "4:13 warning[untracked-script]",
    "7:15 warning[no-virtual-address]",
    "9:5 warning[nopreempt-ignored]",
    "10:5 warning[preempt-delay-with-master]",
    "16:19 warning[password-cut]",
    "18:5 warning[ipvs-sync]",
    "19:5 warning[track-src-ip-without-source]",
    "21:9 warning[own-interface-tracked]",
    "30:5 warning[preempt-delay-ignored]",
    "34:5 warning[unicast-without-peers]",
    "36:9 warning[network-address]",
    "37:26 warning[no-broadcast]",
    "43:5 warning[repeated-keyword]",
    "45:5 warning[unicast-without-peers]",
  ],
  pasted: [
    "2:12 error[typographic-quote]",
    "11:25 warning[comment-in-word]",
    "20:13 warning[untracked-script]",
    "21:12 error[unterminated-quote]",
  ],
  trackers: [
    "4:15 error[unknown-option]",
    "7:15 error[interface-name]",
    "9:14 error[not-a-number]",
    "11:29 error[unknown-value]",
    "12:23 error[unknown-option]",
    "12:29 error[unknown-option]",
    "13:9 error[bad-address]",
    "16:15 error[unknown-option]",
    "19:14 error[unknown-option]",
  ],
};

test("every fixture is tested, and every test has its fixture", () => {
  const names = readdirSync(fixtures)
    .filter((name) => name.endsWith(".conf"))
    .map((name) => name.slice(0, -".conf".length));
  assert.deepEqual(names.sort(), Object.keys(expected).sort());
});

for (const [name, marks] of Object.entries(expected))
  test(`mistakes of the kind "${name}" are reported all at once, where they stand`, () => {
    const result = readFiles([readSource(join(fixtures, `${name}.conf`), `${name}.conf`)]);
    assert.deepEqual(result.marks, marks);
    const messages = `${result.diagnostics.sorted().map(render).join("\n\n")}\n`;
    const snapshot = join(fixtures, `${name}.expected`);
    if (process.env.UPDATE_SNAPSHOTS === "1") writeFileSync(snapshot, messages);
    assert.equal(messages, readFileSync(snapshot, "utf8"));
  });
