/** The data of a plan in the page, unpacked from its data block. */

import { Ledger, coverOf } from "./counting.js";
import { project, worldX, worldY } from "./geometry.js";
import { sums, unpackBlock, unpackCells, unpackPolygons } from "./packing.js";

/** @typedef {import("./geometry.js").Lines} Lines */
/** @typedef {import("./counting.js").Demand} Demand */
/** @typedef {import("./walking.js").Roads} Roads */
/**
 * @typedef {object} Site
 * @property {number} row
 * @property {string} id
 * @property {string} name
 * @property {string} address
 * @property {string} hours
 * @property {number} kind index in `kinds`
 * @property {number} host index in `hosts`, -1 for none
 * @property {number} x
 * @property {number} y
 * @property {[number, number]|null} gcj02 longitude and latitude in GCJ-02; null where it equals WGS-84
 * @property {number} cost yuan
 * @property {number} district -1 outside all districts
 * @property {number} place row of the site that represents the place; equal for alternatives at one place
 * @property {boolean} always open in every slot
 * @property {boolean} existing
 * @property {boolean} counted whether it counts as a new site
 * @property {boolean} forbidden
 * @property {boolean} shown on the map
 * @property {boolean} extends an existing station: longer hours
 * @property {number} order from 1 in the plan, 0 for others
 *
 * @typedef {{site: number, phase: number, held: string, nearest: {name: string, minutes: number}|null, today: string,
 *   replacement: {site: number, loss: number, breaks: string}|null, chosen: string}} Proposed
 * @typedef {{urls: string[], datum: "wgs84"|"gcj02", attribution: string, subdomains: string,
 *   max_zoom: number}} Tiles
 *
 * @typedef {object} Model
 * @property {"zh"|"en"} lang
 * @property {string} title
 * @property {string} subtitle
 * @property {string[]} marks
 * @property {string} watermark
 * @property {string[]} sources
 * @property {Record<string, string>} text
 * @property {string} certainty
 * @property {string} scenario file name of the scenario
 * @property {string[]} only ids of the districts of the plan, if its scenario has more
 * @property {string[]} reset TOML lines that reset keys of a plan
 * @property {[[number, number], [number, number]]} bounds latitude, longitude
 * @property {{id: string, name: string}[]} groups
 * @property {{id: string, name: string, hours: string}[]} slots
 * @property {string[]} hosts
 * @property {string[]} kinds
 * @property {string[]} phases
 * @property {Record<"all"|"district"|"group"|"slot", number[][]>} counted figures of the plan: all workers, covered and
 *   cross-covered today, covered and cross-covered with the plan
 * @property {{name: string[], prefecture: string[], lines: Lines, shapes: number[][][]}} districts
 * @property {Lines} cells
 * @property {Demand} demand
 * @property {Roads} roads
 * @property {[number, number, number]} bands minutes on foot of the service area's bands, longest first
 * @property {Site[]} sites
 * @property {number[]} closed rows of stations that the plan closes
 * @property {Proposed[]} proposed in build order
 * @property {Map<number, [string, string][]>} whyNot
 * @property {Tiles|null} tiles
 * @property {import("./counting.js").Cover} cover
 */

/** Version of the blocks that are read here, equal to `VERSION` of `stationplan.webmap.payload`. */
const VERSION = 4;

/** The model of a data block; throws an error for a block of another version. @param {string} block
 * @returns {Promise<Model>} */
