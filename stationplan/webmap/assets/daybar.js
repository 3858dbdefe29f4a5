/** The bar below the map: a selector of the group of workers, and a slider for the time slot. */

import { make, selector } from "./dom.js";

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./language.js").Language} Language */

/** With more slots than this there is no space for all labels: about eight slots get one. */
const ALL_LABELLED = 12;
const LABELS = 8;

/** Labels below the slider: the whole day at the first position, and the starting hours of slots, as far as they fit.
 * @param {string} whole @param {{hours: string}[]} slots */
export function tickLabels(whole, slots) {
  if (slots.length <= ALL_LABELLED) return [whole, ...slots.map((slot) => slot.hours.slice(0, 2))];
  const every = Math.ceil(slots.length / LABELS);
  // The first slot is too close to the label of the whole day.
  return [whole, ...slots.map((slot, i) => (i && i % every === 0 ? slot.hours.slice(0, 2) : ""))];
}

/** @param {Choice} choice @param {Language} say */
export function makeDayBar(choice, say) {
  const { t } = say;
  const { groups, slots } = choice.model;
  const bar = make("section", "sp-panel sp-day");
  bar.setAttribute("aria-label", t("who_and_when"));
  const group = selector(t("group"), [t("all_groups"), ...groups.map((item) => item.name)],
    (at) => choice.look({ group: at - 1 }));
  const slider = make("input");
  slider.type = "range";
  slider.min = "0";
  slider.max = String(slots.length);
  slider.step = "1";
  slider.setAttribute("aria-label", t("slot"));
  const words = make("output", "sp-when");
  const label = make("label", "sp-slider");
  const ticks = make("span", "sp-ticks");
  ticks.setAttribute("aria-hidden", "true");
  ticks.append(...tickLabels(t("day_short"), slots).map((text) => make("span", "", text)));
  const track = make("span", "sp-track");
  track.append(slider, ticks);
  label.append(make("span", "", t("slot")), track, words);
  const show = () => {
    group.select.selectedIndex = choice.group + 1;
    slider.value = String(choice.slot + 1);
    const slot = slots[choice.slot];
    words.textContent = slot ? say.slot(slot) : t("whole_day");
    slider.setAttribute("aria-valuetext", words.textContent);
  };
  slider.addEventListener("input", () => choice.look({ slot: Number(slider.value) - 1 }));
  choice.watch((change) => {
    if (change === "part") show();
  });
  show();
  bar.append(group.line, label);
  return bar;
}
