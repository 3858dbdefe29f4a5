/** The changes of the reader to the plan: undo, reset, and export as a scenario. */

import { button, download, make } from "./dom.js";
import { fragment } from "./fragment.js";

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./language.js").Language} Language */

/** @param {Choice} choice @param {Language} say @param {(row: number) => void} toSite */
export function makeEdits(choice, say, toSite) {
  const { t } = say;
  const { model } = choice;
  const box = make("div", "sp-edits");
  const text = () => fragment(model.sites, (row) => choice.stands(row), model.scenario, model.only, model.reset,
    t("fragment_comment", { title: model.title }));
  const write = () => {
    const edited = choice.edited();
    box.replaceChildren(make("p", "sp-note", t("edits_hint")));
    const list = make("ul", "sp-changes");
    for (const row of edited) {
      const site = model.sites[row];
      const stands = choice.stands(row);
      const item = make("li");
      const key = stands ? "added_by_you" : site.existing ? "closed_by_you" : "taken_by_you";
      const words = make("span");
      words.append(button("sp-go", site.name, () => toSite(row)), make("small", "", t(key)));
      const back = button("sp-undo", t("undo"), () => choice.set([row], !stands));
      back.setAttribute("aria-label", t("undo_site", { name: site.name }));
      item.append(words, back);
      list.append(item);
    }
    if (edited.length) box.append(list);
    else box.append(make("p", "sp-note", t("no_edits")));
    const bar = make("p", "sp-actions");
    bar.append(button("sp-action", t("export"), () => download("choice.toml", text(), "text/plain")));
    if (edited.length) bar.append(button("sp-action", t("reset"), () => choice.reset()));
    const code = make("pre", "sp-code", text());
    code.tabIndex = 0;
    code.setAttribute("aria-label", t("export"));
    box.append(bar, make("p", "sp-note", t("export_hint", { scenario: model.scenario })), code);
  };
  write();
  choice.watch((change) => {
    if (change === "sites") write();
  });
  return box;
}
