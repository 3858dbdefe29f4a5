/**
 * Recomputes coverage for any choice of sites. Workers are counted in integer fractions of a worker (`heads`), so sums
 * are exact: switching sites off and on again gives the same numbers, in any order.
 */

/**
 * @typedef {object} Demand
 * @property {number} cells number of cells
 * @property {number} districts number of districts
 * @property {Float64Array} district of each cell
 * @property {number} parts number of parts that make up one worker
 * @property {Float64Array[]} heads workers of each group by cell, in parts
 * @property {number[][]} share of the workers of a group in each slot, [group][slot]
 *
 * @typedef {object} Cover
 * @property {Int32Array} first first run of each (group, site)
 * @property {Int32Array} last end of the runs of each (group, site), exclusive
 * @property {Int32Array} start first cell of each run
 * @property {Int32Array} end end of each run, exclusive
 * @property {number} sites number of sites
 * @property {Uint8Array[]} open in each slot: 1 for the sites that are open, 0 for the others
 *
 * @typedef {{group?: number, slot?: number, district?: number}} Part a group, slot and district; -1 or absent for all
 * @typedef {{stations: Uint16Array, once: Float64Array, twice: Float64Array}} Counts stations by (group, slot, cell),
 *   and parts of workers covered, and covered twice or more, by (group, slot, district)
 * @typedef {{total: number, once: number, twice: number}} Counted workers: all, covered, covered by two or more
 */

/** @param {any} packed @param {Float64Array[]} arrays @param {number} sites number of sites @param {Uint8Array[]} open
 * @returns {Cover} */
export function coverOf(packed, arrays, sites, open) {
  const [runs, gap, length] = [arrays[packed.runs], arrays[packed.gap], arrays[packed.length]];
  const [first, last] = [new Int32Array(runs.length), new Int32Array(runs.length)];
  const [start, end] = [new Int32Array(gap.length), new Int32Array(gap.length)];
  let run = 0;
  for (let pair = 0; pair < runs.length; pair++) {
    if (runs[pair] < 0 && pair >= sites) {
      [first[pair], last[pair]] = [first[pair - sites], last[pair - sites]];
      continue;
    }
    first[pair] = run;
    let cell = 0;
    for (let k = 0; k < runs[pair]; k++, run++) {
      start[run] = cell + gap[run];
      cell = end[run] = start[run] + length[run];
    }
    last[pair] = run;
  }
  return { first, last, start, end, sites, open };
}

/** The number of sites in use that cover each (group, slot, cell), and the resulting coverage. */
export class Ledger {
  /** @param {Demand} demand @param {Cover} cover */
  constructor(demand, cover) {
    this.demand = demand;
    this.cover = cover;
    this.groups = demand.heads.length;
    this.slots = demand.share.length ? demand.share[0].length : 0;
    this.stations = new Uint16Array(this.groups * this.slots * demand.cells);
    this.once = new Float64Array(this.groups * this.slots * demand.districts);
    this.twice = new Float64Array(this.groups * this.slots * demand.districts);
    this.totals = demand.heads.map((heads) => {
      const total = new Float64Array(demand.districts);
      heads.forEach((parts, cell) => (total[demand.district[cell]] += parts));
      return total;
    });
    this.standing = new Uint8Array(cover.sites);
  }

  /** Sets whether a site is in use. @param {number} site @param {boolean} stands */
  set(site, stands) {
    if (Boolean(this.standing[site]) === stands) return;
    this.standing[site] = Number(stands);
    const { demand, cover, stations, once, twice, slots } = this;
    const step = stands ? 1 : -1;
    for (let g = 0; g < this.groups; g++) {
      const pair = g * cover.sites + site;
      const heads = demand.heads[g];
      for (let s = 0; s < slots; s++) {
        if (!cover.open[s][site]) continue;
        const [base, sum] = [(g * slots + s) * demand.cells, (g * slots + s) * demand.districts];
        for (let run = cover.first[pair]; run < cover.last[pair]; run++) {
          for (let cell = cover.start[run]; cell < cover.end[run]; cell++) {
            const others = stands ? stations[base + cell] : stations[base + cell] - 1;
            stations[base + cell] += step;
            if (others === 0) once[sum + demand.district[cell]] += step * heads[cell];
            else if (others === 1) twice[sum + demand.district[cell]] += step * heads[cell];
          }
        }
      }
    }
  }

