/** The choice of the reader: the sites in use, and the selected group of workers, time slot and site. */

import { ledgerOfToday } from "./model.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./counting.js").Counts} Counts */
/** @typedef {"sites"|"part"|"selection"} Change what has changed: sites in use, group or slot, the selected site */

/** @param {import("./counting.js").Part} where @param {number[]} figures
 * @returns {[import("./counting.js").Part, number[]]} */
function part(where, figures) {
  return [where, figures];
}

/** The state of a page; functions passed to `watch` are called on every change. */
export class Choice {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.ledger = ledgerOfToday(model);
    /** @type {Counts} */
    this.today = this.ledger.copy();
    for (const row of model.closed) this.ledger.set(row, false);
    /** Workers by [group][slot] that each proposed site adds in build order, by row. @type {Map<number, number[][]>} */
    this.gained = new Map();
    for (const { site } of model.proposed) {
      this.gained.set(site, this.ledger.alone(site));
      this.ledger.set(site, true);
    }
    /** @type {Counts} */
    this.plan = this.ledger.copy();
    this.group = -1;
    this.slot = -1;
    this.selected = -1;
    /** @type {((change: Change) => void)[]} */
    this.watchers = [];
  }

  /** @param {(change: Change) => void} watcher */
  watch(watcher) {
    this.watchers.push(watcher);
  }

  /** @param {Change} change */
  tell(change) {
    for (const watcher of this.watchers) watcher(change);
  }

  /** The selected group and slot. */
  get part() {
    return { group: this.group, slot: this.slot };
  }

  /** @param {number} row */
  stands(row) {
    return Boolean(this.ledger.standing[row]);
  }

  /** Whether a site is in use in the plan. @param {number} row */
  planned(row) {
    const site = this.model.sites[row];
    return site.existing ? !this.model.closed.includes(row) : site.order > 0;
  }

  /** Whether the figures computed by the page agree with those of the plan in every part, to half a worker. */
  agrees() {
    const { counted } = this.model;
    /** @type {[import("./counting.js").Part, number[]][]} */
    const parts = [
      [{}, counted.all[0]],
      ...counted.district.map((figures, district) => part({ district }, figures)),
      ...counted.group.map((figures, group) => part({ group }, figures)),
      ...counted.slot.map((figures, slot) => part({ slot }, figures)),
    ];
    return parts.every(([where, [total, today, todayTwice, planned, plannedTwice]]) => {
      const [before, after] = [this.ledger.count(where, this.today), this.ledger.count(where, this.plan)];
      const shown = [after.total, before.once, before.twice, after.once, after.twice];
      return [total, today, todayTwice, planned, plannedTwice].every((value, i) => Math.abs(value - shown[i]) < 0.5);
    });
  }

  /** Rows where the choice differs from the plan. */
  edited() {
    return this.model.sites.filter((site) => this.stands(site.row) !== this.planned(site.row)).map((site) => site.row);
  }

  /** New sites in use. */
  chosen() {
    return this.model.sites.filter((site) => !site.existing && this.stands(site.row));
  }

  /** Whether a site is open in the selected slot. @param {number} row */
  works(row) {
    return this.slot < 0 || Boolean(this.model.cover.open[this.slot][row]);
  }

  /** Sets whether sites are in use. At most one new site per place can be in use, and longer hours need their station.
   * @param {number[]} rows @param {boolean} stands */
  set(rows, stands) {
    for (const row of rows) {
      const site = this.model.sites[row];
      for (const other of this.model.sites) {
        const beside = other.row !== row && other.place === site.place;
        if (stands && beside && !site.existing && !other.existing) this.ledger.set(other.row, false);
        if (stands && beside && site.extends && other.existing) this.ledger.set(other.row, true);
        if (!stands && beside && site.existing && other.extends) this.ledger.set(other.row, false);
      }
      this.ledger.set(row, stands);
    }
    this.tell("sites");
  }

  /** Restores the plan. */
  reset() {
    for (const row of this.edited()) this.ledger.set(row, this.planned(row));
    this.tell("sites");
  }

  /** @param {{group?: number, slot?: number}} part */
  look({ group = this.group, slot = this.slot }) {
    if (group === this.group && slot === this.slot) return;
    this.group = group;
    this.slot = slot;
    this.tell("part");
  }

  /** @param {number} row -1 for none */
  select(row) {
    if (row === this.selected) return;
    this.selected = row;
    this.tell("selection");
  }

  /** Workers gained by [group][slot]: of a proposed site in build order, of any other site as if it were built last.
   * @param {number} row */
  gain(row) {
    return this.gained.get(row) || this.ledger.alone(row);
  }
}
