/** How plans differ: sites that are kept, added and dropped, and their figures side by side. */

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./model.js").Site} Site */

/** Proposed sites of a plan against those of the first one, by their codes.
 * @param {Site[]} first @param {Site[]} other */
export function siteChanges(first, other) {
  const [before, after] = [first, other].map((sites) => new Map(sites.filter((site) => site.order)
    .sort((a, b) => a.order - b.order).map((site) => [site.id, site])));
  return {
    kept: [...after.values()].filter((site) => before.has(site.id)),
    added: [...after.values()].filter((site) => !before.has(site.id)),
    dropped: [...before.values()].filter((site) => !after.has(site.id)),
  };
}

/** The parts of one kind that any of the plans has, by key, with their place in each plan (-1: it has none).
 * @param {{key: string, name: string}[][]} lists one for each plan */
export function matched(lists) {
  /** @type {Map<string, {name: string, at: number[]}>} */
  const rows = new Map();
  lists.forEach((list, plan) => list.forEach(({ key, name }, at) => {
    const row = rows.get(key) || { name, at: lists.map(() => -1) };
    row.at[plan] = at;
    rows.set(key, row);
  }));
  return [...rows.values()];
}
