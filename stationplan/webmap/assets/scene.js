/** What the map shows for a choice: values of cells and districts, colours, walking areas, positions of names. */

import { BAND_FILLS, DEMAND_RAMP, UNCOVERED_RAMP, classify, coverageClasses } from "./colours.js";
import { bordersOnce, boxes, inside, namePlace } from "./geometry.js";
import { Walker } from "./walking.js";

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./colours.js").Classes} Classes */
/** @typedef {import("./geometry.js").Box} Box */
/** @typedef {import("./model.js").Site} Site */
/** @typedef {import("./walking.js").Stretch} Stretch */
/**
 * @typedef {"demand"|"uncovered"|"coverage"|"reach"|"roads"|"districts"|"candidates"|"hosts"|"existing_standard"
 *   |"existing_micro"|"existing_mobile"|"proposed"} LayerKey
 * @typedef {{name: string, x: number, y: number, width: number}} PlaceName width: that of its district, world units
 */

/** Layers that colour the same area, of which only one is shown at a time. @type {LayerKey[]} */
export const THEMES = ["demand", "uncovered", "coverage"];
/** @type {LayerKey[]} */
export const KIND_LAYERS = ["existing_standard", "existing_micro", "existing_mobile"];

/** With more proposed sites than this, names are placed without avoiding them. */
const PINS_HEEDED = 100;

/** The scene of one map. */
export class Scene {
  /** @param {Choice} choice @param {(key: LayerKey) => boolean} shown */
  constructor(choice, shown) {
    const { model } = choice;
    this.choice = choice;
    this.model = model;
    this.shown = shown;
    /** Whether gaps and coverage are those of the choice; otherwise those of today. */
    this.now = true;
    this.hovered = -1;
    /** Colours of proposed sites if they differ from those of phases. @type {((site: Site) => string)|null} */
    this.tint = null;
    /** Scale of dots when they were last painted, 1 if there is enough space. */
    this.dotSize = 1;
    this.tiled = false;
    this.cellBoxes = boxes(model.cells);
    this.ringBoxes = boxes(model.districts.lines);
    this.borders = bordersOnce(model.districts.lines);
    this.names = this.placeNames();
    /** @type {Walker|null} */
    this.walker = null;
    /** @type {{fill: string, stretches: Stretch[]}[]} */
    this.service = [];
    /** @type {Stretch[]|null} */
    this.reached = null;
    /** @type {Float64Array} */
    this.workers = new Float64Array();
    /** @type {Float64Array} */
    this.uncovered = new Float64Array();
    /** @type {import("./counting.js").Counted[]} */
    this.coverage = [];
    /** @type {Classes} */
    this.demandClasses = { upper: [], colours: [] };
    /** @type {Classes} */
    this.uncoveredClasses = { upper: [], colours: [] };
    this.coverageClasses = coverageClasses();
    this.measure();
  }

  get counts() {
    return this.now ? this.choice.ledger : this.choice.today;
  }

  /** Computes values and classes for the selected group and slot. Classes of gaps are those of today in all states, so
   * that colours can be compared. */
  measure() {
    const { ledger, part, today } = this.choice;
    const { workers, uncovered } = ledger.byCell(part, today);
    this.workers = workers;
    this.demandClasses = classify(workers, DEMAND_RAMP);
    this.uncoveredClasses = classify(uncovered, UNCOVERED_RAMP);
    this.recount();
  }

  /** Updates everything that depends on the sites in use. */
  recount() {
    const { ledger, part } = this.choice;
    this.uncovered = ledger.byCell(part, this.counts).uncovered;
    this.coverage = this.model.districts.name.map((_, district) => ledger.count({ ...part, district }, this.counts));
    this.reached = null;
  }

  /** @returns {PlaceName[]} */
  placeNames() {
    const { districts, proposed, sites } = this.model;
    /** @type {[number, number][]} */
    const pins = proposed.length > PINS_HEEDED ? [] : proposed.map(({ site }) => [sites[site].x, sites[site].y]);
    return districts.shapes.flatMap((polygons, i) => {
      const area = (/** @type {Box} */ box) => (box.east - box.west) * (box.south - box.north);
      const rings = polygons.map((rings) => rings[0]);
      const ring = rings.reduce((a, b) => (area(this.ringBoxes[b]) > area(this.ringBoxes[a]) ? b : a), rings[0]);
      const place = ring === undefined || !districts.name[i] ? null : namePlace(districts.lines, ring, pins);
      if (!place) return [];
      const box = this.ringBoxes[ring];
      return [{ name: districts.name[i], x: place[0], y: place[1], width: box.east - box.west }];
    });
  }

  /** The district at a point, or -1. @param {number} x @param {number} y */
  districtAt(x, y) {
    const { lines, shapes } = this.model.districts;
    return shapes.findIndex((polygons) => polygons.some((rings) => {
      const box = this.ringBoxes[rings[0]];
      return x >= box.west && x <= box.east && y >= box.north && y <= box.south && inside(lines, rings, x, y);
    }));
  }

  /** The cell with workers at a point, or -1. @param {number} x @param {number} y */
  cellAt(x, y) {
    return this.cellBoxes.findIndex((box, cell) => x >= box.west && x <= box.east && y >= box.north && y <= box.south
      && this.workers[cell] > 0 && inside(this.model.cells, [cell], x, y));
  }

  /** The box around a district. @param {number} district @returns {Box} */
  districtBox(district) {
    const rings = this.model.districts.shapes[district].map((rings) => this.ringBoxes[rings[0]]);
    return rings.reduce((a, b) => ({
      west: Math.min(a.west, b.west), north: Math.min(a.north, b.north), east: Math.max(a.east, b.east),
      south: Math.max(a.south, b.south),
    }));
  }

  /** Computes the service area of the selected site, in bands of minutes. */
  walk() {
    const site = this.model.sites[this.choice.selected];
    this.service = [];
    if (!site) return;
    this.walker = this.walker || new Walker(this.model.roads);
    const walker = this.walker;
    const found = walker.search([[site.x, site.y]], this.model.bands[0] * 60);
    this.service = this.model.bands.map((minutes, i) => (
      { fill: BAND_FILLS[i], stretches: walker.stretches(found, minutes * 60) }));
  }

  /** The stretches of road within the longest walk of any new site in use. */
  reach() {
    if (!this.reached) {
      this.walker = this.walker || new Walker(this.model.roads);
      const limit = this.model.bands[0] * 60;
      const sites = this.choice.chosen().filter((site) => this.choice.works(site.row));
      this.reached = this.walker.stretches(this.walker.search(sites.map((site) => [site.x, site.y]), limit), limit);
    }
    return this.reached;
  }

  /** Whether a site is currently drawn on the map. @param {Site} site */
  visible(site) {
    if (!site.shown) return false;
    if (site.existing) return this.shown(KIND_LAYERS[site.kind]);
    if (site.order || this.choice.stands(site.row)) return this.shown("proposed");
    return this.shown("candidates") || this.shown("hosts");
  }
}
