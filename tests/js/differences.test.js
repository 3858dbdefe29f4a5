import assert from "node:assert/strict";
import { test } from "node:test";

import { matched, siteChanges } from "../../stationplan/webmap/assets/differences.js";

const plan = (/** @type {Record<string, number>} */ orders) =>
  /** @type {any[]} */ (Object.entries(orders).map(([id, order]) => ({ id, order })));

test("sites are kept, added and dropped by their codes, in build order", () => {
  const changes = siteChanges(plan({ a: 2, b: 1, c: 0, d: 3 }), plan({ a: 1, b: 0, c: 3, e: 2 }));
  const ids = (/** @type {any[]} */ sites) => sites.map((site) => site.id);
  assert.deepEqual([ids(changes.kept), ids(changes.added), ids(changes.dropped)], [["a"], ["e", "c"], ["b", "d"]]);
});

test("parts of several plans are matched by key, also those that one lacks", () => {
  const rows = matched([[{ key: "x", name: "X" }, { key: "y", name: "Y" }], [{ key: "y", name: "Y2" }, { key: "z", name: "Z" }]]);
  assert.deepEqual(rows, [{ name: "X", at: [0, -1] }, { name: "Y", at: [1, 0] }, { name: "Z", at: [-1, 1] }]);
});
