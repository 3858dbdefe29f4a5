/** The figures of the choice: coverage today and now, gains and costs, and tables by group, slot and district. */

import { facts, make } from "./dom.js";

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./counting.js").Part} Part */
/** @typedef {import("./language.js").Language} Language */

/** With more time slots than this, the table of districts comes before that of slots. */
const SLOTS_FIRST = 12;

/** The names of the selected group and slot; empty if all are selected. @param {Choice} choice */
export function partWords(choice) {
  const { groups, slots } = choice.model;
  return [groups[choice.group]?.name, slots[choice.slot]?.name].filter(Boolean).join(" · ");
}

/** Coverage as two large numbers and a bar. @param {Choice} choice @param {Language} say */
export function figures(choice, say) {
  const { t } = say;
  const box = make("div", "sp-coverage");
  const words = partWords(choice);
  box.append(make("p", "sp-label", words ? t("coverage_of", { part: words }) : t("coverage")));
  const [today, now] = [choice.ledger.count(choice.part, choice.today), choice.ledger.count(choice.part)];
  const [before, after] = [say.percent(today.once, today.total), say.percent(now.once, now.total)];
  const row = make("p", "sp-figures");
  const figure = (/** @type {string} */ name, /** @type {string} */ caption, /** @type {string} */ value) => {
    const part = make("span", name);
    part.append(make("strong", "", value), make("small", "", caption));
    return part;
  };
  const arrow = make("span", "sp-arrow", "→");
  arrow.setAttribute("aria-hidden", "true");
  const edited = choice.edited().length > 0;
  row.append(figure("sp-before", t("today"), before), arrow,
    figure("sp-after", t(edited ? "after_changes" : "with_plan"), after));
  if (edited) {
    const plan = choice.ledger.count(choice.part, choice.plan);
    row.append(figure("sp-against", t("against_plan"), say.signed(now.once - plan.once)));
  }
  const bar = make("div", "sp-bar");
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", t(edited ? "coverage_edited" : "coverage_sentence", { before, after }));
  for (const [name, { once, total }] of /** @type {const} */ ([["sp-bar-after", now], ["sp-bar-before", today]])) {
    const part = make("span", name);
    part.style.width = `${total > 0 ? (100 * once) / total : 0}%`;
    bar.append(part);
  }
  box.append(row, bar);
  return box;
}

/** @param {Choice} choice @param {Language} say */
export function overview(choice, say) {
  const { t } = say;
  const { ledger, model } = choice;
  const box = make("div", "sp-overview");
  const [today, now] = [ledger.count(choice.part, choice.today), ledger.count(choice.part)];
  const chosen = choice.chosen();
  const pair = make("dl", "sp-pair");
  for (const [term, value] of [
    [t("new_sites"), say.count(chosen.filter((site) => site.counted).length)],
    [t("workers_gained"), say.signed(now.once - today.once)],
  ]) {
    const item = make("div");
    item.append(make("dt", "", term), make("dd", "", value));
    pair.append(item);
  }
  const closed = model.sites.filter((site) => site.existing && !choice.stands(site.row)).length;
  box.append(pair, facts([
    [t("workers"), say.workers(now.total)],
    [t("cross_coverage"), t("change", {
      before: say.percent(today.twice, today.total), after: say.percent(now.twice, now.total),
    })],
    [t("cost"), say.count(chosen.reduce((sum, site) => sum + site.cost, 0))],
    [t("stations_closed"), closed ? say.count(closed) : null],
  ]), make("p", "sp-gap", choice.edited().length ? t("not_the_plan") : model.certainty));
  const { group, slot } = choice;
  const times = coverageTable(t("slot"), model.slots.map((item) => item.name), (i) => ({ group, slot: i }), choice,
    say);
  const places = coverageTable(t("district"), model.districts.name, (i) => ({ group, slot, district: i }), choice, say);
  box.append(
    coverageTable(t("group"), model.groups.map((item) => item.name), (i) => ({ group: i, slot }), choice, say),
    ...(model.slots.length > SLOTS_FIRST ? [places, times] : [times, places]),
  );
  return box;
}

/** Coverage by the items of one kind: today, now, and by two stations or more.
 * @param {string} title @param {string[]} names @param {(i: number) => Part} part @param {Choice} choice
 * @param {Language} say */
export function coverageTable(title, names, part, choice, say) {
  const { t } = say;
  const table = make("table", "sp-shares");
  const top = make("tr");
  const after = t(choice.edited().length ? "after_changes" : "with_plan");
  for (const text of [title, t("today"), after, t("cross_coverage")]) {
    const cell = make("th", "", text);
    cell.scope = "col";
    top.append(cell);
  }
  const header = make("thead");
  header.append(top);
  const body = make("tbody");
  names.forEach((name, i) => {
    const [today, now] = [choice.ledger.count(part(i), choice.today), choice.ledger.count(part(i))];
    const row = make("tr");
    const cell = make("th", "", name);
    cell.scope = "row";
    const share = make("td", "sp-share", say.percent(now.once, now.total));
    share.style.setProperty("--sp-share", `${now.total > 0 ? (100 * now.once) / now.total : 0}%`);
    row.append(cell, make("td", "", say.percent(today.once, today.total)), share,
      make("td", "", say.percent(now.twice, now.total)));
    body.append(row);
  });
  table.append(header, body);
  return table;
}
