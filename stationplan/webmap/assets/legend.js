/** The legend: colours and symbols of the layers that are shown. */

import { BAND_FILLS, HOST_FILLS, KIND_EDGES, KIND_FILLS, KIND_RADII, PHASE_FILLS, TEAL } from "./colours.js";
import { button, make } from "./dom.js";
import { KIND_LAYERS } from "./scene.js";

/** @typedef {import("./colours.js").Classes} Classes */
/** @typedef {import("./language.js").Language} Language */
/** @typedef {import("./scene.js").Scene} Scene */

/** @param {Scene} scene @param {Language} say @param {(now: boolean) => void} turn switches between today and choice */
export function legend(scene, say, turn) {
  const { t } = say;
  const { choice, model, shown } = scene;
  const body = document.createDocumentFragment();
  if (shown("demand") && scene.demandClasses.upper.length) {
    body.append(rampBlock(t("demand"), t("workers_unit"), scene.demandClasses, say, (end) => `≤${say.bound(end)}`));
  }
  if (shown("uncovered") && scene.uncoveredClasses.upper.length) {
    body.append(rampBlock(t("uncovered"), t("workers_unit"), scene.uncoveredClasses, say,
      (end) => `≤${say.bound(end)}`));
  }
  if (shown("coverage")) {
    body.append(rampBlock(t("coverage_by_district"), "", scene.coverageClasses, say, (end) => `≤${100 * end}%`));
  }
  if (shown("uncovered") || shown("coverage")) body.append(states(scene, say, turn));
  const list = make("ul", "sp-keys");
  const count = (/** @type {string} */ label, /** @type {number} */ number) => `${t(label)} (${say.count(number)})`;
  if (shown("proposed")) {
    const chosen = choice.chosen().length;
    if (model.phases.length) {
      model.phases.forEach((phase, i) => {
        const sites = model.proposed.filter((item) => item.phase === i).length;
        list.append(key("pin", `${phase} (${say.count(sites)})`, PHASE_FILLS[i % PHASE_FILLS.length]));
      });
    } else if (chosen || model.proposed.length) list.append(key("pin", count("proposed", chosen), TEAL));
    if (choice.edited().some((row) => !model.sites[row].existing)) list.append(key("dashed", t("not_built")));
  }
  if (shown("reach")) list.append(key("reach", t("reach", { minutes: model.bands[0] }), "#b9dfda"));
  if (scene.service.length) {
    for (let i = model.bands.length - 1; i >= 0; i -= 1) {
      list.append(key("reach", t("walk_minutes", { minutes: model.bands[i] }), BAND_FILLS[i]));
    }
  }
  KIND_LAYERS.forEach((layer, kind) => {
    const stations = model.sites.filter((site) => site.existing && site.kind === kind).length;
    if (!shown(layer) || !stations) return;
    const row = key("dot", count(layer, stations), KIND_FILLS[kind]);
    const sign = /** @type {HTMLElement} */ (row.firstElementChild);
    sign.style.borderColor = KIND_EDGES[kind];
    sign.style.width = sign.style.height = `${2 * KIND_RADII[kind] + 1.5}px`;
    list.append(row);
  });
  if (KIND_LAYERS.some(shown)) {
    if (model.sites.some((site) => site.existing && site.always)) list.append(key("always", t("open_always")));
    if (choice.slot >= 0) list.append(key("hollow", t("closed_then")));
  }
  if (shown("candidates") && !shown("hosts")) {
    const free = model.sites.filter((site) => site.shown && !site.existing && !site.order).length;
    list.append(key("candidate", count("candidates", free)));
  }
  if (shown("hosts")) {
    const used = new Set(model.sites.filter((site) => site.shown).map((site) => site.host));
    model.hosts.forEach((name, host) => {
      if (used.has(host)) list.append(key("dot", name, HOST_FILLS[host % HOST_FILLS.length]));
    });
  }
  if (shown("districts") && model.districts.name.length) list.append(key("border", t("districts")));
  if (shown("roads") && model.roads.major) list.append(key("major", t("roads_major")));
  if (shown("roads") && model.roads.forth.length > model.roads.major) list.append(key("minor", t("roads_minor")));
  if (list.childElementCount) body.append(list);
  if (!body.childElementCount) body.append(make("p", "sp-note", t("nothing_shown")));
  return body;
}

/** @param {Scene} scene @param {Language} say @param {(now: boolean) => void} turn */
function states(scene, say, turn) {
  const choices = make("div", "sp-choice");
  choices.setAttribute("role", "group");
  choices.setAttribute("aria-label", say.t("uncovered"));
  for (const now of [false, true]) {
    const label = now ? (scene.choice.edited().length ? "after_changes" : "with_plan") : "today";
    const state = button("", say.t(label), () => turn(now));
    state.setAttribute("aria-pressed", String(now === scene.now));
    choices.append(state);
  }
  return choices;
}

/** A colour ramp with the inclusive upper end of each class.
 * @param {string} title @param {string} unit @param {Classes} classes @param {Language} say
 * @param {(end: number) => string} short */
function rampBlock(title, unit, classes, say, short) {
  const block = make("div", "sp-ramp-block");
  const heading = make("p", "sp-label", title);
  heading.append(make("small", "", unit));
  const list = make("ol", `sp-ramp${classes.upper.some((end) => short(end).length > 5) ? " sp-ramp-long" : ""}`);
  classes.upper.forEach((end, i) => {
    const item = make("li");
    const swatch = make("span", "sp-swatch");
    swatch.style.background = classes.colours[i];
    const text = make("span", "", short(end));
    text.setAttribute("aria-hidden", "true");
    const long = i === 0 ? say.t("class_upto", { value: say.bound(end) })
      : say.t("class_between", { low: say.bound(classes.upper[i - 1]), high: say.bound(end) });
    item.append(swatch, text, make("span", "sp-hidden", long));
    list.append(item);
  });
  block.append(heading, list);
  return block;
}

/** A row of the legend: a symbol drawn by CSS, and a text. @param {string} sign @param {string} text
 * @param {string} [fill] */
function key(sign, text, fill) {
  const row = make("li", `sp-key sp-key-${sign}`);
  const mark = make("span", `sp-sign sp-sign-${sign}`, sign === "pin" ? "1" : undefined);
  mark.setAttribute("aria-hidden", "true");
  if (fill) mark.style.background = fill;
  row.append(mark, make("span", "", text));
  return row;
}
