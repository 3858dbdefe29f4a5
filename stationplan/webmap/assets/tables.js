/** The content of the map as tables, for screen readers and for copying into other documents. */

import { sumOf } from "./counting.js";
import { button, make } from "./dom.js";
import { coverageTable } from "./summary.js";

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./language.js").Language} Language */

/** Opens a dialog with the tables; the focus returns to its previous position.
 * @param {HTMLElement} host @param {Choice} choice @param {Language} say */
export function showTables(host, choice, say) {
  const { t } = say;
  const { model } = choice;
  const dialog = make("dialog", "sp-dialog");
  dialog.setAttribute("aria-label", t("tables"));
  const top = make("header");
  top.append(make("h2", "", model.title), button("sp-action", t("close"), () => dialog.close()));
  const { group, slot } = choice;
  dialog.append(top,
    make("h3", "", t("coverage")),
    coverageTable(t("group"), model.groups.map((item) => item.name), (i) => ({ group: i, slot }), choice, say),
    coverageTable(t("slot"), model.slots.map((item) => item.name), (i) => ({ group, slot: i }), choice, say),
    coverageTable(t("district"), model.districts.name, (i) => ({ group, slot, district: i }), choice, say),
    make("h3", "", t("list_of_sites")),
    table([t("site"), t("code"), t("kind"), t("host"), t("hours"), t("address"), t("district"), t("gain_short"),
      t("cost"), t("held"), t("replacement")],
    choice.chosen().sort((a, b) => (a.order || Infinity) - (b.order || Infinity)).map((site) => {
      const item = site.order ? model.proposed[site.order - 1] : null;
      return [site.order ? `${site.order}. ${site.name}` : site.name, site.id, model.kinds[site.kind],
        model.hosts[site.host] || "", site.hours, site.address, model.districts.name[site.district] || "",
        say.tabled(sumOf(choice.gain(site.row), choice.part), 0), say.count(site.cost), item ? item.held : "",
        item && item.replacement ? model.sites[item.replacement.site].name : ""];
    })),
    make("h3", "", t("existing_stations")),
    table([t("site"), t("code"), t("kind"), t("host"), t("hours"), t("address"), t("district")],
      model.sites.filter((site) => site.existing && choice.stands(site.row)).map((site) => [
        site.name, site.id, model.kinds[site.kind], model.hosts[site.host] || "", site.hours, site.address,
        model.districts.name[site.district] || ""])));
  host.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

/** @param {string[]} heads @param {string[][]} rows */
function table(heads, rows) {
  const element = make("table", "sp-wide");
  const top = make("tr");
  for (const text of heads) {
    const cell = make("th", "", text);
    cell.scope = "col";
    top.append(cell);
  }
  const header = make("thead");
  header.append(top);
  const body = make("tbody");
  for (const values of rows) {
    const row = make("tr");
    values.forEach((value, i) => {
      const cell = make(i ? "td" : "th", "", value);
      if (!i) cell.setAttribute("scope", "row");
      row.append(cell);
    });
    body.append(row);
  }
  element.append(header, body);
  const frame = make("div", "sp-scroll");
  frame.tabIndex = 0;
  frame.append(element);
  return frame;
}
