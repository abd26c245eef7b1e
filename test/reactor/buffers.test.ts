import assert from "node:assert/strict";
import { test } from "node:test";
import { BUFFER_SIZE, BULK_SIZE, BufferPool, type ByteBuffer } from "../../src/reactor/buffers.js";

test("the pool lends the buffer given back last, emptied, and knows how many are out", () => {
  const pool = new BufferPool();
  const [first, second] = [pool.take(), pool.take()];
  assert.notEqual(first, second);
  assert.equal(pool.inUse, 2);
  second.end = 100;
  second.start = 10;
  pool.give(first);
  pool.give(second);
  assert.equal(pool.inUse, 0);
  const again = pool.take();
  assert.equal(again, second);
  assert.equal(again.length, 0);
  assert.equal(again.room, BUFFER_SIZE);
});

test("no two buffers share a byte, over several slabs", () => {
  const pool = new BufferPool();
  const buffers: ByteBuffer[] = Array.from({ length: 200 }, () => pool.take());
  const addresses = buffers.map(({ address }) => address).sort((a, b) => a - b);
  for (let index = 1; index < addresses.length; index++)
    assert.ok(addresses[index]! - addresses[index - 1]! >= BUFFER_SIZE);
  for (const [index, buffer] of buffers.entries()) buffer.bytes.fill(index);
  for (const [index, buffer] of buffers.entries()) assert.ok(buffer.bytes.every((byte) => byte === index));
  assert.equal(pool.inUse, 200);
  for (const buffer of buffers) pool.give(buffer);
  assert.equal(pool.inUse, 0);
});

test("a reader that fills its buffer gets a larger one, while there are any, and may give it back like any other", () => {
  const pool = new BufferPool();
  const held: ByteBuffer[] = [];
  for (;;) {
    const small = pool.take();
    const grown = pool.grow(small);
    held.push(grown);
    if (grown === small) break;
    assert.equal(grown.room, BULK_SIZE);
    assert.equal(pool.grow(grown), grown, "it does not grow further");
  }
  assert.equal(held.length, 257);
  assert.equal(pool.inUse, 257);
  for (const buffer of held) pool.give(buffer);
  assert.equal(pool.inUse, 0);
  assert.equal(pool.take().bytes.length, BUFFER_SIZE);
  assert.equal(pool.grow(pool.take()).bytes.length, BULK_SIZE);
});

test("compacting moves what is filled down to an offset, and makes its room at the end", () => {
  const buffer = new BufferPool().take();
  buffer.bytes.set(Buffer.from("....hello"));
  buffer.start = 4;
  buffer.end = 9;
  buffer.compact(1);
  assert.deepEqual([buffer.start, buffer.end, buffer.room], [1, 6, BUFFER_SIZE - 6]);
  assert.equal(Buffer.from(buffer.bytes.subarray(1, 6)).toString(), "hello");
  buffer.compact(3);
  assert.deepEqual([buffer.start, buffer.end], [1, 6], "it never moves upwards");
});
