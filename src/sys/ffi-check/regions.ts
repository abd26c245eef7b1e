/** The memory that C may be given, in this thread: it does not move, and a call stays within one piece of it. */
import { callStack } from "./call-stack.js";
import { violation } from "./violation.js";

/**
 * V8 keeps the bytes of a typed array of up to this size on its own heap, until something asks for the ArrayBuffer
 * behind it (`v8_typed_array_max_size_in_heap`): the collector moves them.
 */
export const LARGEST_MOVABLE = 64;
const PAGE = 4096;

interface Region {
  readonly start: number;
  readonly end: number;
  /** Where it was given up, for memory that is used again and again. */
  retiredBy: string | undefined;
}

/** By page of 4 KB: all regions that touch it. Of memory that was collected they stay until its place is taken. */
const regions = new Map<number, Region[]>();
/** By their start, of the smallest that starts there. */
const byStart = new Map<number, Region>();

/** Refuses memory that may move or go away while C has its address. */
export function assertPinned(view: ArrayBufferView): void {
  const size = view.byteLength;
  if (size <= LARGEST_MOVABLE)
    violation(`an address is taken of ${size} bytes, which V8 may keep on its heap and move`);
  const { buffer } = view as { buffer: ArrayBufferLike & { resizable?: boolean; growable?: boolean } };
  if (buffer.resizable === true || buffer.growable === true)
    violation("an address is taken of a buffer that can be resized, and may move or lose its end");
  if (!(buffer instanceof SharedArrayBuffer) && buffer.byteLength === 0)
    violation("an address is taken of a buffer that was transferred to another thread");
}

/** Notes pinned memory. What the allocator had given out there before is gone. */
export function register(start: number, size: number): void {
  forEachPage(start, size, (page) => {
    const left = (regions.get(page) ?? []).filter((other) => other.end <= start || other.start >= start + size);
    regions.set(page, left);
  });
  carve(start, size);
}

/** Notes a piece of pinned memory with an owner of its own: a call must not reach beyond it. */
export function carve(start: number, size: number): void {
  const region = { start, end: start + size, retiredBy: undefined };
  byStart.set(start, region);
  forEachPage(start, size, (page) => {
    const others = regions.get(page);
    if (others === undefined) regions.set(page, [region]);
    else others.push(region);
  });
}

/** Its owner has given the piece up: nobody may use it before it is given out again. */
export function retire(start: number): void {
  const region = byStart.get(start);
  if (region === undefined) violation(`memory at 0x${start.toString(16)} is given up that was never given out`);
  if (region.retiredBy !== undefined) violation(`a buffer is given up twice; first\n${region.retiredBy}`);
  region.retiredBy = callStack();
}

export function revive(start: number): void {
  const region = byStart.get(start);
  if (region !== undefined) region.retiredBy = undefined;
}

/** Memory that `call` may read or write, all of it. */
export function within(start: number, size: number, call: string): void {
  const region = smallestAt(start);
  const what = `${call} is given ${size} bytes at 0x${start.toString(16)}`;
  if (region === undefined) violation(`${what}, which is no pinned memory`);
  if (start + size > region.end) violation(`${what}, of which ${start + size - region.end} are not its own`);
  if (region.retiredBy !== undefined) violation(`${what}, which was given up\n${region.retiredBy}`);
}

/** Memory that may be C's own; where it is ours the call must stay within it. */
export function withinIfOurs(start: number, size: number, call: string): void {
  if (smallestAt(start) !== undefined) within(start, size, call);
}

function smallestAt(address: number): Region | undefined {
  let best: Region | undefined;
  for (const region of regions.get(Math.floor(address / PAGE)) ?? [])
    if (region.start <= address && address < region.end)
      if (best === undefined || region.end - region.start <= best.end - best.start) best = region;
  return best;
}

function forEachPage(start: number, size: number, visit: (page: number) => void): void {
  const last = Math.floor((start + size - 1) / PAGE);
  for (let page = Math.floor(start / PAGE); page <= last; page++) visit(page);
}
