/** Elements of the page. Text is only set through `textContent`, so no text of the data is ever parsed as markup. */

/** An element with a class and a text. @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {string} [name]
 * @param {string|number} [text] @returns {HTMLElementTagNameMap[T]} */
export function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = String(text);
  return element;
}

/** Shows in the page why nothing can be drawn, and throws the error. @param {HTMLElement} host @param {Error} error
 * @returns {never} */
export function fail(host, error) {
  host.classList.add("sp-map");
  host.append(make("p", "sp-panel sp-old", error.message));
  throw error;
}

/** A button. @param {string} name class @param {string} text @param {() => void} act */
export function button(name, text, act) {
  const element = make("button", name, text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

/** A `<dl>` of the rows that have a value. @param {[string, string|null|undefined][]} rows */
export function facts(rows) {
  const list = make("dl", "sp-facts");
  for (const [term, value] of rows) {
    if (!value) continue;
    const row = make("div");
    row.append(make("dt", "", term), make("dd", "", value));
    list.append(row);
  }
  return list;
}

/** A labelled `<select>`. @param {string} label @param {string[]} options @param {(at: number) => void} choose */
export function selector(label, options, choose) {
  const line = make("label", "sp-select", label);
  const select = make("select");
  options.forEach((name) => select.append(make("option", "", name)));
  select.addEventListener("change", () => choose(select.selectedIndex));
  line.append(select);
  return { line, select };
}

let folds = 0;

/** A button that shows and hides `body`. @param {HTMLElement} toggle @param {HTMLElement} body @param {boolean} open
 * @param {() => void} [changed] */
export function foldable(toggle, body, open, changed) {
  if (!body.id) body.id = `sp-fold-${++folds}`;
  toggle.setAttribute("type", "button");
  toggle.setAttribute("aria-controls", body.id);
  const set = (/** @type {boolean} */ state) => {
    toggle.setAttribute("aria-expanded", String(state));
    body.hidden = !state;
    changed?.();
  };
  toggle.addEventListener("click", () => set(body.hidden));
  set(open);
  return set;
}

/** A Leaflet control around `element`, whose mouse events do not reach the map.
 * @param {L.Map} map @param {HTMLElement} element @param {L.ControlPosition} position */
export function addControl(map, element, position) {
  L.DomEvent.disableClickPropagation(element);
  L.DomEvent.disableScrollPropagation(element);
  const Panel = L.Control.extend({ onAdd: () => element });
  return new Panel({ position }).addTo(map);
}

/** Escapes text for the attribution, the only control whose text Leaflet parses as HTML. @param {string} text */
export function escapeMarkup(text) {
  const shield = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\r": "&#13;" };
  return text.replace(/[&<>"'\r]/g, (sign) => shield[/** @type {keyof typeof shield} */ (sign)]);
}

/** Offers a text as a file for download. @param {string} name @param {string} text @param {string} type */
export function download(name, text, type) {
  const link = make("a");
  link.download = name;
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
