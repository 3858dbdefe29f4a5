import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { tickLabels } from "../../stationplan/webmap/assets/daybar.js";
import { loadModel } from "../../stationplan/webmap/assets/model.js";

test("a block of another version is refused with both versions", async () => {
  for (const version of [1, 99, undefined]) {
    const json = new TextEncoder().encode(JSON.stringify({ version, packed: [] }));
    const block = deflateSync(Uint8Array.from([json.length, 0, 0, 0, ...json])).toString("base64");
    await assert.rejects(loadModel(block), new RegExp(`of version ${version}; this page reads version \\d+\\.`));
  }
});

/** @param {number} minutes of a slot */
const day = (minutes) => Array.from({ length: 1440 / minutes }, (_, i) =>
  ({ hours: `${String(Math.floor((i * minutes) / 60)).padStart(2, "0")}:00` }));

test("few slots are all labelled, of many about eight", () => {
  assert.deepEqual(tickLabels("All", day(240)), ["All", "00", "04", "08", "12", "16", "20"]);
  assert.deepEqual(tickLabels("All", day(30)).filter(Boolean), ["All", "03", "06", "09", "12", "15", "18", "21"]);
  assert.equal(tickLabels("All", day(30)).length, 49);
  assert.deepEqual(tickLabels("All", day(60)).filter(Boolean), ["All", "03", "06", "09", "12", "15", "18", "21"]);
});
