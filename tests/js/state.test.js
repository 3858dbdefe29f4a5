import assert from "node:assert/strict";
import { test } from "node:test";

import { fragment, quoted } from "../../stationplan/webmap/assets/fragment.js";
import { emptyState, readState, writeState } from "../../stationplan/webmap/assets/hash.js";

test("what was written is read back", () => {
  /** @type {import("../../stationplan/webmap/assets/hash.js").State} */
  const state = {
    view: [30.66, 104.06, 12.25], group: "rider", slot: "noon", site: "C 1&=,#%", on: ["C2", "a,b"], off: ["S/3"],
    layers: [], tab: "sites",
  };
  assert.deepEqual(readState(`#${writeState(state)}`), state);
  assert.deepEqual(readState(writeState(emptyState())), emptyState());
});

test("nonsense in the address counts for nothing", () => {
  for (const text of ["#", "#at=1,2", "#at=a,b,c", "#site=%E0%A4%A", "#__proto__=1&constructor=2", "#=&&=x"]) {
    assert.deepEqual(readState(text), emptyState(), text);
  }
});

/** @param {number} row @param {Partial<import("../../stationplan/webmap/assets/model.js").Site>} [given] */
const site = (row, given = {}) => /** @type {any} */ ({
  row, id: `C${row}`, existing: false, counted: true, forbidden: false, order: 0, ...given,
});

test("a choice becomes a plan without freedom", () => {
  const sites = [
    site(0, { order: 1 }), site(1, { order: 2 }), site(2), site(3, { counted: false }), site(4),
    site(5, { existing: true, id: "S5" }), site(6, { existing: true, id: "S6" }),
  ];
  const stands = new Set([0, 2, 6]);
  const text = fragment(sites, (row) => stands.has(row), "a.toml", ["510104"], ["floor_share = 0"], "made\nhere");
  assert.equal(text, [
    "# made here", 'extends = "a.toml"', "", "[area]", 'only = ["510104"]', "", "[plan]", "floor_share = 0", "new = 2", 'required = ["C0", "C2"]',
    'forbidden = ["C1", "C3"]', 'closable = ["S5"]', "close = 1", "",
  ].join("\n"));
});

test("any id is a string of TOML", () => {
  assert.equal(quoted('a"b\\c\n\x7f\u2028驿'), '"a\\"b\\\\c\\n\\u007f\u2028驿"');
});
