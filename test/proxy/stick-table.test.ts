import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { StickTable as Settings } from "../../src/config/haproxy/model.js";
import type { Milliseconds } from "../../src/config/units.js";
import { StickTable } from "../../src/proxy/stick-table.js";

const settings = (size: number, expireSeconds?: number, noPurge = false): Settings => ({
  type: "ip",
  size,
  expire: expireSeconds === undefined ? undefined : ((expireSeconds * 1000) as Milliseconds),
  noPurge,
});

const ip = (text: string): number => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

test("an address is found under the server stored last, others are not found", () => {
  const table = StickTable.create(settings(100));
  const client = ip("203.0.113.9");
  assert.equal(table.lookup(client, 0), -1);
  table.store(client, 0, 0);
  assert.equal(table.lookup(client, 1), 0);
  table.store(client, 7, 1);
  assert.equal(table.lookup(client, 2), 7);
  assert.equal(table.lookup(ip("203.0.113.8"), 2), -1);
  assert.equal(table.used, 1);
});

test("an entry lives for `expire` after it was last stored or matched", () => {
  const table = StickTable.create(settings(100, 30));
  table.store(1, 4, 1000);
  assert.equal(table.lookup(1, 1029), 4);
  assert.equal(table.lookup(1, 1058), 4, "renewed by the match before");
  assert.equal(table.lookup(1, 1088), -1);
});

test("a full table purges an old entry for a new one, and with nopurge refuses the new one", () => {
  const purging = StickTable.create(settings(4));
  const keeping = StickTable.create(settings(4, undefined, true));
  for (const table of [purging, keeping])
    for (let key = 1; key <= 4; key++) assert.equal(table.store(key, key, key), true);
  assert.equal(purging.store(5, 5, 5), true);
  assert.equal(purging.lookup(5, 6), 5);
  assert.equal(keeping.store(5, 5, 5), false);
  assert.equal(keeping.lookup(5, 6), -1);
  assert.equal(keeping.store(1, 9, 6), true, "an address that has an entry can still change its server");
  assert.equal(keeping.lookup(1, 6), 9);
  for (const table of [purging, keeping]) assert.equal(table.used, 4);
});

/** Addresses without a pattern (a step of SplitMix). */
const scattered = (index: number): number => {
  const mixed = Math.imul(index ^ (index >>> 16), 0x21f0aaad);
  return Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
};

test("entries that have expired make room, wherever in the table they are, also with nopurge", () => {
  for (const noPurge of [false, true]) {
    const table = StickTable.create(settings(1000, 10, noPurge));
    for (let index = 0; table.used < 1000; index++) table.store(scattered(index), 1, 0);
    for (let index = 0; index < 500; index++) assert.equal(table.store(scattered(100_000 + index), 2, 60), true);
    for (let index = 0; index < 500; index++) assert.equal(table.lookup(scattered(100_000 + index), 61), 2);
    assert.ok(table.used <= 1000);
  }
});

test("neighbouring addresses, and networks in a row, spread over the table", () => {
  for (const step of [1, 1 << 8, 1 << 16, 1 << 20]) {
    const table = StickTable.create(settings(1 << 16));
    for (let index = 0; index < 4096; index++) table.store((ip("10.0.0.1") + index * step) | 0, index % 3, 0);
    const distinct = new Set(Array.from({ length: 4096 }, (_, index) => (ip("10.0.0.1") + index * step) | 0));
    let found = 0;
    for (const key of distinct) if (table.lookup(key, 1) >= 0) found++;
    assert.equal(found, distinct.size, `addresses ${step} apart`);
  }
});

test("two views of one memory are one table", () => {
  const first = StickTable.create(settings(10));
  const second = new StickTable(settings(10), first.memory);
  first.store(42, 3, 0);
  assert.equal(second.lookup(42, 0), 3);
  assert.equal(second.used, 1);
});

test("within its size a table is a map whose entries expire, whatever happens", () => {
  const key = fc.nat(7);
  const step = fc.oneof(
    fc.record({ kind: fc.constant("store"), key, server: fc.nat(20) }),
    fc.record({ kind: fc.constant("lookup"), key, server: fc.constant(0) }),
    fc.record({ kind: fc.constant("wait"), key: fc.nat(25), server: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), fc.integer(), (history, expires, offset) => {
      // Eight keys at most: they fit into one bucket, wherever their hashes put them.
      const table = StickTable.create(settings(8, expires ? 20 : undefined));
      const model = new Map<number, { server: number; until: number }>();
      const life = expires ? 20 : Number.POSITIVE_INFINITY;
      let now = 0;
      for (const { kind, key, server } of history) {
        if (kind === "wait") now += key;
        else if (kind === "store") {
          assert.equal(table.store(key + offset, server, now), true);
          model.set(key, { server, until: now + life });
        } else {
          const known = model.get(key);
          const alive = known !== undefined && known.until > now;
          assert.equal(table.lookup(key + offset, now), alive ? known.server : -1);
          if (alive) known.until = now + life;
        }
        assert.ok(table.used <= 8);
      }
    }),
    { numRuns: 500 },
  );
});
