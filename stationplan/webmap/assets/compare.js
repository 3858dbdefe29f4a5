/**
 * Draws plans side by side from the data blocks of the page: synchronised maps, and a table of differences.
 *
 * Guarantees: no requests, no evaluated code, and no text of the data is ever parsed as markup.
 */

import { siteCard } from "./cards.js";
import { Choice } from "./choice.js";
import { DEMAND_RAMP, UNCOVERED_RAMP, classify } from "./colours.js";
import { matched, siteChanges } from "./differences.js";
import { fail, make, selector } from "./dom.js";
import { latOf, lonOf } from "./geometry.js";
import { paintGround } from "./ground.js";
import { languageOf } from "./language.js";
import { paintMarks, siteAt } from "./marks.js";
import { loadModel } from "./model.js";
import { unpackBlock } from "./packing.js";
import { Scene } from "./scene.js";
import { makeStage } from "./stage.js";

/** @typedef {import("./counting.js").Part} Part */
/** @typedef {import("./language.js").Language} Language */
/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./scene.js").LayerKey} LayerKey */
/** @typedef {{model: Model, choice: Choice, scene: Scene, map: L.Map, paint: () => void}} Side */

const LETTERS = "ABC";
/** Kept, and added (or dropped by others): teal and vermilion, distinct for all common forms of colour blindness. */
const [KEPT, CHANGED] = ["#0b6b66", "#b8420f"];
/** @type {LayerKey[]} */
const ALWAYS = ["roads", "districts", "existing_standard", "existing_micro", "existing_mobile", "proposed"];
/** @type {LayerKey[]} */
const THEMES = ["uncovered", "demand", "coverage"];

/** @param {HTMLElement} host */
async function compare(host) {
  const blocks = [...document.querySelectorAll(".stationplan-data")].map((block) => block.textContent || "");
  const { content } = await unpackBlock(blocks[0]);
  const models = await Promise.all(blocks.slice(1).map(loadModel)).catch((error) => fail(host, error));
  const say = languageOf(content.lang, content.text);
  const { t } = say;
  document.documentElement.lang = content.lang === "zh" ? "zh-CN" : "en";
  host.classList.add("sp-map", "sp-compare");
  const bar = make("header", "sp-compare-bar");
  bar.append(make("h1", "", t("compare_title")));
  const marks = make("ul", "sp-marks");
  marks.append(...[...new Set(models.flatMap((model) => model.marks))].map((mark) => make("li", "", mark)));
  bar.append(marks);
  const maps = make("div", "sp-maps");
  const tables = make("section", "sp-differences");
  host.append(bar, maps, tables);

  /** @type {LayerKey} */
  let theme = "uncovered";
  const sides = models.map((_, i) =>
    makeSide(models, i, maps, say, (key) => key === theme || ALWAYS.includes(key)));
  const shareClasses = () => {
    // One scale for all maps, so that their colours can be compared.
    const demand = classify(sides.flatMap(({ scene }) => [...scene.workers]), DEMAND_RAMP);
    const gaps = classify(sides.flatMap(({ scene }) => [...scene.uncovered]), UNCOVERED_RAMP);
    for (const { scene } of sides) [scene.demandClasses, scene.uncoveredClasses] = [demand, gaps];
  };
  const sources = [...new Set(models.flatMap((model) => model.sources))].join(" · ");
  const write = () => tables.replaceChildren(figuresTable(sides, say), ...sides.slice(1).map((side, i) =>
    sitesTable(sides[0].model, side.model, LETTERS[i + 1], say)), make("p", "sp-sources", sources));
  const look = (/** @type {{group?: number, slot?: number}} */ part) => {
    for (const side of sides) {
      const ids = part.group === undefined ? models[0].slots : models[0].groups;
      const own = part.group === undefined ? side.model.slots : side.model.groups;
      const at = part.group ?? part.slot ?? -1;
      const found = at < 0 ? -1 : own.findIndex((item) => item.id === ids[at].id);
      side.choice.look(part.group === undefined ? { slot: found } : { group: found });
      side.scene.measure();
    }
    shareClasses();
    write();
    for (const side of sides) side.paint();
  };
  bar.append(
    selector(t("theme"), [t("uncovered"), t("demand"), t("coverage_by_district")], (at) => {
      theme = THEMES[at];
      for (const side of sides) side.paint();
    }).line,
    selector(t("group"), [t("all_groups"), ...models[0].groups.map((item) => item.name)],
      (at) => look({ group: at - 1 })).line,
    selector(t("slot"), [t("whole_day"), ...models[0].slots.map(say.slot)],
      (at) => look({ slot: at - 1 })).line,
  );
  shareClasses();
  write();
  // The widths of all maps are known only now.
  for (const { map } of sides) {
    map.invalidateSize({ animate: false });
    map.fitBounds(models[0].bounds, { animate: false, padding: [12, 12] });
  }
  moveTogether(sides.map((side) => side.map));
  for (const side of sides) side.paint();
  window.stationplan.sides = sides;
  document.documentElement.dataset.stationplanReady = "1";
}

