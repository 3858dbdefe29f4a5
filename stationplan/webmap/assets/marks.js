/** Paints the upper canvas of the map: stations, candidates, numbered pins and names; finds the site at a pointer. */

import { HOST_FILLS, INK, KIND_EDGES, KIND_FILLS, KIND_RADII, PHASE_FILLS, TEAL } from "./colours.js";
import { onStage } from "./stage.js";

/** @typedef {import("./model.js").Site} Site */
/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./stage.js").View} View */

const FONT = 'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const PIN = { radius: 12.5, height: 19 };
/** With more proposed sites than this in view at low zooms, they are painted as dots without numbers. */
const PINS_IN_SIGHT = 160;
const NAME_PX = 13;

/** Mean spacing in px below which dots shrink, as those of a province would otherwise overlap. */
const SPACING_PX = 36;

/** The fill of a proposed site. @param {Scene} scene @param {Site} site */
export function pinFill(scene, site) {
  if (scene.tint) return scene.tint(site);
  const phase = site.order ? scene.model.proposed[site.order - 1].phase : -1;
  return phase < 0 ? TEAL : PHASE_FILLS[phase % PHASE_FILLS.length];
}

/** @param {View} view @param {Scene} scene */
export function paintMarks(view, scene) {
  const { choice, model } = scene;
  if (scene.shown("districts")) paintNames(view, scene);
  const sites = model.sites.filter((site) => scene.visible(site) && onStage(view, site.x, site.y));
  const spacing = Math.sqrt((view.width * view.height) / Math.max(1, sites.length));
  const size = Math.max(0.3, Math.min(1, spacing / SPACING_PX));
  scene.dotSize = size;
  for (const site of sites) if (!site.existing && !isPin(scene, site)) paintCandidate(view, scene, site, size);
  for (const site of sites) if (site.existing) paintStation(view, scene, site, size);
  const pins = sites.filter((site) => isPin(scene, site));
  const figures = pins.length <= PINS_IN_SIGHT || view.zoom >= 14;
  // The first sites of the plan are painted on top.
  pins.sort((a, b) => (a.row === choice.selected ? 1 : b.row === choice.selected ? -1 : b.order - a.order));
  for (const site of pins) {
    if (figures) paintPin(view, scene, site);
    else paintPlainPin(view, scene, site, size);
  }
}

/** @param {Scene} scene @param {Site} site */
function isPin(scene, site) {
  return !site.existing && (site.order > 0 || scene.choice.stands(site.row));
}

/** @param {View} view @param {Site} site */
function place({ scale, left, top }, site) {
  return [site.x * scale - left, site.y * scale - top];
}

/** @param {View} view @param {number} x @param {number} y @param {number} radius @param {string} fill
 * @param {string} edge @param {number} width */
function dot({ pen }, x, y, radius, fill, edge, width) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = edge;
  pen.lineWidth = width;
  pen.stroke();
}

/** @param {View} view @param {Scene} scene @param {Site} site @param {number} size */
function paintCandidate(view, scene, site, size) {
  const [x, y] = place(view, site);
  const fill = scene.shown("hosts") && site.host >= 0 ? HOST_FILLS[site.host % HOST_FILLS.length] : "#ffffff";
  const radius = (scene.shown("hosts") ? 3.75 : 2.75) * size;
  ring(view, scene, site, x, y, radius);
  dot(view, x, y, radius, scene.choice.works(site.row) ? fill : "#ffffff", fill === "#ffffff" ? "#5c6570" : INK, 1);
}

/** Paints a station: hollow if it is closed in the selected slot or by the choice, with a ring if it never closes.
 * @param {View} view @param {Scene} scene @param {Site} site @param {number} size */
function paintStation(view, scene, site, size) {
  const [x, y] = place(view, site);
  const { choice } = scene;
  const radius = KIND_RADII[site.kind] * size;
  const stands = choice.stands(site.row);
  const fill = scene.shown("hosts") && site.host >= 0 ? HOST_FILLS[site.host % HOST_FILLS.length]
    : KIND_FILLS[site.kind];
  ring(view, scene, site, x, y, radius);
  if (stands && size > 0.6 && site.always) {
    dot(view, x, y, radius + 2.6 * size, "#ffffff", KIND_FILLS[site.kind], 1.25 * size);
  }
  if (stands && choice.works(site.row)) dot(view, x, y, radius, fill, KIND_EDGES[site.kind], 1.5 * size);
  else dot(view, x, y, radius - 0.5, "#ffffff", KIND_FILLS[site.kind], 1.5 * size);
  if (!stands) {
    const { pen } = view;
    pen.beginPath();
    pen.moveTo(x - radius - 2, y + radius + 2);
    pen.lineTo(x + radius + 2, y - radius - 2);
    pen.strokeStyle = "#a3161f";
    pen.lineWidth = 2;
    pen.stroke();
  }
}

/** Paints a ring around a site that is selected or under the pointer. @param {View} view @param {Scene} scene
 * @param {Site} site @param {number} x @param {number} y @param {number} radius */
