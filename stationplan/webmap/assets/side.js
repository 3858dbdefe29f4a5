/** The panel beside the map: title, figures, and tabs for overview, sites and changes. */

import { button, foldable, make } from "./dom.js";
import { makeEdits } from "./edits.js";
import { makeList } from "./list.js";
import { figures, overview } from "./summary.js";

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./language.js").Language} Language */

export const TABS = ["overview", "sites", "edits"];

/**
 * @param {Choice} choice @param {Language} say @param {import("./list.js").Going} going @param {boolean} folded
 * @param {[string, () => void][]} tools labels of buttons at the foot, and their actions
 */
export function makeSide(choice, say, going, folded, tools) {
  const { t } = say;
  const { model } = choice;
  const panel = make("section", "sp-panel sp-side");
  panel.setAttribute("aria-label", t("panel_label"));
  if (model.marks.length) {
    const marks = make("ul", "sp-marks");
    marks.append(...model.marks.map((mark) => make("li", "", mark)));
    if (!choice.agrees()) marks.append(make("li", "sp-alarm", t("disagrees")));
    panel.append(marks);
  }
  const top = make("div", "sp-title-row");
  const toggle = make("button", "sp-fold");
  toggle.append(make("span", "sp-hidden", t("details")));
  top.append(make("h1", "", model.title), toggle);
  panel.append(top);
  if (model.subtitle) panel.append(make("p", "sp-subtitle", model.subtitle));
  const shares = make("div");
  shares.setAttribute("aria-live", "polite");
  const rest = make("div", "sp-rest");
  const tabs = make("div", "sp-tabs");
  tabs.setAttribute("role", "tablist");
  tabs.setAttribute("aria-label", t("panel_label"));
  const general = make("div");
  /** @type {Record<string, HTMLElement>} */
  const bodies = {
    overview: general, sites: makeList(choice, say, going), edits: makeEdits(choice, say, going.toSite),
  };
  /** @type {HTMLButtonElement[]} */
  const heads = [];
  let open = "overview";
  const show = (/** @type {string} */ name) => {
    open = name;
    TABS.forEach((tab, i) => {
      heads[i].setAttribute("aria-selected", String(tab === name));
      heads[i].tabIndex = tab === name ? 0 : -1;
      bodies[tab].hidden = tab !== name;
    });
  };
  for (const tab of TABS) {
    const head = button("sp-tab", t(`tab_${tab}`), () => {
      show(tab);
      choice.tell("selection");
    });
    head.setAttribute("role", "tab");
    head.id = `sp-tab-${tab}`;
    head.setAttribute("aria-controls", `sp-body-${tab}`);
    head.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = heads[(heads.indexOf(head) + step + heads.length) % heads.length];
      next.click();
      next.focus();
    });
    heads.push(head);
    tabs.append(head);
    bodies[tab].classList.add("sp-body");
    bodies[tab].id = `sp-body-${tab}`;
    bodies[tab].setAttribute("role", "tabpanel");
    bodies[tab].setAttribute("aria-labelledby", head.id);
  }
  const foot = make("p", "sp-tools");
  foot.append(...tools.map(([name, act]) => button("sp-tool", name, act)));
  rest.append(tabs, ...TABS.map((tab) => bodies[tab]), foot);
  panel.append(shares, rest);
  const write = () => {
    shares.replaceChildren(figures(choice, say));
    general.replaceChildren(overview(choice, say));
    const edited = choice.edited().length;
    heads[2].textContent = edited ? t("tab_edits_count", { count: edited }) : t("tab_edits");
  };
  write();
  show(open);
  choice.watch((change) => {
    if (change !== "selection") write();
  });
  const fold = foldable(toggle, rest, !folded, () => panel.classList.toggle("sp-folded", rest.hidden));
  return { panel, fold, show, tab: () => open };
}
