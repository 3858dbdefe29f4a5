/** Walking times along the roads of the page: from every junction to a site, and stretches of road within a limit. */

import { metresPerUnit, nearest } from "./geometry.js";

/** @typedef {import("./geometry.js").Lines} Lines */
/**
 * @typedef {object} Roads
 * @property {Lines} lines between junctions
 * @property {number} major number of lines of main roads, which come first
 * @property {number} junctions number of junctions
 * @property {Float64Array} from junction where a line begins
 * @property {Float64Array} to junction where it ends
 * @property {Float64Array} forth walking seconds along the line, 0 if walking is barred
 * @property {Float64Array} back walking seconds in the opposite direction
 *
 * @typedef {{line: number, from: number, to: number}} Stretch a part of a line; ends are shares of its length
 */

const SNAP_M = 500;

/** Computes walking times over the roads of a page. */
export class Walker {
  /** @param {Roads} roads */
  constructor(roads) {
    this.roads = roads;
    const { lines, forth, back, from, to, junctions } = roads;
    const count = forth.length;
    this.metres = new Float64Array(count);
    let [metres, seconds] = [0, 0];
    for (let line = 0; line < count; line++) {
      this.metres[line] = lengthOf(lines, line);
      if (forth[line]) [metres, seconds] = [metres + this.metres[line], seconds + forth[line]];
    }
    /** Walking speed off the roads in metres per second, equal to the mean on roads. */
    this.speed = seconds ? metres / seconds : 1.25;
    this.first = new Int32Array(junctions + 1);
    for (let line = 0; line < count; line++) {
      this.first[from[line] + 1]++;
      this.first[to[line] + 1]++;
    }
    for (let node = 0; node < junctions; node++) this.first[node + 1] += this.first[node];
    const filled = this.first.slice(0, -1);
    this.lineAt = new Int32Array(2 * count);
    for (let line = 0; line < count; line++) {
      this.lineAt[filled[from[line]]++] = line;
      this.lineAt[filled[to[line]]++] = line;
    }
    /** Segments by grid square, each as its line and the number of its second point.
     * @type {Map<string, [number, number][]>} */
    this.squares = new Map();
    const middle = lines.y.length ? lines.y[0] : 0.5;
    this.side = SNAP_M / metresPerUnit(middle);
    for (let line = 0; line < count; line++) {
      if (!forth[line] && !back[line]) continue;
      for (let i = lines.first[line] + 1; i < lines.first[line + 1]; i++) this.put(line, i);
    }
  }

  /** @param {number} line @param {number} i */
  put(line, i) {
    const { x, y } = this.roads.lines;
    const { side } = this;
    const [left, right] = [Math.min(x[i - 1], x[i]), Math.max(x[i - 1], x[i])];
    const [top, bottom] = [Math.min(y[i - 1], y[i]), Math.max(y[i - 1], y[i])];
    for (let u = Math.floor(left / side); u <= right / side; u++) {
      for (let v = Math.floor(top / side); v <= bottom / side; v++) {
        const key = `${u} ${v}`;
        const here = this.squares.get(key);
        if (here) here.push([line, i]);
        else this.squares.set(key, [[line, i]]);
      }
    }
  }

  /** The nearest point on roads to a place: line, share of its length, and distance in metres; null if none is near.
   * @param {number} px @param {number} py */
  snap(px, py) {
    const { x, y } = this.roads.lines;
    const [u, v] = [Math.floor(px / this.side), Math.floor(py / this.side)];
    let best = null;
    let least = this.side ** 2;
    for (let i = u - 1; i <= u + 1; i++) {
      for (let j = v - 1; j <= v + 1; j++) {
        for (const [line, point] of this.squares.get(`${i} ${j}`) || []) {
          const found = nearest(x[point - 1], y[point - 1], x[point], y[point], px, py);
          if (found.square < least) {
            least = found.square;
            best = { line, point, share: found.share };
          }
        }
      }
    }
    if (!best) return null;
    return {
      line: best.line,
      share: this.shareAt(best.line, best.point, best.share),
      metres: Math.sqrt(least) * metresPerUnit(py),
    };
  }