export async function loadModel(block) {
  const { content, arrays } = await unpackBlock(block);
  if (content.version !== VERSION) {
    throw new Error(`地图数据版本为 ${content.version}，本页面只能读取版本 ${VERSION}，请重新生成地图。 `
      + `The map's data are of version ${content.version}; this page reads version ${VERSION}. Make the map again.`);
  }
  const { sites, cells, districts, roads, scale } = content;
  const outline = unpackPolygons(districts.outline, arrays);
  /** @type {Uint8Array[]} */
  const open = sites.open.map((/** @type {number} */ number) => Uint8Array.from(arrays[number]));
  const [lat, lon] = [sums(arrays[sites.lat]), sums(arrays[sites.lon])];
  const [gcjLat, gcjLon] = [sums(arrays[sites.gcj_lat]), sums(arrays[sites.gcj_lon])];
  const [flags, hours, place] = [arrays[sites.flags], arrays[sites.hours], sums(arrays[sites.place])];
  /** @type {Site[]} */
  const rows = sites.id.map((/** @type {string} */ id, /** @type {number} */ row) => ({
    row, id, name: sites.name[row], address: sites.address[row], hours: sites.hour_texts[hours[row]],
    kind: arrays[sites.kind][row], host: arrays[sites.host][row],
    x: worldX(lon[row] / scale), y: worldY(lat[row] / scale),
    gcj02: gcjLat[row] || gcjLon[row] ? [(lon[row] + gcjLon[row]) / scale, (lat[row] + gcjLat[row]) / scale] : null,
    cost: arrays[sites.cost][row], district: arrays[sites.district][row], place: place[row],
    always: open.every((sitesOpen) => sitesOpen[row]),
    existing: Boolean(flags[row] & 1), counted: Boolean(flags[row] & 2), forbidden: Boolean(flags[row] & 4),
    shown: Boolean(flags[row] & 8), extends: Boolean(flags[row] & 16), order: 0,
  }));
  content.proposed.forEach((/** @type {Proposed} */ item, /** @type {number} */ i) => (rows[item.site].order = i + 1));
  return {
    ...content,
    districts: {
      name: districts.name, prefecture: districts.prefecture, lines: project(outline.lines, scale),
      shapes: outline.shapes,
    },
    cells: project(unpackCells(cells.outline, arrays), scale),
    demand: {
      cells: arrays[cells.district].length, districts: districts.name.length,
      district: sums(arrays[cells.district]), parts: cells.parts, share: cells.share,
      heads: cells.heads.map((/** @type {number} */ number) => arrays[number]),
    },
    roads: roadsOf(roads, arrays, scale),
    sites: rows,
    closed: sites.closed,
    whyNot: new Map(Object.entries(content.why_not).map(([site, facts]) => [Number(site), facts])),
    cover: coverOf(content.cover, arrays, rows.length, open),
  };
}

/** @param {any} packed @param {Float64Array[]} arrays @param {number} scale @returns {Roads} */
function roadsOf(packed, arrays, scale) {
  const [place, sizes, inner] = [arrays[packed.junctions], arrays[packed.sizes], arrays[packed.points]];
  const junctions = place.length / 2;
  const [lat, lon] = [new Float64Array(junctions), new Float64Array(junctions)];
  for (let node = 0; node < junctions; node++) {
    lat[node] = place[2 * node] + (node ? lat[node - 1] : 0);
    lon[node] = place[2 * node + 1] + (node ? lon[node - 1] : 0);
  }
  const from = sums(arrays[packed.from]);
  const to = arrays[packed.to].map((step, line) => from[line] + step);
  const points = inner.length / 2 + 2 * sizes.length;
  const shapes = { lat: new Float64Array(points), lon: new Float64Array(points),
    first: new Int32Array(sizes.length + 1) };
  let [at, read] = [0, 0];
  for (let line = 0; line < sizes.length; line++) {
    [shapes.lat[at], shapes.lon[at]] = [lat[from[line]], lon[from[line]]];
    at++;
    for (let i = 0; i < sizes[line]; i++, at++) {
      shapes.lat[at] = shapes.lat[at - 1] + inner[read++];
      shapes.lon[at] = shapes.lon[at - 1] + inner[read++];
    }
    [shapes.lat[at], shapes.lon[at]] = [lat[to[line]], lon[to[line]]];
    at++;
    shapes.first[line + 1] = at;
  }
  const forth = arrays[packed.forth];
  return {
    lines: project(shapes, scale), major: packed.major, junctions, from, to, forth,
    back: arrays[packed.back].map((more, line) => forth[line] + more),
  };
}

/** A ledger of today, with the existing stations in use. @param {Model} model */
export function ledgerOfToday(model) {
  const ledger = new Ledger(model.demand, model.cover);
  for (const site of model.sites) if (site.existing) ledger.set(site.row, true);
  return ledger;
}
