/**
 * Geometry of the map. Positions are in world units: the Web Mercator world is a unit square, x to the east and y to
 * the south, both from 0 to 1; a pixel at zoom z is 1 / (256 * 2^z).
 */

/**
 * @typedef {{lat: Float64Array, lon: Float64Array, first: Int32Array}} Shapes consecutive lines; line i has the points
 *   from `first[i]` to `first[i + 1]`, exclusive
 * @typedef {{x: Float64Array, y: Float64Array, first: Int32Array}} Lines the same in world units
 * @typedef {{west: number, north: number, east: number, south: number}} Box
 */

const EARTH_M = 40_075_016.686;

/** @param {number} lon degrees */
export function worldX(lon) {
  return lon / 360 + 0.5;
}

/** @param {number} lat degrees */
export function worldY(lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

/** @param {number} x */
export function lonOf(x) {
  return (x - 0.5) * 360;
}

/** @param {number} y */
export function latOf(y) {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}

/** Metres per world unit at a position y of the map. @param {number} y */
export function metresPerUnit(y) {
  return EARTH_M * Math.cos((latOf(y) * Math.PI) / 180);
}

/** @param {Shapes} shapes @param {number} scale units per degree @returns {Lines} */
export function project(shapes, scale) {
  const { lat, lon, first } = shapes;
  return { x: lon.map((value) => worldX(value / scale)), y: lat.map((value) => worldY(value / scale)), first };
}

/** The bounding boxes of lines. @param {Lines} lines @returns {Box[]} */
export function boxes({ x, y, first }) {
  return Array.from({ length: first.length - 1 }, (_, line) => {
    const box = { west: Infinity, north: Infinity, east: -Infinity, south: -Infinity };
    for (let i = first[line]; i < first[line + 1]; i++) {
      if (x[i] < box.west) box.west = x[i];
      if (x[i] > box.east) box.east = x[i];
      if (y[i] < box.north) box.north = y[i];
      if (y[i] > box.south) box.south = y[i];
    }
    return box;
  });
}

/** @param {Box} a @param {Box} b */
export function overlap(a, b) {
  return a.west <= b.east && a.east >= b.west && a.north <= b.south && a.south >= b.north;
}

/** Whether a point is inside rings, including holes, by the even-odd rule.
 * @param {Lines} lines @param {number[]} rings @param {number} px @param {number} py */
export function inside({ x, y, first }, rings, px, py) {
  let within = false;
  for (const ring of rings) {
    for (let i = first[ring], j = first[ring + 1] - 1; i < first[ring + 1]; j = i++) {
      if (y[i] > py !== y[j] > py && px < ((x[j] - x[i]) * (py - y[i])) / (y[j] - y[i]) + x[i]) within = !within;
    }
  }
  return within;
}

/**
 * A position for the name of a ring: of the points of a grid inside the ring, the one farthest from the outline; a
 * second search with a finer grid is made around the first result. The outline is thinned to 240 points, which is
 * enough for a name.
 * @param {Lines} lines @param {number} ring @param {[number, number][]} taken positions to keep away from as well
 * @returns {[number, number]|null}
 */
export function namePlace({ x, y, first }, ring, taken) {
  const step = Math.ceil((first[ring + 1] - first[ring]) / 240);
  /** @type {[number, number][]} */
  const thin = [];
  for (let i = first[ring]; i < first[ring + 1]; i += step) thin.push([x[i], y[i]]);
  if (thin.length < 3) return null;
  const outline = {
    x: Float64Array.from(thin, (point) => point[0]), y: Float64Array.from(thin, (point) => point[1]),
    first: Int32Array.of(0, thin.length),
  };
  const box = boxes(outline)[0];
  /** @type {[number, number]|null} */
  let best = null;
  let margin = -1;
  const steps = 14;
  let [left, top, width, height] = [box.west, box.north, box.east - box.west, box.south - box.north];
  for (let round = 0; round < 2; round++) {
    for (let i = 1; i < steps; i++) {
      for (let j = 1; j < steps; j++) {
        const [px, py] = [left + (width * i) / steps, top + (height * j) / steps];
        if (!inside(outline, [0], px, py)) continue;
        const found = taken.reduce((least, [tx, ty]) => Math.min(least, (tx - px) ** 2 + (ty - py) ** 2),
          clearance(thin, px, py));
        if (found > margin) [best, margin] = [[px, py], found];
      }
    }
    if (!best) return thin[0];
    [width, height] = [(width * 2) / steps, (height * 2) / steps];
    [left, top] = [best[0] - width / 2, best[1] - height / 2];
  }
  return best;
}

/** Squared distance to an outline. @param {[number, number][]} outline @param {number} px @param {number} py */
function clearance(outline, px, py) {
  let least = Infinity;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    least = Math.min(least, nearest(outline[j][0], outline[j][1], outline[i][0], outline[i][1], px, py).square);
  }
  return least;
}

/** The point of a segment nearest to a position: its share of the length, and the squared distance.
 * @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} px @param {number} py */
export function nearest(ax, ay, bx, by, px, py) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const share = length ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0;
  return { share, square: (ax + share * dx - px) ** 2 + (ay + share * dy - py) ** 2 };
}

/**
 * Outlines in which each segment occurs once: a border between two districts is drawn as one line, as otherwise the
 * dashes of one would fill the gaps of the other. Returns sequences of points.
 * @param {Lines} rings @returns {[number, number][][]}
 */
export function bordersOnce({ x, y, first }) {
  const drawn = new Set();
  /** @type {[number, number][][]} */
  const lines = [];
  for (let ring = 0; ring + 1 < first.length; ring++) {
    const size = first[ring + 1] - first[ring];
    /** @type {[number, number][]} */
    let line = [];
    for (let i = 0; i < size; i++) {
      const [a, b] = [first[ring] + i, first[ring] + ((i + 1) % size)];
      const [from, to] = [`${x[a]} ${y[a]}`, `${x[b]} ${y[b]}`];
      const key = from < to ? `${from},${to}` : `${to},${from}`;
      if (from === to || drawn.has(key)) {
        if (line.length) lines.push(line);
        line = [];
      } else {
        drawn.add(key);
        if (!line.length) line.push([x[a], y[a]]);
        line.push([x[b], y[b]]);
      }
    }
    if (line.length) lines.push(line);
  }
  return lines;
}
