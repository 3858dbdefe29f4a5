/** The state of a page in the fragment of its URL (after `#`), so that a link shows what its sender saw. */

/**
 * @typedef {object} State
 * @property {[number, number, number]|null} view latitude, longitude, zoom
 * @property {string} group id, empty for all
 * @property {string} slot id, empty for the whole day
 * @property {string} site id of the selected one
 * @property {string[]} on ids of sites in use that are not in use in the plan
 * @property {string[]} off ids of proposed sites and stations that are not in use
 * @property {string[]|null} layers keys of the layers shown; null for the initial ones
 * @property {string} tab
 */

/** @returns {State} */
export function emptyState() {
  return { view: null, group: "", slot: "", site: "", on: [], off: [], layers: null, tab: "" };
}

/** @param {State} state */
export function writeState(state) {
  const parts = [];
  if (state.view) parts.push(`at=${state.view.map((value, i) => Number(value.toFixed(i < 2 ? 5 : 2))).join(",")}`);
  for (const key of /** @type {const} */ (["group", "slot", "site", "tab"])) {
    if (state[key]) parts.push(`${key}=${encodeURIComponent(state[key])}`);
  }
  for (const key of /** @type {const} */ (["on", "off", "layers"])) {
    const list = state[key];
    if (list && (list.length || key === "layers")) parts.push(`${key}=${list.map(encodeURIComponent).join(",")}`);
  }
  return parts.join("&");
}

/** The state in a URL fragment; unknown parts are ignored. @param {string} text @returns {State} */
export function readState(text) {
  const state = emptyState();
  for (const part of text.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    const [key, value] = [part.slice(0, at), part.slice(at + 1)];
    if (key === "at") {
      const view = value.split(",").map(Number);
      if (view.length === 3 && view.every(Number.isFinite)) state.view = [view[0], view[1], view[2]];
    } else if (key === "group" || key === "slot" || key === "site" || key === "tab") state[key] = decoded(value);
    else if (key === "on" || key === "off" || key === "layers") {
      state[key] = value.split(",").filter(Boolean).map(decoded);
    }
  }
  return state;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
