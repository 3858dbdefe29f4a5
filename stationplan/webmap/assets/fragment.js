/** The reader's choice as a scenario: what `stationplan run` needs to count exactly these sites. */

/** @typedef {import("./model.js").Site} Site */

/**
 * The choice as TOML. The new sites are required, as many as may be built, and the stations that close are the only
 * ones that may; so the plan has no freedom left. Proposed sites that were switched off are forbidden, and so are
 * actions that do not count as sites, which the plan would otherwise add for nothing.
 * @param {Site[]} sites @param {(row: number) => boolean} stands @param {string} scenario name of its file
 * @param {string[]} only districts that the plan is about, where its scenario has more
 * @param {string[]} reset keys of the plan that are set back @param {string} comment
 */
export function fragment(sites, stands, scenario, only, reset, comment) {
  const chosen = sites.filter((site) => !site.existing && stands(site.row));
  const forbidden = sites.filter((site) => !site.existing && !stands(site.row)
    && (site.order > 0 || !site.counted || site.forbidden));
  const closed = sites.filter((site) => site.existing && !stands(site.row));
  const list = (/** @type {Site[]} */ rows) => `[${rows.map((site) => quoted(site.id)).join(", ")}]`;
  return [
    `# ${comment.replace(/\p{C}/gu, " ")}`,
    `extends = ${quoted(scenario)}`,
    "",
    ...(only.length ? ["[area]", `only = [${only.map(quoted).join(", ")}]`, ""] : []),
    "[plan]",
    ...reset,
    `new = ${chosen.filter((site) => site.counted).length}`,
    `required = ${list(chosen)}`,
    `forbidden = ${list(forbidden)}`,
    `closable = ${list(closed)}`,
    `close = ${closed.length}`,
    "",
  ].join("\n");
}

/** A basic string of TOML: JSON's, which leaves only DEL to be escaped. @param {string} text */
export function quoted(text) {
  return JSON.stringify(text).replace(/\x7f/g, "\\u007f");
}