  /** Workers by [group][slot] covered by this site and no other: gained if it is built, lost if it is removed.
   * @param {number} site @returns {number[][]} */
  alone(site) {
    const others = this.standing[site] ? 1 : 0;
    return this.sumOver(site, (stations) => stations === others);
  }

  /** Workers by [group][slot] within reach of a site. @param {number} site @returns {number[][]} */
  reach(site) {
    return this.sumOver(site, () => true);
  }

  /** @param {number} site @param {(stations: number) => boolean} counts @returns {number[][]} */
  sumOver(site, counts) {
    const { demand, cover, stations, slots } = this;
    return demand.heads.map((heads, g) => Array.from({ length: slots }, (_, s) => {
      if (!cover.open[s][site]) return 0;
      const [pair, base] = [g * cover.sites + site, (g * slots + s) * demand.cells];
      let sum = 0;
      for (let run = cover.first[pair]; run < cover.last[pair]; run++) {
        for (let cell = cover.start[run]; cell < cover.end[run]; cell++) {
          if (counts(stations[base + cell])) sum += heads[cell];
        }
      }
      return (sum * demand.share[g][s]) / demand.parts;
    }));
  }

  /** A copy of the current counts. @returns {Counts} */
  copy() {
    return { stations: this.stations.slice(), once: this.once.slice(), twice: this.twice.slice() };
  }

  /** @param {Part} [part] @param {Counts} [counts] the current ones, or a copy @returns {Counted} */
  count({ group = -1, slot = -1, district = -1 } = {}, counts = this) {
    const { demand } = this;
    const counted = { total: 0, once: 0, twice: 0 };
    for (let g = group < 0 ? 0 : group; g < (group < 0 ? this.groups : group + 1); g++) {
      for (let s = slot < 0 ? 0 : slot; s < (slot < 0 ? this.slots : slot + 1); s++) {
        const share = demand.share[g][s] / demand.parts;
        let [total, once, twice] = [0, 0, 0];
        for (let d = district < 0 ? 0 : district; d < (district < 0 ? demand.districts : district + 1); d++) {
          const at = (g * this.slots + s) * demand.districts + d;
          total += this.totals[g][d];
          once += counts.once[at];
          twice += counts.twice[at];
        }
        counted.total += total * share;
        counted.once += once * share;
        counted.twice += twice * share;
      }
    }
    return counted;
  }

  /** Workers of each cell, and those of them who are not covered. @param {Part} [part] @param {Counts} [counts]
   * @returns {{workers: Float64Array, uncovered: Float64Array}} */
  byCell({ group = -1, slot = -1 } = {}, { stations } = this) {
    const { demand } = this;
    const [workers, uncovered] = [new Float64Array(demand.cells), new Float64Array(demand.cells)];
    for (let g = group < 0 ? 0 : group; g < (group < 0 ? this.groups : group + 1); g++) {
      const heads = demand.heads[g];
      for (let s = slot < 0 ? 0 : slot; s < (slot < 0 ? this.slots : slot + 1); s++) {
        const [share, base] = [demand.share[g][s] / demand.parts, (g * this.slots + s) * demand.cells];
        if (!share) continue;
        for (let cell = 0; cell < demand.cells; cell++) {
          const here = heads[cell] * share;
          workers[cell] += here;
          if (!stations[base + cell]) uncovered[cell] += here;
        }
      }
    }
    return { workers, uncovered };
  }
}

/** The sum of a table by group and slot, or of a part of it. @param {number[][]} table @param {Part} [part] */
export function sumOf(table, { group = -1, slot = -1 } = {}) {
  let sum = 0;
  table.forEach((row, g) => row.forEach((value, s) => {
    if ((group < 0 || g === group) && (slot < 0 || s === slot)) sum += value;
  }));
  return sum;
}
