import assert from "node:assert/strict";
import { test } from "node:test";

import { classOf, classify } from "../../stationplan/webmap/assets/colours.js";
import { bordersOnce, inside, latOf, lonOf, metresPerUnit, namePlace, nearest, worldX, worldY }
  from "../../stationplan/webmap/assets/geometry.js";
import { languageOf } from "../../stationplan/webmap/assets/language.js";
import { find } from "../../stationplan/webmap/assets/list.js";
import { toGcj02 } from "../../stationplan/webmap/assets/tiles.js";

const RAMP = ["a", "b", "c", "d", "e"];
const box = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ side) =>
  [[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
const rings = (/** @type {number[][][]} */ ...list) => ({
  x: Float64Array.from(list.flat().map((point) => point[0])),
  y: Float64Array.from(list.flat().map((point) => point[1])),
  first: Int32Array.from([0, ...list.map((_, i) => list.slice(0, i + 1).flat().length)]),
});

test("the world is a square with Chengdu where it should be", () => {
  assert.ok(Math.abs(worldX(104.06) - 0.78905556) < 1e-8);
  assert.ok(Math.abs(lonOf(worldX(104.06)) - 104.06) < 1e-10 && Math.abs(latOf(worldY(30.66)) - 30.66) < 1e-10);
  assert.ok(Math.abs(metresPerUnit(0.5) - 40075016.686) < 1 && metresPerUnit(worldY(60)) < 20.1e6);
});

test("a hole is outside", () => {
  const lines = rings(box(0, 0, 10), box(4, 4, 2));
  assert.ok(inside(lines, [0, 1], 1, 1) && !inside(lines, [0, 1], 5, 5) && inside(lines, [0], 5, 5));
});

test("a name stands in the middle, and beside what is taken", () => {
  const place = namePlace(rings(box(0, 0, 10)), 0, []);
  assert.ok(place && Math.abs(place[0] - 5) < 0.5 && Math.abs(place[1] - 5) < 0.5);
  const beside = namePlace(rings(box(0, 0, 10)), 0, [[5, 5]]);
  assert.ok(beside && Math.hypot(beside[0] - 5, beside[1] - 5) > 2);
});

test("the nearest point of a segment", () => {
  assert.deepEqual(nearest(0, 0, 10, 0, 3, 4), { share: 0.3, square: 16 });
  assert.deepEqual(nearest(0, 0, 0, 0, 3, 4), { share: 0, square: 25 });
});

test("a border of two is drawn once", () => {
  const lines = bordersOnce(rings(box(0, 0, 1), box(1, 0, 1)));
  const segments = lines.reduce((sum, line) => sum + line.length - 1, 0);
  assert.equal(segments, 7);
});

test("classes hold about as many values each, and every value", () => {
  const values = Array.from({ length: 100 }, (_, i) => i);
  const classes = classify(values, RAMP);
  assert.deepEqual(classes.upper, [20, 40, 60, 80, 99]);
  assert.equal(classOf(classes, 20), 0);
  assert.equal(classOf(classes, 20.5), 1);
  assert.equal(classOf(classes, 1000), 4);
  assert.deepEqual(classify([0, 0], RAMP).upper, []);
  assert.deepEqual(classify([2.3, 2.3], RAMP), { upper: [2.3], colours: ["c"] });
});

test("numbers as they are said", () => {
  const english = languageOf("en", { yuan: "{amount} yuan" });
  assert.deepEqual([0, 0.01, 1.25, 9.96, 1234.5].map(english.workers), ["0", "<0.1", "1.3", "10", "1,235"]);
  assert.deepEqual([english.percent(1, 0), english.percent(1, 3), english.signed(-3), english.signed(0.01)],
    ["–", "33.3%", "−3", "0"]);
  assert.equal(languageOf("zh", { yuan: "{amount} 元" }).yuan(170000), "170,000 元");
  assert.equal(languageOf("en", { a: "{x} {y}" }).t("a", { x: "{y}", y: "$&" }), "{y} $&");
});

test("a search finds all words, in names, codes and districts", () => {
  const model = /** @type {any} */ ({
    districts: { name: ["城中区", "Anlan"], prefecture: ["锦屏", "锦屏"] },
    sites: [
      { shown: true, id: "C1", name: "Bank", address: "x", district: 1 },
      { shown: true, id: "S2", name: "驿站", address: "", district: 0 },
      { shown: false, id: "C3", name: "Bank", address: "", district: 1 },
    ],
  });
  assert.deepEqual(find(model, "bank anlan").sites.map((item) => item.id), ["C1"]);
  assert.deepEqual(find(model, "城中").sites.map((item) => item.id), ["S2"]);
  assert.deepEqual(find(model, "城中").districts, [0]);
  assert.deepEqual(find(model, " "), { sites: [], districts: [] });
});

test("GCJ-02 as the package's own Python has it", () => {
  for (const [lat, lon, wantedLat, wantedLon] of [
    [30.66, 104.06, 30.657570449195045, 104.06249594833999],
    [39.9, 116.4, 39.901403529849404, 116.40624278491117],
    [29.0, 102.5, 28.996877916157597, 102.50152376499977],
  ]) {
    const [y, x] = toGcj02(lat, lon);
    assert.ok(Math.abs(y - wantedLat) < 1e-9 && Math.abs(x - wantedLon) < 1e-9);
  }
});
