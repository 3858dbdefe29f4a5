/** The cards of sites and places: why a site is proposed, which workers it serves, and the loss without it. */

import { sumOf } from "./counting.js";
import { button, facts, make } from "./dom.js";

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./counting.js").Part} Part */
/** @typedef {import("./language.js").Language} Language */
/** @typedef {import("./model.js").Site} Site */
/** @typedef {import("./scene.js").Scene} Scene */

const SHOWN_FROM = 0.05;
/** With more time slots than this, slots are the rows of a table instead of its columns. */
const MOST_COLUMNS = 8;

/** @param {string} kicker @param {string} title @param {string} [order] */
function head(kicker, title, order) {
  const header = make("header", "sp-popup-head");
  if (order) {
    const badge = make("span", "sp-order", order);
    badge.setAttribute("aria-hidden", "true");
    header.append(badge);
  }
  const words = make("div");
  words.append(make("p", "sp-kicker", kicker), make("h2", "", title));
  header.append(words);
  return header;
}

/** A table of workers by group and slot, or by slot and group if there are many slots, without empty rows and columns;
 * null if all are empty.
 * @param {number[][]} workers @param {string} caption @param {string} kind class of the table @param {Choice} choice
 * @param {Language} say */
function workersTable(workers, caption, kind, choice, say) {
  const all = sumOf(workers);
  const held = (/** @type {{part: Part}} */ { part }) => sumOf(workers, part) >= SHOWN_FROM;
  const groups = choice.model.groups.map(({ name }, group) => ({ name, part: { group } })).filter(held);
  const slots = choice.model.slots.map(({ name }, slot) => ({ name, part: { slot } })).filter(held);
  if (!groups.length || !slots.length) return null;
  const tall = slots.length > MOST_COLUMNS;
  /** @type {{name: string, part: Part}[][]} */
  const [rows, columns] = tall ? [slots, groups] : [groups, slots];
  const table = make("table", `sp-workers ${kind}`);
  const heading = (/** @type {string} */ text, /** @type {string} */ scope) => {
    const cell = make("th", "", text);
    cell.scope = scope;
    return cell;
  };
  const line = (/** @type {string} */ name, /** @type {number[]} */ values) => {
    const row = make("tr");
    row.append(heading(name, "row"), ...values.map((value) => make("td", "", say.tabled(value, all))));
    return row;
  };
  // With one column, a total would only repeat it.
  const totals = columns.length > 1;
  const top = make("tr");
  top.append(heading(say.t(tall ? "slot" : "group"), "col"), ...columns.map(({ name }) => heading(name, "col")));
  if (totals) top.append(heading(say.t("total"), "col"));
  const header = make("thead");
  header.append(top);
  const body = make("tbody");
  for (const { name, part } of rows) {
    const values = columns.map((column) => sumOf(workers, { ...part, ...column.part }));
    body.append(line(name, totals ? [...values, sumOf(workers, part)] : values));
  }
  table.append(make("caption", "", caption), header, body);
  if (rows.length > 1) {
    const values = columns.map(({ part }) => sumOf(workers, part));
    const foot = make("tfoot");
    foot.append(line(say.t("total"), totals ? [...values, all] : values));
    table.append(foot);
  }
  const frame = make("div", `sp-scroll${tall ? " sp-scroll-tall" : ""}`);
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", caption);
  frame.append(table);
  return frame;
}

/** The button that changes the use of a site: remove, add, close or reopen it.
 * @param {Site} site @param {Choice} choice @param {Language} say */
function switchButton(site, choice, say) {
  const stands = choice.stands(site.row);
  const key = site.existing ? (stands ? "close_station" : "reopen_station") : stands ? "take_out" : "put_in";
  const act = button(`sp-action${stands ? "" : " sp-action-on"}`, say.t(key), () => choice.set([site.row], !stands));
  if (!site.existing && !stands && site.forbidden) {
    act.disabled = true;
    act.title = say.t("forbidden");
  }
  return act;
}

/** Links to a site in Amap and Baidu, which only the reader opens; null where there is no GCJ-02.
 * @param {Site} site @param {Language} say */
function mapLinks(site, say) {
  if (!site.gcj02) return null;
  const [lon, lat] = site.gcj02.map((degrees) => degrees.toFixed(5));
  const [name, about] = [site.name || site.id, site.address || site.name || site.id].map(encoded);
  const line = make("p", "sp-links", say.t("open_in"));
  for (const [label, address] of [
    [say.t("amap"), `https://uri.amap.com/marker?position=${lon},${lat}&name=${name}&coordinate=gaode`],
    [say.t("baidu"), `https://api.map.baidu.com/marker?location=${lat},${lon}&title=${name}&content=${about}`
      + "&coord_type=gcj02&output=html&src=stationplan"],
  ]) {
    const link = make("a", "", label);
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    line.append(" ", link);
  }
  return line;
}

/** Text as a part of an address; a half of a surrogate pair, which has no encoding, becomes U+FFFD.
 * @param {string} text */
function encoded(text) {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
}

