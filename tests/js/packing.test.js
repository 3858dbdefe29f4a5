import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { sums, unpackArrays, unpackBlock, unpackCells, unpackLines, unpackPolygons }
  from "../../stationplan/webmap/assets/packing.js";

const float = (/** @type {number[]} */ ...values) => Float64Array.from(values);

test("numbers take seven bits a byte, lowest first, the sign lowest of all", () => {
  const bytes = Uint8Array.from([0x00, 0x01, 0x02, 0x7e, 0x80, 0x01, 0xd7, 0x04]);
  assert.deepEqual(unpackArrays(bytes, 0, [2, 0, 4]), [float(0, -1), float(), float(1, 63, 64, -300)]);
});

test("numbers past 2^31 keep all their digits", () => {
  const bytes = Uint8Array.from([0x80, 0xc0, 0xa8, 0xca, 0x9a, 0x3a, 0xff, 0xff, 0xb3, 0xcc, 0xd4, 0xdf, 0xc6, 0x03]);
  assert.deepEqual(unpackArrays(bytes, 0, [2]), [float(10 ** 12, -(10 ** 15))]);
});

test("a block is base64 of deflated JSON and arrays", async () => {
  const json = new TextEncoder().encode('{"name":"\\u9a7f</script>","packed":[2]}');
  const block = deflateSync(Uint8Array.from([json.length, 0, 0, 0, ...json, 2, 1])).toString("base64");
  const { content, arrays } = await unpackBlock(`\n${block}\n`);
  assert.equal(content.name, "驿</script>");
  assert.deepEqual(arrays, [float(1, -1)]);
});

test("sums of steps", () => assert.deepEqual(sums(float(5, -2, 0)), float(5, 3, 3)));

test("the first point of a line is a step from the first one of the line before", () => {
  const arrays = [float(10, 20, 1, 1, 5, 5, -1, 0), float(2, 0, 2)];
  const { lat, lon, first } = unpackLines({ points: 0, sizes: 1 }, arrays);
  assert.deepEqual([...lat], [10, 11, 15, 14]);
  assert.deepEqual([...lon], [20, 21, 25, 25]);
  assert.deepEqual([...first], [0, 2, 2, 4]);
});

test("cells that are alike keep only what differs", () => {
  const arrays = [float(0, 0, 0, 10, 9, 9), float(3, 3, 2), float(5, 0, 5, 5, 0, 1, 0, 0, 7, 7)];
  const { lat, lon } = unpackCells({ starts: 0, sizes: 1, away: 2 }, arrays);
  assert.deepEqual([...lat], [0, 5, 5, 0, 5, 5, 9, 16]);
  assert.deepEqual([...lon], [0, 0, 5, 10, 11, 15, 19, 26]);
});

test("polygons are rings by number, also where a shape has none", () => {
  const arrays = [float(), float(0, 0, 0), float(2, 1), float(1, 0, 1)];
  const { shapes } = unpackPolygons({ points: 0, sizes: 1, rings: 2, parts: 3 }, arrays);
  assert.deepEqual(shapes, [[[0, 1]], [], [[2]]]);
});
