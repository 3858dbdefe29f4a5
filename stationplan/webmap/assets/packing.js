/**
 * Unpacks a block of `stationplan.webmap.packing`: base64, deflate, JSON text, and arrays of integers.
 */

/** @typedef {import("./geometry.js").Shapes} Shapes */

/**
 * @typedef {{content: any, arrays: Float64Array[]}} Unpacked
 * @typedef {{points: number, sizes: number}} PackedLines
 * @typedef {{starts: number, sizes: number, away: number}} PackedCells
 * @typedef {PackedLines & {rings: number, parts: number}} PackedPolygons
 */

/** @param {string} text @returns {Promise<Unpacked>} */
export async function unpackBlock(text) {
  const letters = atob(text.trim());
  const packed = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) packed[i] = letters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { content, arrays: unpackArrays(bytes, 4 + length, content.packed) };
}

/** Arrays of zigzag integers with seven bits per byte, lowest first.
 * @param {Uint8Array} bytes @param {number} start @param {number[]} counts @returns {Float64Array[]} */
export function unpackArrays(bytes, start, counts) {
  let at = start;
  return counts.map((count) => {
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      let byte = bytes[at++];
      let coded = byte & 127;
      // Bitwise operators would overflow beyond 2^31.
      for (let unit = 128; byte & 128; unit *= 128) {
        byte = bytes[at++];
        coded += (byte & 127) * unit;
      }
      values[i] = coded % 2 ? -(coded + 1) / 2 : coded / 2;
    }
    return values;
  });
}

/** Cumulative sums of differences. @param {Float64Array} steps */
export function sums(steps) {
  let total = 0;
  return steps.map((step) => (total += step));
}

/** Lines in integer degrees times the scale: latitudes, longitudes, and the first point of each line.
 * @param {PackedLines} packed @param {Float64Array[]} arrays @returns {Shapes} */
export function unpackLines(packed, arrays) {
  const [points, sizes] = [arrays[packed.points], arrays[packed.sizes]];
  const shapes = emptyShapes(points.length / 2, sizes);
  const { lat, lon, first } = shapes;
  let [startLat, startLon] = [0, 0];
  for (let line = 0; line < sizes.length; line++) {
    for (let i = first[line]; i < first[line + 1]; i++) {
      const begins = i === first[line];
      lat[i] = points[2 * i] + (begins ? startLat : lat[i - 1]);
      lon[i] = points[2 * i + 1] + (begins ? startLon : lon[i - 1]);
      if (begins) [startLat, startLon] = [lat[i], lon[i]];
    }
  }
  return shapes;
}

/** @param {PackedCells} packed @param {Float64Array[]} arrays @returns {Shapes} */
export function unpackCells(packed, arrays) {
  const [starts, sizes, away] = [arrays[packed.starts], arrays[packed.sizes], arrays[packed.away].slice()];
  const shapes = emptyShapes(starts.length / 2 + away.length / 2, sizes);
  const { lat, lon, first } = shapes;
  let [startLat, startLon, read, begun] = [0, 0, 0, 0];
  for (let cell = 0; cell < sizes.length; cell++) {
    const size = sizes[cell];
    if (!size) continue;
    startLat += starts[begun++];
    startLon += starts[begun++];
    const alike = cell > 0 && sizes[cell - 1] === size;
    lat[first[cell]] = startLat;
    lon[first[cell]] = startLon;
    for (let i = 1; i < size; i++, read += 2) {
      if (alike) {
        away[read] += away[read - 2 * (size - 1)];
        away[read + 1] += away[read + 1 - 2 * (size - 1)];
      }
      lat[first[cell] + i] = startLat + away[read];
      lon[first[cell] + i] = startLon + away[read + 1];
    }
  }
  return shapes;
}

/** Polygons of each shape, as the numbers of their rings among `lines`, outer rings first.
 * @param {PackedPolygons} packed @param {Float64Array[]} arrays @returns {{lines: Shapes, shapes: number[][][]}} */
export function unpackPolygons(packed, arrays) {
  const [rings, parts] = [arrays[packed.rings], arrays[packed.parts]];
  let [ring, part] = [0, 0];
  const shapes = Array.from(parts, (count) => Array.from({ length: count }, () =>
    Array.from({ length: rings[part++] }, () => ring++)));
  return { lines: unpackLines(packed, arrays), shapes };
}

/** @param {number} points @param {Float64Array} sizes @returns {Shapes} */
function emptyShapes(points, sizes) {
  const first = new Int32Array(sizes.length + 1);
  for (let i = 0; i < sizes.length; i++) first[i + 1] = first[i] + sizes[i];
  return { lat: new Float64Array(points), lon: new Float64Array(points), first };
}
