/** What the map shows for a choice: values of cells and districts, their colours, ways on foot, places of names. */

import { BANDS, DEMAND_RAMP, UNCOVERED_RAMP, classify, coverageClasses } from "./colours.js";
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
 * @typedef {{name: string, x: number, y: number, width: number}} PlaceName width of its district, units of the world
 */

/** Layers that colour the same ground, of which one is shown at a time. @type {LayerKey[]} */
export const THEMES = ["demand", "uncovered", "coverage"];
/** @type {LayerKey[]} */
export const KIND_LAYERS = ["existing_standard", "existing_micro", "existing_mobile"];

/** With more proposed sites than this, names do not look for a place between them. */
const PINS_HEEDED = 100;

/** The scene of one map. */
export class Scene {
  /** @param {Choice} choice @param {(key: LayerKey) => boolean} shown */
  constructor(choice, shown) {
    const { model } = choice;
    this.choice = choice;
    this.model = model;
    this.shown = shown;
    /** Gaps and coverage of today, or of the choice. */
    this.now = true;
    this.hovered = -1;
    /** Colours of proposed sites where they are not those of phases. @type {((site: Site) => string)|null} */
    this.tint = null;
    /** How large dots were last painted, 1 where there is room. */
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

  /** Values and classes for the group and slot looked at. Today's classes of gaps serve all states, so that their
   * colours can be compared. */
  measure() {
    const { ledger, part, today } = this.choice;
    const { workers, uncovered } = ledger.byCell(part, today);
    this.workers = workers;
    this.demandClasses = classify(workers, DEMAND_RAMP);
    this.uncoveredClasses = classify(uncovered, UNCOVERED_RAMP);
    this.recount();
  }

  /** What a change of the sites changes. */
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

  /** The district at a place, or -1. @param {number} x @param {number} y */
  districtAt(x, y) {
    const { lines, shapes } = this.model.districts;
    return shapes.findIndex((polygons) => polygons.some((rings) => {
      const box = this.ringBoxes[rings[0]];
      return x >= box.west && x <= box.east && y >= box.north && y <= box.south && inside(lines, rings, x, y);
    }));
  }

  /** The cell with workers at a place, or -1. @param {number} x @param {number} y */
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

  /** The service area of the selected site, by minutes. */
  walk() {
    const site = this.model.sites[this.choice.selected];
    this.service = [];
    if (!site) return;
    this.walker = this.walker || new Walker(this.model.roads);
    const found = this.walker.search([[site.x, site.y]], BANDS[0].minutes * 60);
    for (const band of BANDS) {
      this.service.push({ fill: band.fill, stretches: this.walker.stretches(found, band.minutes * 60) });
    }
  }

  /** The roads within a quarter of an hour of any new site that stands. */
  reach() {
    if (!this.reached) {
      this.walker = this.walker || new Walker(this.model.roads);
      const limit = BANDS[0].minutes * 60;
      const sites = this.choice.chosen().filter((site) => this.choice.works(site.row));
      this.reached = this.walker.stretches(this.walker.search(sites.map((site) => [site.x, site.y]), limit), limit);
    }
    return this.reached;
  }

  /** Whether a site has a mark on the map now. @param {Site} site */
  visible(site) {
    if (!site.shown) return false;
    if (site.existing) return this.shown(KIND_LAYERS[site.kind]);
    if (site.order || this.choice.stands(site.row)) return this.shown("proposed");
    return this.shown("candidates") || this.shown("hosts");
  }
}
