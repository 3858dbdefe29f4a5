/** Paints the lower canvas of the map: land, cells, coverage of districts, walking areas, roads, borders, watermark. */

import { classOf } from "./colours.js";
import { metresPerUnit, overlap } from "./geometry.js";
import { trace } from "./stage.js";

/** @typedef {import("./colours.js").Classes} Classes */
/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./stage.js").View} View */
/** @typedef {import("./walking.js").Stretch} Stretch */

/** Width of the band painted along roads within reach: half a small city block on either side. */
const REACH_WIDTH_M = 80;
const MINOR_ROADS_FROM_ZOOM = 11;
const SMALL_CELL_PX = 6;

/** @param {View} view @param {Scene} scene */
export function paintGround(view, scene) {
  if (!scene.tiled) paintLand(view, scene);
  if (scene.shown("coverage")) paintCoverage(view, scene);
  if (scene.shown("demand")) paintCells(view, scene, scene.workers, scene.demandClasses);
  if (scene.shown("uncovered")) paintCells(view, scene, scene.uncovered, scene.uncoveredClasses);
  if (scene.shown("reach")) paintWays(view, scene, [{ fill: "#8fd0c8", stretches: scene.reach() }], 0.6);
  if (scene.service.length) paintWays(view, scene, scene.service, 0.75);
  if (scene.shown("roads") && !scene.tiled) paintRoads(view, scene);
  if (scene.shown("districts")) paintBorders(view, scene);
  if (scene.model.watermark) paintWatermark(view, scene.model.watermark);
}

/** @param {View} view @param {Scene} scene @param {number} district */
function traceDistrict(view, scene, district) {
  const { lines, shapes } = scene.model.districts;
  for (const rings of shapes[district]) for (const ring of rings) trace(view, lines, ring, true);
}

/** @param {View} view @param {Scene} scene */
function paintLand(view, scene) {
  view.pen.beginPath();
  scene.model.districts.shapes.forEach((_, district) => traceDistrict(view, scene, district));
  view.pen.fillStyle = "#fdfcfa";
  view.pen.fill("evenodd");
}

/** @param {View} view @param {Scene} scene */
function paintCoverage(view, scene) {
  const { pen } = view;
  const { upper, colours } = scene.coverageClasses;
  pen.globalAlpha = scene.tiled ? 0.6 : 1;
  scene.coverage.forEach(({ total, once }, district) => {
    if (!(total > 0)) return;
    pen.beginPath();
    traceDistrict(view, scene, district);
    pen.fillStyle = colours[classOf({ upper, colours }, once / total)];
    pen.fill("evenodd");
  });
  pen.globalAlpha = 1;
}

/** Paints cells with one path per class. @param {View} view @param {Scene} scene @param {Float64Array} values
 * @param {Classes} classes */
function paintCells(view, scene, values, classes) {
  const { pen, box, scale } = view;
  /** @type {number[][]} */
  const members = classes.upper.map(() => []);
  values.forEach((value, cell) => {
    if (value > 0 && overlap(scene.cellBoxes[cell], box)) members[classOf(classes, value)].push(cell);
  });
  const first = scene.cellBoxes.find((item) => item.east > item.west);
  const large = first !== undefined && (first.east - first.west) * scale > SMALL_CELL_PX;
  pen.lineWidth = 0.5;
  pen.strokeStyle = "rgba(255, 255, 255, 0.6)";
  pen.globalAlpha = scene.tiled ? 0.6 : 1;
  members.forEach((cells, i) => {
    if (!cells.length) return;
    if (!large) return paintBoxes(view, scene, cells, classes.colours[i]);
    pen.beginPath();
    for (const cell of cells) trace(view, scene.model.cells, cell, true);
    pen.fillStyle = classes.colours[i];
    pen.fill();
    pen.stroke();
  });
  pen.globalAlpha = 1;
}

/** Paints small cells as their bounding boxes aligned to pixels, which is fast and leaves no seams.
 * @param {View} view @param {Scene} scene @param {number[]} cells @param {string} fill */
function paintBoxes({ pen, scale, left, top }, scene, cells, fill) {
  pen.fillStyle = fill;
  for (const cell of cells) {
    const { west, north, east, south } = scene.cellBoxes[cell];
    const [x, y] = [Math.round(west * scale - left), Math.round(north * scale - top)];
    pen.fillRect(x, y, Math.max(1, Math.round(east * scale - left) - x),
      Math.max(1, Math.round(south * scale - top) - y));
  }
}

/** Paints roads within reach as wide bands that merge into an area. They are painted on a separate canvas that is then
 * overlaid as a whole, so that crossing bands are not darker. @param {View} view @param {Scene} scene
 * @param {{fill: string, stretches: Stretch[]}[]} bands @param {number} opacity */
