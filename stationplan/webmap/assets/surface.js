/**
 * Draws a demand surface from the data block of the page: cells on one canvas, coloured by group and time slot.
 *
 * Guarantees: no requests, no evaluated code, and no text of the data is ever parsed as markup.
 */

import { addControl, escapeMarkup, make, selector } from "./dom.js";
import { boxes, inside, overlap, project, worldX, worldY } from "./geometry.js";
import { unpackBlock, unpackCells, unpackPolygons } from "./packing.js";
import { makeStage, trace } from "./stage.js";

/** Cividis reduced to seven colours: perceptually even and safe for colour-blind readers; pale for low values. */
const RAMP = ["#fdea9a", "#e4cf6f", "#c0b175", "#9b9476", "#757575", "#46546c", "#0a2a5c"];

/** Fill of cells with an error of zero. */
const ZERO = "#ffffff";

/** @param {number} value */
function written(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** Upper ends of up to seven quantile classes, equal ends merged, preceded by a class of 0 if there are cells of 0;
 * cells below 0 are ignored. @param {number[]} values */
function classEnds(values) {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  const ends = values.some((value) => value === 0) ? [0] : [];
  for (let k = 1; k <= RAMP.length; k += 1) {
    const end = sorted[Math.ceil((k * sorted.length) / RAMP.length) - 1];
    if (end !== undefined && end > (ends[ends.length - 1] ?? 0)) ends.push(end);
  }
  return ends;
}

/** @param {L.Map} map */
async function draw(map) {
  const block = document.querySelector(".stationplan-data");
  const { content: data, arrays } = await unpackBlock(block?.textContent || "");
  const cells = project(unpackCells(data.outline, arrays), data.scale);
  const cellBoxes = boxes(cells);
  const outline = unpackPolygons(data.districts.outline, arrays);
  const districts = project(outline.lines, data.scale);
  const container = map.getContainer();
  container.classList.add("sp-map");
  container.setAttribute("role", "application");
  container.setAttribute("aria-label", data.text.map);
  map.fitBounds(data.bounds);
  map.attributionControl.setPrefix(false);
  for (const source of data.sources) map.attributionControl.addAttribution(escapeMarkup(source));

  const choice = { group: -1, slot: -1, show: "density" };
  let values = /** @type {number[]} */ ([]);
  let ends = /** @type {number[]} */ ([]);

  /** @param {number} g */
  const shareOf = (g) => (choice.slot < 0 ? 1 : data.profile[g][choice.slot]);
  /** Workers of a cell in the chosen group and slot. @param {number} cell */
  const workersOf = (cell) => {
    let sum = 0;
    data.heads.forEach((/** @type {number[]} */ heads, /** @type {number} */ g) => {
      if (choice.group < 0 || choice.group === g) sum += heads[cell] * shareOf(g);
    });
    return sum;
  };
  /** Standard error of a cell; errors of groups are taken as independent. @param {number} cell */
  const errorOf = (cell) => {
    let sum = 0;
    data.errors.forEach((/** @type {number[]} */ errors, /** @type {number} */ g) => {
      if (errors.length > 0 && (choice.group < 0 || choice.group === g)) sum += (errors[cell] * shareOf(g)) ** 2;
    });
    return Math.sqrt(sum);
  };
  /** @param {number} value */
  const colourOf = (value) => {
    const at = ends.findIndex((end) => value <= end);
    if (value === 0) return ZERO;
    const first = ends[0] === 0 ? 1 : 0;
    const step = (at < 0 ? ends.length - 1 : at) - first;
    return RAMP[Math.round((step * (RAMP.length - 1)) / Math.max(ends.length - 1 - first, 1))];
  };

  const stage = makeStage(map, "sp-surface-canvas", 410, (view) => {
    const { pen, box } = view;
    values.forEach((value, cell) => {
      if (value < 0 || !overlap(cellBoxes[cell], box)) return;
      pen.fillStyle = colourOf(value);
      pen.beginPath();
      trace(view, cells, cell, true);
      pen.fill();
    });
    pen.strokeStyle = "#1d2733";
    pen.lineWidth = 1;
    pen.beginPath();
    for (let ring = 0; ring + 1 < districts.first.length; ring++) trace(view, districts, ring, true);
    pen.stroke();
  });

  const panel = make("div", "sp-panel sp-surface");
  const marks = make("p");
  for (const mark of data.marks) marks.append(make("span", "sp-mark", mark));
  panel.append(marks, make("h1", "", data.title));
  if (data.subtitle) panel.append(make("p", "sp-sub", data.subtitle));
  const { text } = data;
  /** @param {string} label @param {string[]} names @param {(at: number) => void} act */
  const choose = (label, names, act) =>
    panel.append(selector(label, names, (at) => {
      act(at);
      recount();
    }).line);
  choose(text.group, [text.all, ...data.groups], (at) => (choice.group = at - 1));
  choose(text.slot, [text.day, ...data.slots], (at) => (choice.slot = at - 1));
  if (data.errors.some((/** @type {number[]} */ errors) => errors.length > 0)) {
    choose(text.show, [text.density, text.error], (at) => (choice.show = at ? "error" : "density"));
  } else panel.append(make("p", "sp-sub", text.density));
  const legend = make("ol");
  panel.append(legend);
  addControl(map, panel, "topright");

  const recount = () => {
    const rate = choice.show === "error";
    values = cellBoxes.map((_, i) => {
      const workers = workersOf(i);
      if (workers <= 0 || data.km2[i] <= 0) return -1;
      return rate ? (100 * errorOf(i)) / workers : workers / data.km2[i];
    });
    ends = classEnds(values);
    legend.replaceChildren(...ends.map((end, k) => {
      const line = make("li");
      const swatch = make("span");
      swatch.style.background = colourOf(end);
      const range = end === 0 ? "0" : `${written(k === 0 ? 0 : ends[k - 1])}–${written(end)}`;
      line.append(swatch, make("b", "", rate ? `${range} %` : range));
      return line;
    }));
    if (ends.length === 0) legend.append(make("li", "", text.none));
    stage.repaint();
  };

  map.on("click", (event) => {
    const { lat, lng } = event.latlng;
    const [x, y] = [worldX(lng), worldY(lat)];
    const at = cellBoxes.findIndex((box, i) => x >= box.west && x <= box.east && y >= box.north && y <= box.south
      && inside(cells, [i], x, y));
    if (at < 0) return;
    const card = make("div");
    card.append(make("b", "", `${text.cell} ${data.ids[at]}`),
      make("p", "", `${text.workers}: ${written(workersOf(at))}`));
    if (errorOf(at) > 0) card.append(make("p", "", `${text.deviation}: ${written(errorOf(at))}`));
    L.popup().setLatLng(event.latlng).setContent(card).openOn(map);
  });
  recount();
  document.documentElement.dataset.stationplanReady = "1";
}

window.stationplan = { draw };
