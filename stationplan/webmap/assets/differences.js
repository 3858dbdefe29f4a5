/** Differences between plans: sites kept, added and dropped, and matching parts for figures side by side. */

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./model.js").Site} Site */

/** Proposed sites of a plan compared with those of the first plan, matched by id.
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

/** The parts of one kind that occur in any plan, matched by key, with their index in each plan (-1: absent).
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