/** The card of a site. @param {Site} site @param {Choice} choice @param {Language} say */
export function siteCard(site, choice, say) {
  const { t } = say;
  const { model } = choice;
  const box = make("article", "sp-popup");
  const proposed = site.order ? model.proposed[site.order - 1] : null;
  const kicker = proposed ? t("why_here") : t(site.existing ? "existing_station" : "candidate_site");
  box.append(head(kicker, site.name, proposed ? String(site.order) : undefined));
  const stands = choice.stands(site.row);
  if (stands !== choice.planned(site.row)) {
    box.append(make("p", "sp-changed", t(stands ? "added_by_you" : site.existing ? "closed_by_you" : "taken_by_you")));
  } else if (site.existing && !stands) box.append(make("p", "sp-changed", t("closes_by_plan")));
  const district = model.districts.name[site.district] || "";
  const phase = proposed && proposed.phase >= 0 ? model.phases[proposed.phase] : "";
  const kind = [
    phase, model.kinds[site.kind], model.hosts[site.host], site.hours, site.existing ? "" : say.yuan(site.cost),
  ];
  const where = [site.address.includes(district) ? "" : district, site.address];
  for (const line of [kind, where]) {
    const words = line.filter(Boolean).join(" · ");
    if (words) box.append(make("p", "sp-meta", words));
  }
  const links = mapLinks(site, say);
  if (links) box.append(links);

  const alone = choice.ledger.alone(site.row);
  const lost = sumOf(alone);
  if (site.existing) {
    box.append(facts([[t(stands ? "if_closed" : "if_open"), lossText(lost, stands, say)]]));
    const table = workersTable(alone, t(stands ? "alone_table" : "gain_table"), "sp-alone", choice, say);
    if (table) box.append(table);
  } else {
    const gained = choice.gain(site.row);
    const gain = sumOf(gained);
    box.append(make("p", "sp-gained", t("gain", { workers: say.workers(gain) })));
    box.append(workersTable(gained, t("gain_table"), "sp-gain", choice, say) || make("p", "sp-note", t("no_gain")));
  }
  if (proposed) {
    const near = proposed.nearest;
    box.append(facts([
      [t("held"), proposed.held],
      [t("nearest"), near ? t("nearest_value", { name: near.name, minutes: say.minutes(near.minutes) })
        : t("nearest_none")],
      [t("served_today"), proposed.today],
      [t("replacement"), replacementText(proposed.replacement, model, say)],
      [t("removal"), stands ? lossText(lost, true, say) : null],
      [t("robust"), proposed.chosen || null],
    ]));
    const table = stands && lost >= SHOWN_FROM ? workersTable(alone, t("alone_table"), "sp-alone", choice, say) : null;
    if (table) {
      const fold = make("details");
      fold.append(make("summary", "", t("alone_table")), table);
      box.append(fold);
    }
  }
  const whyNot = model.whyNot.get(site.row);
  if (whyNot) box.append(facts(whyNot));
  const bar = make("p", "sp-actions");
  const [far, middle, near] = model.bands;
  bar.append(switchButton(site, choice, say), make("span", "sp-bands", t("service_bands", { near, middle, far })));
  box.append(bar);
  return box;
}

/** @param {import("./model.js").Proposed["replacement"]} other @param {import("./model.js").Model} model
 * @param {Language} say */
function replacementText(other, model, say) {
  if (!other) return say.t("replacement_none");
  const key = Math.abs(other.loss) < SHOWN_FROM ? "replacement_same"
    : other.loss > 0 ? "replacement_loss" : "replacement_gain";
  const exchange = say.t(key, { name: model.sites[other.site].name, workers: say.workers(Math.abs(other.loss)) });
  return other.breaks ? say.t("replacement_breaks", { exchange, rule: other.breaks }) : exchange;
}

/** @param {number} workers @param {boolean} lost whether they are lost, or gained @param {Language} say */
function lossText(workers, lost, say) {
  if (workers < SHOWN_FROM) return say.t(lost ? "removal_none" : "nobody_gained");
  return say.t(lost ? "removal_value" : "gain", { workers: say.workers(workers) });
}

/** The card of a place: its district and its cell. @param {number} district -1 for none @param {number} cell
 * @param {Scene} scene @param {Language} say */
export function placeCard(district, cell, scene, say) {
  const { t } = say;
  const { choice, model } = scene;
  const edited = choice.edited().length > 0;
  const box = make("article", "sp-popup");
  box.append(district < 0 ? head(t("demand"), t("cell_here"))
    : head(model.districts.prefecture[district] || t("district"), model.districts.name[district]));
  if (district >= 0) {
    const part = { ...choice.part, district };
    const [today, now] = [choice.ledger.count(part, choice.today), choice.ledger.count(part)];
    box.append(facts([
      [t("workers"), say.workers(now.total)],
      [t("coverage_today"), say.percent(today.once, today.total)],
      [t(edited ? "coverage_changed" : "coverage_plan"), say.percent(now.once, now.total)],
      [t("cross_coverage"), t("change", {
        before: say.percent(today.twice, today.total), after: say.percent(now.twice, now.total),
      })],
    ]));
  }
  if (cell >= 0) {
    if (district >= 0) box.append(make("h3", "", t("cell_here")));
    const { workers, uncovered } = choice.ledger.byCell(choice.part, choice.today);
    box.append(facts([
      [t("workers"), say.workers(workers[cell])],
      [t("uncovered_today"), say.workers(uncovered[cell])],
      [t(edited ? "uncovered_changed" : "uncovered_plan"),
        say.workers(choice.ledger.byCell(choice.part).uncovered[cell])],
    ]));
  }
  return box;
}
