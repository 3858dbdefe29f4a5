import assert from "node:assert/strict";
import { test } from "node:test";

import { metresPerUnit } from "../../stationplan/webmap/assets/geometry.js";
import { Heap, Walker } from "../../stationplan/webmap/assets/walking.js";

const METRE = 1 / metresPerUnit(0.5);

/** A street of two lines along the equator, 0-1 and 1-2, each 100 m and 80 seconds, and a one-way lane from 0 to 3.
 * @param {{back?: number[]}} [given] */
function street({ back = [80, 80, 0] } = {}) {
  const at = (/** @type {number[]} */ ...metres) => Float64Array.from(metres, (value) => 0.5 + value * METRE);
  return new Walker({
    lines: { x: at(0, 100, 100, 200, 0, 0), y: at(0, 0, 0, 0, 0, -100), first: Int32Array.of(0, 2, 4, 6) },
    major: 1, junctions: 4, from: Float64Array.of(0, 1, 0), to: Float64Array.of(1, 2, 3),
    forth: Float64Array.of(80, 80, 80), back: Float64Array.from(back),
  });
}

test("a place beside the road meets it at the foot of the perpendicular", () => {
  const met = street().snap(0.5 + 25 * METRE, 0.5 + 10 * METRE);
  assert.equal(met?.line, 0);
  assert.ok(Math.abs(met.share - 0.25) < 1e-6 && Math.abs(met.metres - 10) < 1e-3);
  assert.equal(street().snap(0.5 + 3000 * METRE, 0.5), null);
});

test("ways lead to the place, against one-way lanes in the search", () => {
  const walker = street();
  const { seconds } = walker.search([[0.5, 0.5]], 1000);
  // From junction 3 nobody may walk down the lane that leads to it.
  assert.deepEqual([...seconds].map(Math.round), [0, 80, 160, Infinity]);
  const end = walker.search([[0.5, 0.5 - 100 * METRE]], 1000);
  assert.deepEqual([...end.seconds].map(Math.round), [80, 160, 240, Infinity]);
});

test("stretches end where the last second does", () => {
  const walker = street();
  const found = walker.search([[0.5 + 50 * METRE, 0.5]], 60);
  const stretches = walker.stretches(found, 60).filter((item) => item.line === 1);
  assert.equal(stretches.length, 1);
  assert.ok(Math.abs(stretches[0].from) < 1e-9 && Math.abs(stretches[0].to - 0.25) < 0.01);
});

test("a place in the middle of a long line reaches along it without a junction", () => {
  const walker = street();
  const stretches = walker.stretches(walker.search([[0.5 + 50 * METRE, 0.5]], 20), 20);
  assert.equal(stretches.length, 1);
  assert.ok(Math.abs(stretches[0].from - 0.25) < 0.01 && Math.abs(stretches[0].to - 0.75) < 0.01);
});

test("a heap gives back in order", () => {
  const heap = new Heap();
  const values = [5, 3, 8, 1, 9, 2, 7, 3];
  values.forEach((value, i) => heap.push(value, i));
  const out = [];
  while (heap.size) out.push(heap.pop()[0]);
  assert.deepEqual(out, [...values].sort((a, b) => a - b));
});
