/** The choice of the reader as a scenario, with which `stationplan run` evaluates exactly these sites. */

/** @typedef {import("./model.js").Site} Site */

/**
 * The choice as TOML. The new sites are required, and no more may be built; the closed stations are the only ones that
 * may close. So the plan has no freedom left. Proposed sites that were switched off are forbidden, and so are actions
 * that do not count as sites, which the plan could otherwise add freely.
 * @param {Site[]} sites @param {(row: number) => boolean} stands @param {string} scenario name of its file
 * @param {string[]} only districts of the plan, if its scenario has more
 * @param {string[]} reset TOML lines that reset keys of the plan @param {string} comment
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

/** A TOML basic string: a JSON string in which DEL is escaped as well. @param {string} text */
export function quoted(text) {
  return JSON.stringify(text).replace(/\x7f/g, "\\u007f");
}
