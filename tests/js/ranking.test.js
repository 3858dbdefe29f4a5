import assert from "node:assert/strict";
import { test } from "node:test";

import { ranked, shareOf } from "../../stationplan/webmap/assets/ranking.js";

const unit = (/** @type {number|null} */ before, /** @type {number|null} */ after, /** @type {number|null} */ cross) => ({
  name: "", about: "", workers: 1, before, after, cross, new: 0, cost: 0,
  links: /** @type {[string, string][]} */ ([]), reason: "",
});
const units = [unit(0.2, 0.5, 0.1), unit(null, null, null), unit(0.4, 0.9, 0), unit(0.1, 0.5, 0.3)];

test("the gain is what the plan adds, and nothing is known of a unit without a plan", () => {
  assert.equal(shareOf(units[2], "gained"), 0.5);
  assert.equal(shareOf(units[1], "gained"), null);
  assert.equal(shareOf(units[1], "after"), null);
});

test("units are ranked by what is shown, equal ones as they come, those without a plan last", () => {
  assert.deepEqual(ranked(units, "after"), [2, 0, 3, 1]);
  assert.deepEqual(ranked(units, "before"), [2, 0, 3, 1]);
  assert.deepEqual(ranked(units, "cross"), [3, 0, 2, 1]);
});