function ring(view, scene, site, x, y, radius) {
  const selected = site.row === scene.choice.selected;
  if (selected || site.row === scene.hovered) {
    dot(view, x, y, radius + 6, selected ? "#fff3c4" : "rgba(255, 255, 255, 0.9)", INK, selected ? 2 : 1);
  }
}

/** @param {View} view @param {Scene} scene @param {Site} site @param {number} size */
function paintPlainPin(view, scene, site, size) {
  const [x, y] = place(view, site);
  ring(view, scene, site, x, y, 4.5 * size);
  if (scene.choice.stands(site.row)) dot(view, x, y, 4.5 * size, pinFill(scene, site), "#ffffff", 1.25);
  else dot(view, x, y, 4 * size, "#ffffff", "#6b7480", 1.5);
}

/** @param {View} view @param {Scene} scene @param {Site} site */
function paintPin(view, scene, site) {
  const { pen } = view;
  const [x, y] = place(view, site);
  const { choice } = scene;
  const stands = choice.stands(site.row);
  const lit = site.row === choice.selected || site.row === scene.hovered;
  const radius = PIN.radius + (lit ? 2 : 0);
  const middle = y - PIN.height;
  // Angle at the centre of the round head between the tip and each tangent point.
  const spread = Math.acos(radius / PIN.height);
  pen.beginPath();
  pen.arc(x, middle, radius, Math.PI / 2 + spread, Math.PI / 2 - spread);
  pen.lineTo(x, y);
  pen.closePath();
  pen.save();
  pen.shadowColor = "rgba(29, 39, 51, 0.45)";
  pen.shadowBlur = 4;
  pen.shadowOffsetY = 1;
  pen.fillStyle = !stands ? "#ffffff" : lit ? "#063f3b" : pinFill(scene, site);
  pen.fill();
  pen.restore();
  if (stands && !choice.works(site.row)) {
    pen.fillStyle = "#ffffff";
    pen.fill();
  }
  const filled = stands && choice.works(site.row);
  pen.strokeStyle = filled ? "#ffffff" : stands ? pinFill(scene, site) : "#6b7480";
  pen.lineWidth = site.row === choice.selected ? 3 : 2;
  if (!stands) pen.setLineDash([3, 2]);
  pen.stroke();
  pen.setLineDash([]);
  pen.fillStyle = filled ? "#ffffff" : stands ? pinFill(scene, site) : "#535d68";
  const text = site.order ? String(site.order) : "+";
  pen.font = `700 ${[12.5, 12.5, 12.5, 10.5, 8.5][Math.min(4, text.length)]}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, x, middle + 0.5);
}

/** Paints names of districts, except those wider than their district and those that would overlap another name.
 * @param {View} view @param {Scene} scene */
function paintNames(view, scene) {
  const { pen, scale, left, top } = view;
  pen.font = `600 ${NAME_PX}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  /** @type {[number, number, number][]} */
  const drawn = [];
  for (const { name, x, y, width } of scene.names) {
    if (!onStage(view, x, y)) continue;
    const text = name.length > 40 ? `${name.slice(0, 39)}…` : name;
    const wide = pen.measureText(text).width;
    const [px, py] = [x * scale - left, y * scale - top];
    const hidden = drawn.some(([a, b, other]) => Math.abs(a - px) < (wide + other) / 2 && Math.abs(b - py) < NAME_PX);
    if (wide > width * scale || hidden) continue;
    drawn.push([px, py, wide]);
    pen.strokeStyle = "rgba(255, 255, 255, 0.9)";
    pen.lineWidth = 4;
    pen.strokeText(text, px, py);
    pen.fillStyle = "#2a323d";
    pen.fillText(text, px, py);
  }
}

/** The site whose mark is nearest to a point of the map, within a margin; -1 for none. Pins take precedence.
 * @param {L.Map} map @param {Scene} scene @param {L.Point} at px in the map container @param {number} margin px */
export function siteAt(map, scene, at, margin) {
  const zoom = map.getZoom();
  const scale = 256 * 2 ** zoom;
  const { x: left, y: top } = map.project(map.containerPointToLatLng([0, 0]), zoom);
  const size = scene.dotSize;
  let [found, least] = [-1, Infinity];
  for (const site of scene.model.sites) {
    const [dx, dy] = [site.x * scale - left - at.x, site.y * scale - top - at.y];
    if (Math.abs(dx) > 40 || Math.abs(dy) > 40 || !scene.visible(site)) continue;
    const pin = isPin(scene, site);
    const away = pin ? Math.min(Math.hypot(dx, dy - PIN.height) - PIN.radius, Math.hypot(dx, dy) - 2)
      : Math.hypot(dx, dy) - (site.existing ? KIND_RADII[site.kind] : 3) * size;
    const rank = away - (pin ? 1000 - site.order / 1000 : 0);
    if (away <= margin * (pin ? 0.4 : 1) && rank < least) [found, least] = [site.row, rank];
  }
  return found;
}