/** One map. @param {Model[]} models @param {number} number @param {HTMLElement} host @param {Language} say
 * @param {(key: LayerKey) => boolean} shown @returns {Side} */
function makeSide(models, number, host, say, shown) {
  const { t } = say;
  const model = models[number];
  const choice = new Choice(model);
  const scene = new Scene(choice, shown);
  const others = models.filter((_, i) => (number ? i === 0 : i > 0));
  scene.tint = (site) => (others.some((other) => other.sites.some((item) => item.order && item.id === site.id))
    ? KEPT : CHANGED);
  const frame = make("figure", "sp-frame");
  const caption = make("figcaption");
  caption.append(make("strong", "", t("plan_letter", { letter: LETTERS[number] })), make("span", "", model.title));
  const key = make("small");
  for (const [fill, words] of [[KEPT, t(number ? "in_both" : "kept")], [CHANGED, t(number ? "only_here"
    : "dropped_later")]]) {
    const sign = make("span", "sp-sign sp-sign-pin");
    sign.style.background = fill;
    key.append(sign, words);
  }
  caption.append(key);
  const ground = make("div", "sp-plan-map");
  frame.append(caption, ground);
  host.append(frame);
  ground.setAttribute("role", "region");
  ground.setAttribute("aria-label", t("plan_letter", { letter: LETTERS[number] }));
  const map = L.map(ground, { zoomSnap: 0.25, maxZoom: 19, attributionControl: false, zoomControl: number === 0 });
  map.fitBounds(models[0].bounds, { animate: false });
  L.control.scale({ imperial: false }).addTo(map);
  const stages = [
    makeStage(map, "sp-ground", 390, (view) => paintGround(view, scene)),
    makeStage(map, "sp-marks", 620, (view) => paintMarks(view, scene)),
  ];
  const paint = () => stages.forEach((stage) => stage.repaint());
  map.on("click", (event) => {
    const row = siteAt(map, scene, event.containerPoint, 6);
    if (row < 0) return;
    const site = model.sites[row];
    L.popup({ maxWidth: 420, maxHeight: 380, offset: [0, site.existing ? -4 : -26] })
      .setLatLng([latOf(site.y), lonOf(site.x)]).setContent(siteCard(site, choice, say)).openOn(map);
  });
  return { model, choice, scene, map, paint };
}

/** Synchronises the views of all maps. @param {L.Map[]} maps */
function moveTogether(maps) {
  let busy = false;
  for (const map of maps) {
    map.on("move", () => {
      if (busy) return;
      busy = true;
      for (const other of maps) if (other !== map) other.setView(map.getCenter(), map.getZoom(), { animate: false });
      busy = false;
    });
  }
}

