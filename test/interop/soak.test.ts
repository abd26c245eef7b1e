/** A short soak, with every call into C checked; `npm run soak` is the long one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pki } from "../proxy/tls/pki.js";
import { soak } from "../soak/soak.js";

test("clients, proxy and servers count the same; nothing leaks, in descriptors, memory or OpenSSL", async (t) => {
  const { findings, complaints, output } = await soak({
    milliseconds: 20_000,
    rate: 20,
    isChecked: true,
    growth: 60e6,
    pki: new Pki(),
    say: (line) => t.diagnostic(line),
  });
  assert.deepEqual(complaints, []);
  for (const { rule, holds, figures } of findings) assert.ok(holds, `${rule}: ${figures}`);
  assert.match(output, /ffi-check: \d{3,} handles opened, 0 leaks, 0 violations/);
});
