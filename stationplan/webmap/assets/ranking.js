/** Units of a batch, ranked by the share that is shown. */

/**
 * @typedef {{name: string, about: string, workers: number, before: number|null, after: number|null,
 *   cross: number|null, new: number, cost: number, links: [string, string][], reason: string}} Unit
 * @typedef {"after"|"before"|"gained"|"cross"} Shown
 */

/** @type {Shown[]} */
export const SHOWN = ["after", "before", "gained", "cross"];

/** The share by which a unit is coloured; null if there is none. @param {Unit} unit @param {Shown} shown */
export function shareOf(unit, shown) {
  if (shown !== "gained") return unit[shown];
  return unit.after === null || unit.before === null ? null : unit.after - unit.before;
}

/** Indices of units in descending order of the share shown, those without one last; ties keep their order.
 * @param {Unit[]} units @param {Shown} shown */
export function ranked(units, shown) {
  const shares = units.map((unit) => shareOf(unit, shown) ?? -Infinity);
  return units.map((_, at) => at).sort((a, b) => (shares[a] === shares[b] ? a - b : shares[b] - shares[a]));
}
