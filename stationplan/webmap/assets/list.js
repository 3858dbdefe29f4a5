/** The list of sites beside the map: sites in use and proposed ones to sort and switch, and search results. */

import { sumOf } from "./counting.js";
import { button, make } from "./dom.js";

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./language.js").Language} Language */
/** @typedef {import("./model.js").Site} Site */
/** @typedef {"order"|"name"|"gain"|"cost"|"district"} SortKey */
/**
 * @typedef {object} Going the functions of the map that the list calls
 * @property {(row: number) => void} toSite
 * @property {(district: number) => void} toDistrict
 * @property {(row: number) => void} hover -1 for none
 */

/** Rows shown initially; a button shows the rest. */
const ROWS = 200;
const FOUND = 60;

/** Sites, stations and districts whose name, code, address or district contains every word of the query.
 * @param {import("./model.js").Model} model @param {string} query @returns {{sites: Site[], districts: number[]}} */
export function find(model, query) {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return { sites: [], districts: [] };
  const holds = (/** @type {string[]} */ texts) => {
    const text = texts.join(" ").toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  };
  const { districts } = model;
  return {
    sites: model.sites.filter((site) => site.shown
      && holds([site.id, site.name, site.address, districts.name[site.district] || ""])),
    districts: districts.name.map((_, i) => i).filter((i) => holds([districts.name[i], districts.prefecture[i]])),
  };
}

/** @param {Site[]} sites @param {SortKey} key @param {boolean} down @param {Choice} choice @param {string} locale */
export function sorted(sites, key, down, choice, locale) {
  const compare = new Intl.Collator(locale, { numeric: true }).compare;
  const district = (/** @type {Site} */ site) => choice.model.districts.name[site.district] || "";
  const gain = new Map(sites.map((site) => [site.row, sumOf(choice.gain(site.row), choice.part)]));
  /** @type {Record<SortKey, (a: Site, b: Site) => number>} */
  const by = {
    order: (a, b) => (a.order || Infinity) - (b.order || Infinity) || a.row - b.row,
    name: (a, b) => compare(a.name, b.name),
    gain: (a, b) => (gain.get(a.row) || 0) - (gain.get(b.row) || 0),
    cost: (a, b) => a.cost - b.cost,
    district: (a, b) => compare(district(a), district(b)),
  };
  const order = (/** @type {Site} */ a, /** @type {Site} */ b) => by[key](a, b) * (down ? -1 : 1) || a.row - b.row;
  return [...sites].sort(order);
}

/** @param {Choice} choice @param {Language} say @param {Going} going */
export function makeList(choice, say, going) {
  const { t } = say;
  const { model } = choice;
  const box = make("div", "sp-list");
  const search = make("input", "sp-search");
  search.type = "search";
  search.placeholder = t("search");
  search.setAttribute("aria-label", t("search"));
  const found = make("div", "sp-found");
  found.setAttribute("aria-live", "polite");
  const table = make("table", "sp-sites");
  const body = make("tbody");
  /** @type {SortKey} */
  let key = "order";
  let down = false;
  let all = false;
  /** @type {Map<SortKey, HTMLTableCellElement>} */
  const heads = new Map();
  const top = make("tr");
  top.append(make("td"));
  for (const [column, label] of /** @type {[SortKey, string][]} */ (
    [["order", t("order")], ["name", t("site")], ["gain", t("gain_short")], ["cost", t("cost")]])) {
    const cell = make("th");
    cell.scope = "col";
    cell.append(button("", label, () => {
      // Numbers are first sorted in descending order, names in ascending order.
      down = key === column ? !down : column === "gain" || column === "cost";
      key = column;
      write();
    }));
    heads.set(column, cell);
    top.append(cell);
  }
  const header = make("thead");
  header.append(top);
  table.append(make("caption", "sp-hidden", t("list_of_sites")), header, body);
  const more = button("sp-more-rows", "", () => {
    all = true;
    write();
  });
  box.append(search, found, table, more);

  /** @param {Site} site */
  const rowOf = (site) => {
    const row = make("tr", choice.stands(site.row) ? "" : "sp-off");
    row.dataset.row = String(site.row);
    if (site.row === choice.selected) row.classList.add("sp-selected");
    const check = make("input");
    check.type = "checkbox";
    check.checked = choice.stands(site.row);
    check.setAttribute("aria-label", t("switch_site", { name: site.name }));
    check.addEventListener("change", () => choice.set([site.row], check.checked));
    const first = make("td");
    first.append(check);
    const name = make("th");
    name.scope = "row";
    const go = button("sp-go", site.name, () => going.toSite(site.row));
    name.append(go, make("small", "", model.districts.name[site.district] || ""));
    row.append(first, make("td", "sp-number", site.order || "+"), name,
      make("td", "sp-number", say.tabled(sumOf(choice.gain(site.row), choice.part), 0)),
      make("td", "sp-number", say.count(site.cost)));
    row.addEventListener("mouseenter", () => going.hover(site.row));
    row.addEventListener("mouseleave", () => going.hover(-1));
    go.addEventListener("focus", () => going.hover(site.row));
    go.addEventListener("blur", () => going.hover(-1));
    return row;
  };
  const write = () => {
    const focus = document.activeElement?.closest("tr")?.dataset.row;
    const column = document.activeElement instanceof HTMLInputElement ? "input" : ".sp-go";
    const listed = model.sites.filter((site) => !site.existing && (site.order || choice.stands(site.row)));
    const rows = sorted(listed, key, down, choice, say.locale);
    body.replaceChildren(...rows.slice(0, all ? rows.length : ROWS).map(rowOf));
    more.hidden = all || rows.length <= ROWS;
    more.textContent = t("show_all", { count: say.count(rows.length) });
    heads.forEach((cell, name) => cell.setAttribute("aria-sort",
      name === key ? (down ? "descending" : "ascending") : "none"));
    const held = focus && body.querySelector(`tr[data-row="${focus}"] ${column}`);
    if (held instanceof HTMLElement) held.focus();
  };
  const seek = () => {
    found.replaceChildren();
    if (!search.value.trim()) return;
    const { sites, districts } = find(model, search.value);
    const list = make("ul");
    const add = (/** @type {string} */ text, /** @type {string} */ note, /** @type {() => void} */ act) => {
      const item = make("li");
      const go = button("sp-go", text, act);
      item.append(go, make("small", "", note));
      list.append(item);
    };
    for (const i of districts.slice(0, 10)) {
      add(model.districts.name[i], model.districts.prefecture[i] || t("district"), () => going.toDistrict(i));
    }
    for (const site of sites.slice(0, FOUND)) {
      const what = t(site.existing ? "existing_station" : site.order ? "proposed_site" : "candidate_site");
      add(site.name, `${what} · ${site.id}`, () => going.toSite(site.row));
    }
    found.append(make("p", "sp-note", t("found", { count: say.count(sites.length + districts.length) })), list);
  };
  search.addEventListener("input", seek);
  write();
  choice.watch((change) => {
    if (change === "selection") {
      body.querySelector(".sp-selected")?.classList.remove("sp-selected");
      const row = body.querySelector(`tr[data-row="${choice.selected}"]`);
      row?.classList.add("sp-selected");
      row?.scrollIntoView({ block: "nearest" });
    } else write();
  });
  return box;
}