/** @param {Side[]} sides @param {Language} say */
function figuresTable(sides, say) {
  const { t } = say;
  const table = make("table", "sp-wide sp-figure-table");
  const top = make("tr");
  const heads = ["", ...sides.map((_, i) => t("plan_letter", { letter: LETTERS[i] })),
    ...sides.slice(1).map((_, i) => t("difference", { letter: LETTERS[i + 1] }))];
  for (const text of heads) {
    const cell = make("th", "", text);
    cell.scope = "col";
    top.append(cell);
  }
  const header = make("thead");
  header.append(top);
  const body = make("tbody");
  const row = (/** @type {string} */ name, /** @type {(number|null)[]} */ values,
    /** @type {(value: number) => string} */ write, /** @type {(value: number) => string} */ signed) => {
    const line = make("tr");
    const cell = make("th", "", name);
    cell.scope = "row";
    line.append(cell, ...values.map((value) => make("td", "", value === null ? "–" : write(value))));
    const [base, ...rest] = values;
    line.append(...rest.map((value) => make("td", "sp-delta",
      value === null || base === null ? "–" : signed(value - base))));
    body.append(line);
  };
  const group = (/** @type {string} */ title) => {
    const line = make("tr", "sp-part");
    const cell = make("th", "", title);
    cell.colSpan = heads.length;
    line.append(cell);
    body.append(line);
  };
  const points = (/** @type {number} */ value) => t("points", { value: say.points(value) });
  const share = (/** @type {Side} */ { choice }, /** @type {Part} */ part, /** @type {"once"|"twice"} */ key) => {
    const counted = choice.ledger.count({ ...choice.part, ...part });
    return counted.total > 0 ? counted[key] / counted.total : null;
  };
  const percent = (/** @type {number} */ value) => say.percent(value);
  const cost = sides.map(({ choice }) => choice.chosen().reduce((sum, site) => sum + site.cost, 0));
  group(t("figures"));
  row(t("coverage"), sides.map((side) => share(side, {}, "once")), percent, points);
  row(t("cross_coverage"), sides.map((side) => share(side, {}, "twice")), percent, points);
  row(t("new_sites"), sides.map(({ choice }) => choice.chosen().filter((site) => site.counted).length), say.count,
    say.signed);
  row(t("cost"), cost, say.count, (value) => (value > 0 ? `+${say.count(value)}` : say.count(value).replace("-", "−")));
  /** @type {[string, (model: Model) => {key: string, name: string}[], (at: number) => Part][]} */
  const kinds = [
    [t("district"), (model) => model.districts.name.map((name, i) =>
      ({ key: `${model.districts.prefecture[i]} ${name}`, name })), (at) => ({ district: at })],
    [t("group"), (model) => model.groups.map(({ id, name }) => ({ key: id, name })), (at) => ({ group: at })],
    [t("slot"), (model) => model.slots.map(({ id, name }) => ({ key: id, name })), (at) => ({ slot: at })],
  ];
  for (const [title, list, part] of kinds) {
    group(title);
    for (const { name, at } of matched(sides.map(({ model }) => list(model)))) {
      row(name, sides.map((side, i) => (at[i] < 0 ? null : share(side, part(at[i]), "once"))), percent, points);
    }
  }
  table.append(header, body);
  return table;
}

/** @param {Model} first @param {Model} other @param {string} letter @param {Language} say */
function sitesTable(first, other, letter, say) {
  const { t } = say;
  const changes = siteChanges(first.sites, other.sites);
  const box = make("div", "sp-site-changes");
  box.append(make("h2", "", t("against", { letter })));
  for (const key of /** @type {const} */ (["kept", "added", "dropped"])) {
    const list = make("ul");
    for (const site of changes[key]) {
      const item = make("li", "", site.name);
      item.append(make("small", "", site.id));
      list.append(item);
    }
    if (!changes[key].length) list.append(make("li", "sp-note", t("none_of_it")));
    box.append(make("h3", "", `${t(key)} (${say.count(changes[key].length)})`), list);
  }
  return box;
}

window.stationplan = { compare };