  /** Share of the length of a line up to a position on the segment that ends in `point`.
   * @param {number} line @param {number} point @param {number} share of the segment */
  shareAt(line, point, share) {
    const { x, y, first } = this.roads.lines;
    let [before, all] = [0, 0];
    for (let i = first[line] + 1; i < first[line + 1]; i++) {
      const length = Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]);
      before += i < point ? length : i === point ? length * share : 0;
      all += length;
    }
    return all ? before / all : 0;
  }

  /**
   * Walking seconds from every junction to the nearest of some places, up to a limit; infinite beyond it. People walk
   * towards a place, so lines are searched against their direction.
   * @param {[number, number][]} places @param {number} limit seconds
   * @returns {{seconds: Float64Array, snaps: {line: number, share: number, seconds: number}[]}}
   */
  search(places, limit) {
    const { from, to, forth, back, junctions } = this.roads;
    const seconds = new Float64Array(junctions).fill(Infinity);
    const heap = new Heap();
    const snaps = [];
    /** @param {number} node @param {number} value */
    const offer = (node, value) => {
      if (value > limit || value >= seconds[node]) return;
      seconds[node] = value;
      heap.push(value, node);
    };
    for (const [px, py] of places) {
      const met = this.snap(px, py);
      if (!met) continue;
      const off = met.metres / this.speed;
      snaps.push({ line: met.line, share: met.share, seconds: off });
      if (forth[met.line]) offer(from[met.line], off + forth[met.line] * met.share);
      if (back[met.line]) offer(to[met.line], off + back[met.line] * (1 - met.share));
    }
    while (heap.size) {
      const [value, node] = heap.pop();
      if (value > seconds[node]) continue;
      for (let k = this.first[node]; k < this.first[node + 1]; k++) {
        const line = this.lineAt[k];
        if (to[line] === node && forth[line]) offer(from[line], value + forth[line]);
        if (from[line] === node && back[line]) offer(to[line], value + back[line]);
      }
    }
    return { seconds, snaps };
  }

  /** The stretches of road from which a place can be reached within a limit.
   * @param {ReturnType<Walker["search"]>} found @param {number} limit seconds @returns {Stretch[]} */
  stretches(found, limit) {
    const { from, to, forth, back } = this.roads;
    /** @type {Stretch[]} */
    const stretches = [];
    for (let line = 0; line < forth.length; line++) {
      const near = back[line] ? (limit - found.seconds[from[line]]) / back[line] : -1;
      const far = forth[line] ? (limit - found.seconds[to[line]]) / forth[line] : -1;
      if (near < 0 && far < 0) continue;
      if (near + far >= 1) stretches.push({ line, from: 0, to: 1 });
      else {
        if (near > 0) stretches.push({ line, from: 0, to: near });
        if (far > 0) stretches.push({ line, from: 1 - far, to: 1 });
      }
    }
    for (const snap of found.snaps) {
      const left = limit - snap.seconds;
      if (left <= 0) continue;
      const before = forth[snap.line] ? left / forth[snap.line] : 0;
      const behind = back[snap.line] ? left / back[snap.line] : 0;
      stretches.push({
        line: snap.line, from: Math.max(0, snap.share - before), to: Math.min(1, snap.share + behind),
      });
    }
    return stretches;
  }
}

/** @param {Lines} lines @param {number} line */
function lengthOf({ x, y, first }, line) {
  let units = 0;
  for (let i = first[line] + 1; i < first[line + 1]; i++) units += Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]);
  return units * metresPerUnit(y[first[line]]);
}

/** A binary heap of (value, item), smallest value first. */
export class Heap {
  constructor() {
    /** @type {[number, number][]} */
    this.entries = [];
  }

  get size() {
    return this.entries.length;
  }

  /** @param {number} value @param {number} item */
  push(value, item) {
    const { entries } = this;
    let at = entries.length;
    entries.push([value, item]);
    while (at && entries[(at - 1) >> 1][0] > value) {
      entries[at] = entries[(at - 1) >> 1];
      at = (at - 1) >> 1;
    }
    entries[at] = [value, item];
  }

  /** @returns {[number, number]} */
  pop() {
    const { entries } = this;
    const top = entries[0];
    const last = /** @type {[number, number]} */ (entries.pop());
    if (!entries.length) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && entries[child + 1][0] < entries[child][0]) child += 1;
      if (entries[child][0] >= last[0]) break;
      entries[at] = entries[child];
      at = child;
    }
    entries[at] = last;
    return top;
  }
}