function paintWays(view, scene, bands, opacity) {
  const { lines } = scene.model.roads;
  const aside = document.createElement("canvas");
  aside.width = view.pen.canvas.width;
  aside.height = view.pen.canvas.height;
  const pen = /** @type {CanvasRenderingContext2D} */ (aside.getContext("2d"));
  pen.setTransform(view.pen.getTransform());
  pen.lineCap = "round";
  pen.lineJoin = "round";
  const middle = (view.box.north + view.box.south) / 2;
  pen.lineWidth = Math.max(5, (REACH_WIDTH_M / metresPerUnit(middle)) * view.scale);
  for (const { fill, stretches } of bands) {
    pen.strokeStyle = fill;
    pen.beginPath();
    for (const stretch of stretches) traceStretch({ ...view, pen }, lines, stretch);
    pen.stroke();
  }
  view.pen.save();
  view.pen.globalAlpha = opacity;
  view.pen.setTransform(1, 0, 0, 1, 0, 0);
  view.pen.drawImage(aside, 0, 0);
  view.pen.restore();
}

/** @param {View} view @param {import("./geometry.js").Lines} lines @param {Stretch} stretch */
function traceStretch(view, lines, { line, from, to }) {
  if (from <= 0 && to >= 1) return trace(view, lines, line);
  const { x, y, first } = lines;
  const { pen, scale, left, top } = view;
  let all = 0;
  for (let i = first[line] + 1; i < first[line + 1]; i++) all += Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]);
  let [before, begun] = [0, false];
  for (let i = first[line] + 1; i < first[line + 1] && all; i++) {
    const share = Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]) / all;
    const [start, end] = [Math.max(from, before), Math.min(to, before + share)];
    if (end >= start && share) {
      for (const at of [start, end]) {
        const along = (at - before) / share;
        const px = (x[i - 1] + along * (x[i] - x[i - 1])) * scale - left;
        const py = (y[i - 1] + along * (y[i] - y[i - 1])) * scale - top;
        if (begun) pen.lineTo(px, py);
        else pen.moveTo(px, py);
        begun = true;
      }
    }
    before += share;
  }
}

/** Paints main roads at all zooms and other roads at high zooms; widths grow with the zoom.
 * @param {View} view @param {Scene} scene */
function paintRoads(view, scene) {
  const { pen, zoom, box } = view;
  const { lines, major } = scene.model.roads;
  const grow = 1.28 ** (zoom - 13);
  const count = lines.first.length - 1;
  pen.lineCap = "round";
  pen.lineJoin = "round";
  const paint = (/** @type {number} */ from, /** @type {number} */ to) => {
    pen.beginPath();
    for (let line = from; line < to; line++) {
      const [a, b] = [lines.first[line], lines.first[line + 1] - 1];
      const away = Math.min(lines.x[a], lines.x[b]) > box.east || Math.max(lines.x[a], lines.x[b]) < box.west
        || Math.min(lines.y[a], lines.y[b]) > box.south || Math.max(lines.y[a], lines.y[b]) < box.north;
      // A line with many points may be in view between its ends.
      if (!away || b - a > 8) trace(view, lines, line);
    }
    pen.stroke();
  };
  if (zoom >= MINOR_ROADS_FROM_ZOOM) {
    pen.strokeStyle = "#bdb8ae";
    pen.globalAlpha = zoom < 12 ? 0.6 : 0.9;
    pen.lineWidth = Math.max(0.5, Math.min(3.5, 0.9 * grow));
    paint(major, count);
  }
  pen.globalAlpha = 0.95;
  pen.strokeStyle = "#8f8b84";
  pen.lineWidth = Math.max(0.9, Math.min(7, 2.1 * grow));
  paint(0, major);
  pen.globalAlpha = 1;
}

/** @param {View} view @param {Scene} scene */
function paintBorders({ pen, scale, left, top }, scene) {
  pen.beginPath();
  for (const line of scene.borders) {
    line.forEach(([x, y], i) => (i ? pen.lineTo(x * scale - left, y * scale - top)
      : pen.moveTo(x * scale - left, y * scale - top)));
  }
  pen.strokeStyle = "#3a4350";
  pen.lineWidth = 1.4;
  pen.setLineDash([7, 4]);
  pen.lineCap = "butt";
  pen.stroke();
  pen.setLineDash([]);
}

/** Paints the watermark over the whole map, pale enough to keep the map legible.
 * @param {View} view @param {string} text */
function paintWatermark({ pen, width, height }, text) {
  pen.save();
  pen.font = '600 26px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
  pen.fillStyle = "rgba(29, 39, 51, 0.075)";
  pen.textAlign = "center";
  const step = Math.max(260, pen.measureText(text).width + 120);
  for (let y = 90, row = 0; y < height; y += 170, row++) {
    for (let x = row % 2 ? step / 2 : 0; x < width + step; x += step) {
      pen.save();
      pen.translate(x, y);
      pen.rotate(-Math.PI / 7);
      pen.fillText(text, 0, 0);
      pen.restore();
    }
  }
  pen.restore();
}
