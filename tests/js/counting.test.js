import assert from "node:assert/strict";
import { test } from "node:test";

import { Ledger, coverOf, sumOf } from "../../stationplan/webmap/assets/counting.js";

/** Four cells in two districts, two groups, two slots, three sites: A reaches cells 0-1 in both slots, B cells 1-2 in
 * the second slot only and for the first group only, C all cells. */
function small() {
  const demand = {
    cells: 4, districts: 2, district: Float64Array.of(0, 0, 1, 1), parts: 10,
    heads: [Float64Array.of(10, 20, 30, 40), Float64Array.of(100, 0, 0, 5)], share: [[0.5, 0.5], [1, 0]],
  };
  const arrays = [
    Float64Array.of(1, 1, 1, -1, 0, -1), // runs of A, B and C for the first group, then for the second
    Float64Array.of(0, 1, 0), Float64Array.of(2, 2, 4),
  ];
  const cover = coverOf({ runs: 0, gap: 1, length: 2 }, arrays, 3,
    [Uint8Array.of(1, 0, 1), Uint8Array.of(1, 1, 1)]);
  return new Ledger(demand, cover);
}

test("a group may have the cells of the one before", () => {
  const { cover } = small();
  assert.deepEqual([...cover.first], [0, 1, 2, 0, 3, 2]);
  assert.deepEqual([...cover.last], [1, 2, 3, 1, 3, 3]);
  assert.deepEqual([...cover.start], [0, 1, 0]);
  assert.deepEqual([...cover.end], [2, 3, 4]);
});

test("coverage by hand", () => {
  const ledger = small();
  ledger.set(0, true);
  assert.deepEqual(ledger.count(), { total: 20.5, once: 13, twice: 0 });
  ledger.set(1, true);
  // B adds cell 2 in the second slot, and covers cell 1 there a second time
  assert.deepEqual(ledger.count(), { total: 20.5, once: 14.5, twice: 1 });
  assert.deepEqual(ledger.count({ slot: 1 }), { total: 5, once: 3, twice: 1 });
  assert.deepEqual(ledger.count({ group: 1 }), { total: 10.5, once: 10, twice: 0 });
  assert.deepEqual(ledger.count({ district: 1 }), { total: 7.5, once: 1.5, twice: 0 });
});

test("what a site alone covers is lost without it and gained with it", () => {
  const ledger = small();
  ledger.set(0, true);
  const gain = ledger.alone(1);
  assert.deepEqual(gain, [[0, 1.5], [0, 0]]);
  ledger.set(1, true);
  assert.deepEqual(ledger.alone(1), gain);
  assert.equal(sumOf(ledger.reach(1)), 2.5);
  assert.equal(sumOf(gain, { slot: 0 }), 0);
});

test("any order of switching, and there and back, leaves the same numbers", () => {
  const [one, other] = [small(), small()];
  for (const site of [0, 1, 2]) one.set(site, true);
  one.set(1, false);
  for (const site of [2, 1, 0, 1]) other.set(site, site !== 1 || !other.standing[1]);
  assert.deepEqual(one.copy(), other.copy());
  one.set(0, false);
  one.set(2, false);
  assert.deepEqual(one.copy(), small().copy());
});

test("setting twice counts once", () => {
  const ledger = small();
  ledger.set(0, true);
  ledger.set(0, true);
  ledger.set(0, false);
  assert.deepEqual(ledger.copy(), small().copy());
});

test("cells by group and slot, of now and of a copy", () => {
  const ledger = small();
  const before = ledger.copy();
  ledger.set(0, true);
  const { workers, uncovered } = ledger.byCell({ group: 0, slot: 1 });
  assert.deepEqual([...workers], [0.5, 1, 1.5, 2]);
  assert.deepEqual([...uncovered], [0, 0, 1.5, 2]);
  assert.deepEqual([...ledger.byCell({}, before).uncovered], [11, 2, 3, 4.5]);
  assert.equal(ledger.count({}, before).once, 0);
});

test("random choices agree with a count of its own", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const ledger = small();
  for (let round = 0; round < 200; round++) {
    ledger.set(Math.floor(random() * 3), random() < 0.5);
    const near = [[0, 1], [1, 2], [0, 1, 2, 3]];
    let [once, twice] = [0, 0];
    for (let g = 0; g < 2; g++) for (let s = 0; s < 2; s++) for (let c = 0; c < 4; c++) {
      const count = [0, 1, 2].filter((j) => ledger.standing[j] && near[j].includes(c)
        && (j !== 1 || (g === 0 && s === 1))).length;
      const workers = ledger.demand.heads[g][c] * ledger.demand.share[g][s] / 10;
      if (count > 0) once += workers;
      if (count > 1) twice += workers;
    }
    const counted = ledger.count();
    assert.ok(Math.abs(counted.once - once) < 1e-9 && Math.abs(counted.twice - twice) < 1e-9);
  }
});
