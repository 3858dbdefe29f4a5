/**
 * Draws all units of a batch from the data block of the page: coloured by coverage, ranked, with links to their files.
 *
 * Guarantees: no requests, no evaluated code, and no text of the data is ever parsed as markup.
 */

import { COVERAGE_RAMP, INK, classOf, classify } from "./colours.js";
import { addControl, button, facts, make, selector } from "./dom.js";
import { boxes, inside, latOf, lonOf, namePlace, project, worldX, worldY } from "./geometry.js";
import { unpackBlock, unpackPolygons } from "./packing.js";
import { SHOWN, ranked, shareOf } from "./ranking.js";
import { makeStage, trace } from "./stage.js";

/**
 * @typedef {import("./ranking.js").Unit} Unit
 * @typedef {import("./ranking.js").Shown} Shown
 */

/** Fill of units without a share to show. */
const EMPTY = "#dddad4";

/** Minimum space in px between a name and the outline of its unit; otherwise the name is not drawn. */
const ROOM = 4;

/** @param {number|null} share */
function percent(share) {
  return share === null ? "–" : `${(share * 100).toFixed(1)}%`;
}

/** A class end in percent, to three significant digits. @param {number} share */
function whole(share) {
  return Number((share * 100).toPrecision(3));
}

/** @param {L.Map} map */
async function draw(map) {
  const block = document.querySelector(".stationplan-data");
  const { content: data, arrays } = await unpackBlock(block?.textContent || "");
  const { text } = data;
  const outline = unpackPolygons(data.outline, arrays);
  const lines = project(outline.lines, data.scale);
  const ringBoxes = boxes(lines);
  const container = map.getContainer();
  container.classList.add("sp-map");
  container.setAttribute("role", "application");
  container.setAttribute("aria-label", text.map);
  map.fitBounds(data.bounds, { paddingTopLeft: [20, 20], paddingBottomRight: [map.getSize().x > 700 ? 330 : 20, 20] });
  map.attributionControl.setPrefix(false);

  const choice = { view: 0, shown: /** @type {Shown} */ ("after") };
  /** @returns {Unit[]} */
  const units = () => data.views[choice.view].units;
  /** Classes of all scenarios together, so that a colour has the same meaning in each. */
  const classesOf = () =>
    classify(data.views.flatMap((/** @type {{units: Unit[]}} */ view) =>
      view.units.map((unit) => shareOf(unit, choice.shown) ?? 0)), COVERAGE_RAMP);
  let classes = classesOf();
  const rings = outline.shapes.map((parts) => parts.flat());
  const places = rings.map((own) => {
    const largest = own.reduce((best, ring) => (area(ringBoxes[ring]) > area(ringBoxes[best]) ? ring : best), own[0]);
    return largest === undefined ? null : { ring: largest, at: namePlace(lines, largest, []) };
  });

  /** @param {Unit} unit */
  const colourOf = (unit) => {
    const share = shareOf(unit, choice.shown);
    return share === null ? EMPTY : classes.colours[classOf(classes, share)] ?? EMPTY;
  };

  const stage = makeStage(map, "sp-province-canvas", 410, (view) => {
    const { pen } = view;
    units().forEach((unit, at) => {
      pen.fillStyle = colourOf(unit);
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = 1.2;
      pen.beginPath();
      for (const ring of rings[at]) trace(view, lines, ring, true);
      pen.fill("evenodd");
      pen.stroke();
    });
    pen.font = '12px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    units().forEach((unit, at) => {
      const place = places[at];
      if (!place?.at) return;
      const box = ringBoxes[place.ring];
      if ((box.east - box.west) * view.scale < pen.measureText(unit.name).width + 2 * ROOM) return;
      const [x, y] = [place.at[0] * view.scale - view.left, place.at[1] * view.scale - view.top];
      pen.lineWidth = 3;
      pen.strokeStyle = "rgba(255, 255, 255, 0.85)";
      pen.strokeText(unit.name, x, y);
      pen.fillStyle = INK;
      pen.fillText(unit.name, x, y);
    });
  });

  /** @param {number} at */
  const card = (at) => {
    const unit = units()[at];
    const body = make("div", "sp-unit-card");
    body.append(make("h2", "", unit.name));
    if (unit.about) body.append(make("p", "", unit.about));
    if (unit.reason) body.append(make("p", "", text.none), make("p", "", unit.reason));
    else {
      body.append(facts([
        [text.workers, Math.round(unit.workers).toLocaleString("en")],
        [text.before, percent(unit.before)],
        [text.after, percent(unit.after)],
        [text.cross, percent(unit.cross)],
        [text.new, String(unit.new)],
        [text.cost, Math.round(unit.cost).toLocaleString("en")],
      ]));
    }
    const links = make("p", "sp-card-links");
    for (const [label, address] of unit.links) {
      const link = make("a", "", label);
      link.href = address;
      links.append(link);
    }
    if (unit.links.length) body.append(links);
    return body;
  };
  /** @param {number} at @param {L.LatLng} [where] */
  const open = (at, where) => {
    const place = places[at]?.at;
    const spot = where ?? (place ? L.latLng(latOf(place[1]), lonOf(place[0])) : map.getCenter());
    L.popup({ minWidth: 210 }).setLatLng(spot).setContent(card(at)).openOn(map);
  };

  const panel = make("div", "sp-panel sp-province");
  const marks = make("p");
  for (const mark of data.marks) marks.append(make("span", "sp-mark", mark));
  panel.append(marks, make("h1", "", data.title));
  if (data.subtitle) panel.append(make("p", "sp-sub", data.subtitle));
  if (data.views.length > 1) {
    const names = data.views.map((/** @type {{name: string}} */ view) => view.name);
    panel.append(selector(text.scenario, names, (at) => {
      choice.view = at;
      repaint();
    }).line);
  }
  panel.append(selector(text.show, SHOWN.map((shown) => text[shown]), (at) => {
    choice.shown = SHOWN[at];
    repaint();
  }).line);
  const legend = make("ol", "sp-key");
  const list = make("ol", "sp-ranks");
  list.setAttribute("aria-label", text.by);
  panel.append(legend, list);
  addControl(map, panel, "topright");

  const repaint = () => {
    const shares = units().map((unit) => shareOf(unit, choice.shown));
    const known = shares.filter((share) => share !== null);
    classes = classesOf();
    legend.replaceChildren(...classes.upper.map((end, step) =>
      key(classes.colours[step], `${whole(step ? classes.upper[step - 1] : 0)} – ${whole(end)}%`)));
    if (known.length < shares.length) legend.append(key(EMPTY, text.none));
    let rank = 0;
    list.replaceChildren(...ranked(units(), choice.shown).map((at) => {
      const unit = units()[at];
      const line = make("li");
      const opener = button("", "", () => open(at));
      rank += shares[at] === null ? 0 : 1;
      opener.append(make("i", "", shares[at] === null ? "–" : rank), make("span", "", unit.name),
        make("b", "", percent(shares[at])));
      line.append(opener);
      return line;
    }));
    stage.repaint();
    map.closePopup();
  };

  /** @param {L.LatLng} where */
  const unitAt = ({ lat, lng }) => {
    const [x, y] = [worldX(lng), worldY(lat)];
    return rings.findIndex((own) => inside(lines, own, x, y));
  };
  map.on("click", (event) => {
    const at = unitAt(event.latlng);
    if (at >= 0) open(at, event.latlng);
  });
  map.on("mousemove", (event) => container.classList.toggle("sp-hit", unitAt(event.latlng) >= 0));
  repaint();
  document.documentElement.dataset.stationplanReady = "1";
}

/** @param {string} colour @param {string} words */
function key(colour, words) {
  const line = make("li");
  const swatch = make("span");
  swatch.style.background = colour;
  line.append(swatch, make("b", "", words));
  return line;
}

/** @param {import("./geometry.js").Box} box */
function area(box) {
  return (box.east - box.west) * (box.south - box.north);
}

window.stationplan = { draw };
