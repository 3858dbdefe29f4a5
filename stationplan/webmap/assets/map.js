/**
 * Fills a Leaflet map with a rest-station plan from the page's JSON data block.
 *
 * Promises: no request of any kind, no evaluated code, and no text of the data ever parsed as markup. Elements are
 * made with `createElement` and get their words through `textContent`; the attribution, which Leaflet parses, gets
 * escaped words. Coordinates here are [latitude, longitude], as Leaflet wants them.
 *
 * Lines, polygons and stations are drawn on canvases that take no pointer events, one a pane, because a canvas would
 * hide the ones below it from the pointer. `pointAt` finds what lies under a click instead. Only the numbered pins
 * are elements of their own, so that they can be reached by keyboard.
 */
const stationplan = (() => {
  "use strict";

  /**
   * @typedef {string} LabelKey a key of `labels.json`, which holds every label of the page in both languages; the
   *   data block's `text` brings those of the page's language
   */

  /**
   * @typedef {"roads"|"demand"|"uncovered"|"districts"|"reach"|"existing_standard"|"existing_micro"
   *   |"existing_mobile"|"candidates"|"proposed"} LayerKey
   * @typedef {[number, number]} Point latitude, longitude in degrees
   * @typedef {number[]} Packed a line as [lat0, lon0, dlat, dlon, ...] in 1/scale degrees
   * @typedef {{workers: number, share: number|null, cross_share: number|null}} Coverage
   * @typedef {{id: string, name: string, address: string, kind: "standard"|"micro"|"mobile", kind_name: string,
   *   host: string, hours: string, lat: number, lon: number}} Station
   * @typedef {Station & {cost: number|null, why_not: [string, string][]}} Candidate
   * @typedef {Station & {cost: number|null, order: number, district: string, reach: Packed[][], gained: number[][],
   *   gained_total: number, alone: number[][], held: string, nearest: {name: string, minutes: number}|null,
   *   today: string, replacement: {name: string, loss: number, breaks: string}|null, removal_loss: number|null,
   *   robust: number|null}} Proposed
   * @typedef {{name: string, prefecture: string, rings: Packed[][], workers: number, before: number|null,
   *   after: number|null}} District
   * @typedef {{outline: Packed[], workers: number[], uncovered: number[], uncovered_after: number[]}} Cells
   * @typedef {{lang: "zh"|"en", title: string, subtitle: string, marks: string[], sources: string[],
   *   text: Record<LabelKey, string>, bounds: [Point, Point], scale: number,
   *   summary: {total: number, before: Coverage, after: Coverage, new: number, cost: number|null, certainty: string},
   *   groups: {name: string}[], slots: {name: string}[], roads: {major: Packed[], minor: Packed[]},
   *   districts: District[], cells: Cells, existing: Station[], candidates: Candidate[], proposed: Proposed[]}} Data
   * @typedef {{polygons: Point[][][], south: number, west: number, north: number, east: number}} Area
   * @typedef {{upper: number[], colours: string[]}} Classes upper ends of the classes, closed, and their colours
   */

  /** One hue each (OKLCH 262 and 55), falling through the same OKLab lightness, 0.93 to 0.59: ordered in grey, and
   * blue and orange stay apart for every common form of colour blindness. */
  const DEMAND_RAMP = ["#dee8fb", "#bfd2f4", "#9cb8ea", "#799bda", "#587cc0"];
  const UNCOVERED_RAMP = ["#fee2cf", "#f8c5a2", "#eda573", "#d78447", "#b66625"];

  const INK = "#1d2733";
  const TEAL = "#0b6b66";
  /** Told apart by lightness as well as by hue. */
  const STATION_STYLE = {
    existing_standard: { radius: 5.5, fillColor: "#22325c", color: "#ffffff", weight: 1.5 },
    existing_micro: { radius: 4.5, fillColor: "#c2478d", color: "#ffffff", weight: 1.25 },
    existing_mobile: { radius: 5, fillColor: "#f4c84a", color: "#22325c", weight: 1.75 },
    candidates: { radius: 2.75, fillColor: "#ffffff", color: "#5c6570", weight: 1.25 },
  };
  const STATION_KEYS = /** @type {(keyof typeof STATION_STYLE)[]} */ (Object.keys(STATION_STYLE));
  const REACH_STYLE = { color: TEAL, weight: 1.25, opacity: 0.85, fillColor: "#17a398", fillOpacity: 0.2 };
  const REACH_STRONG = { ...REACH_STYLE, weight: 3, opacity: 1, fillOpacity: 0.42 };

  /** From bottom to top. Leaflet's own overlay pane is at 400, tooltips are at 650, popups at 700. */
  const PANES = [
    "land", "demand", "uncovered", "reach", "roads", "border", "candidates", "existing", "names", "proposed",
  ];

  /** The page is laid out for a phone below this width. `map.css` names the same width. */
  const PHONE = "(max-width: 640px)";
  const GAINED_SHOWN_FROM = 0.05;
  const HIT_MARGIN_PX = { mouse: 5, touch: 14 };

  // ---- text and numbers ----------------------------------------------------------------------------------------

  /** The words of one language: `t` for labels, the others for numbers.
   * @param {Data} data */
  function languageOf(data) {
    const chinese = data.lang === "zh";
    const locale = chinese ? "zh-CN" : "en-GB";
    const has = (/** @type {object} */ object, /** @type {string} */ key) =>
      Object.prototype.hasOwnProperty.call(object, key);
    const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
    const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    const fixedTenth = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    const significant = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
    const exact = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });
    const share = new Intl.NumberFormat(locale, {
      style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1,
    });
    // Chinese offices count money in units of 10,000 (万元).
    const tenThousands = new Intl.NumberFormat("zh-CN", { notation: "compact", maximumFractionDigits: 2 });
    const known = (/** @type {unknown} */ value) => typeof value === "number" && Number.isFinite(value);

    /** @param {LabelKey} key @param {Record<string, string|number>} [values] */
    const t = (key, values = {}) => {
      const template = data.text[key];
      return template.replace(/\{(\w+)\}/g, (mark, name) => (has(values, name) ? String(values[name]) : mark));
    };
    /** A count of workers; below ten with one decimal. @param {number|null} value */
    const workers = (value) => {
      if (!known(value)) return "–";
      if (value > 0 && value < GAINED_SHOWN_FROM) return "<0.1";
      return Math.abs(value) < 9.95 ? tenth.format(value) : whole.format(value);
    };
    /** Workers in a table, all with the same decimals: none when the table's total passes a hundred.
     * @param {number} value @param {number} total */
    const tabled = (value, total) => {
      const [format, least] = total >= 100 ? [whole, 1] : [fixedTenth, 0.1];
      if (value <= 0) return "–";
      return value < least / 2 ? `<${format.format(least)}` : format.format(value);
    };
    /** @param {number|null} value */
    const percent = (value) => (known(value) ? share.format(value) : "–");
    /** Rounded up, so that a limit stays a limit. @param {number} value */
    /** @param {number|null|undefined} value */
    const yuan = (value) => {
      if (!known(value)) return "–";
      const format = chinese && Math.abs(value) >= 10000 ? tenThousands : whole;
      return t("yuan", { amount: format.format(value) });
    };
    return {
      t, known, workers, tabled, percent, yuan, locale,
      count: (/** @type {number} */ value) => whole.format(value),
      minutes: (/** @type {number} */ value) => (value < 9.95 ? tenth : whole).format(value),
      bound: (/** @type {number} */ value) => (value < 1 ? significant : exact).format(value),
    };
  }

  /** @typedef {ReturnType<typeof languageOf>} Language */

  /** For the attribution, the one control whose text Leaflet parses. @param {string} text */
  function escapeMarkup(text) {
    const shield = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
    return String(text).replace(/[&<>"']/g, (sign) => shield[/** @type {keyof typeof shield} */ (sign)]);
  }

  /** An element with a class and words. @param {string} tag @param {string} [name] @param {string|number} [text] */
  function make(tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined && text !== null) element.textContent = String(text);
    return element;
  }

  /** A `<dl>` of the rows that have words. @param {[string, string|null|undefined][]} rows */
  function facts(rows) {
    const list = make("dl", "sp-facts");
    for (const [term, value] of rows) {
      if (!value) continue;
      const row = make("div");
      row.append(make("dt", "", term), make("dd", "", value));
      list.append(row);
    }
    return list;
  }

  // ---- geometry ------------------------------------------------------------------------------------------------

  /** @param {Packed} packed @param {number} scale @returns {Point[]} */
  function unpack(packed, scale) {
    /** @type {Point[]} */
    const points = [];
    let lat = 0;
    let lon = 0;
    for (let i = 0; i + 1 < packed.length; i += 2) {
      lat += packed[i];
      lon += packed[i + 1];
      points.push([lat / scale, lon / scale]);
    }
    return points;
  }

  /** Polygons with the box around them, for `contains`. @param {Point[][][]} polygons @returns {Area} */
  function areaOf(polygons) {
    const area = { polygons, south: Infinity, west: Infinity, north: -Infinity, east: -Infinity };
    for (const rings of polygons) {
      for (const [lat, lon] of rings[0] || []) {
        area.south = Math.min(area.south, lat);
        area.north = Math.max(area.north, lat);
        area.west = Math.min(area.west, lon);
        area.east = Math.max(area.east, lon);
      }
    }
    return area;
  }

  /** Even-odd rule over a polygon's rings, holes included. @param {Point[][]} rings @param {Point} point */
  function inRings(rings, [lat, lon]) {
    let inside = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [a, b] = [ring[i], ring[j]];
        if (a[0] > lat !== b[0] > lat && lon < ((b[1] - a[1]) * (lat - a[0])) / (b[0] - a[0]) + a[1]) inside = !inside;
      }
    }
    return inside;
  }

  /** @param {Area} area @param {Point} point */
  function contains(area, point) {
    if (point[0] < area.south || point[0] > area.north || point[1] < area.west || point[1] > area.east) return false;
    return area.polygons.some((rings) => inRings(rings, point));
  }

  /**
   * A good place for a polygon's name: the point of a grid that is inside and farthest from the outline, looked for
   * twice, the second time around the first answer. Outlines are thinned to 240 points; a name needs no more.
   * @param {Point[]} ring
   * @param {Point[]} taken points to keep away from as from the outline: the pins would hide the name
   * @returns {Point|null}
   */
  function namePlace(ring, taken) {
    const thin = ring.filter((_, i) => i % Math.ceil(ring.length / 240) === 0);
    if (thin.length < 3) return null;
    const box = areaOf([[thin]]);
    const squeeze = Math.cos((((box.south + box.north) / 2) * Math.PI) / 180);
    /** @param {Point} point */
    const clearance = (point) => {
      let least = Infinity;
      for (const [lat, lon] of taken) {
        least = Math.min(least, ((lon - point[1]) * squeeze) ** 2 + (lat - point[0]) ** 2);
      }
      for (let i = 0, j = thin.length - 1; i < thin.length; j = i++) {
        const [ax, ay] = [(thin[j][1] - point[1]) * squeeze, thin[j][0] - point[0]];
        const [bx, by] = [(thin[i][1] - point[1]) * squeeze, thin[i][0] - point[0]];
        const length = (bx - ax) ** 2 + (by - ay) ** 2;
        const along = length ? Math.max(0, Math.min(1, (ax * (ax - bx) + ay * (ay - by)) / length)) : 0;
        least = Math.min(least, (ax + along * (bx - ax)) ** 2 + (ay + along * (by - ay)) ** 2);
      }
      return least;
    };
    /** @type {Point|null} */
    let best = null;
    let margin = -1;
    const steps = 14;
    let [south, west, height, width] = [box.south, box.west, box.north - box.south, box.east - box.west];
    for (let round = 0; round < 2; round++) {
      for (let i = 1; i < steps; i++) {
        for (let j = 1; j < steps; j++) {
          /** @type {Point} */
          const point = [south + (height * i) / steps, west + (width * j) / steps];
          if (!inRings([thin], point)) continue;
          const found = clearance(point);
          if (found > margin) [best, margin] = [point, found];
        }
      }
      if (!best) return thin[0];
      [height, width] = [(height * 2) / steps, (width * 2) / steps];
      [south, west] = [best[0] - height / 2, best[1] - width / 2];
    }
    return best;
  }

  /**
   * Outlines without the parts drawn before: a border between two districts is one line, or its dashes would fill
   * each other's spaces.
   * @param {Point[][]} rings
   * @returns {Point[][]}
   */
  function bordersOnce(rings) {
    const drawn = new Set();
    /** @type {Point[][]} */
    const lines = [];
    for (const ring of rings) {
      /** @type {Point[]} */
      let line = [];
      for (let i = 0; i < ring.length; i++) {
        const [a, b] = [ring[i], ring[(i + 1) % ring.length]];
        const [from, to] = [a.join(), b.join()];
        const key = from < to ? `${from} ${to}` : `${to} ${from}`;
        if (from === to || drawn.has(key)) {
          if (line.length) lines.push(line);
          line = [];
        } else {
          drawn.add(key);
          if (!line.length) line.push(a);
          line.push(b);
        }
      }
      if (line.length) lines.push(line);
    }
    return lines;
  }

  // ---- classes -------------------------------------------------------------------------------------------------

  /** Up to five classes of about as many cells each; ends are rounded up to two digits and closed. Zero has no class.
   * @param {number[]} values @param {string[]} ramp @returns {Classes} */
  function classify(values, ramp) {
    const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
    /** @type {number[]} */
    const upper = [];
    if (sorted.length) {
      const last = sorted[sorted.length - 1];
      for (let i = 1; i <= ramp.length; i++) {
        const value = sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * i) / ramp.length) - 1)];
        const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
        // toPrecision takes off what binary fractions add: 23 * 0.1 is 2.3000000000000003
        const end = Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(3));
        if (end > (upper[upper.length - 1] || 0)) upper.push(end);
        if (end >= last) break;
      }
    }
    const span = Math.max(1, upper.length - 1);
    const colours = upper.map((_, i) => ramp[upper.length === 1 ? 2 : Math.round((i * (ramp.length - 1)) / span)]);
    return { upper, colours };
  }

  /** @param {Classes} classes @param {number} value */
  function classOf(classes, value) {
    const found = classes.upper.findIndex((end) => value <= end);
    return found < 0 ? classes.upper.length - 1 : found;
  }

  // ---- drawing -------------------------------------------------------------------------------------------------

  /** @param {L.Map} map @returns {Record<string, {pane: string, renderer: L.Canvas, interactive: false}>} */
  function makePanes(map) {
    /** @type {Record<string, any>} */
    const canvases = {};
    PANES.forEach((name, i) => {
      const pane = map.createPane(`sp-${name}`);
      pane.style.zIndex = String(410 + 10 * i);
      if (name === "proposed") return;
      pane.style.pointerEvents = "none";
      if (name !== "names") {
        const renderer = L.canvas({ pane: `sp-${name}`, padding: 0.15 });
        canvases[name] = { pane: `sp-${name}`, renderer, interactive: false };
      }
    });
    return canvases;
  }

  /** Line widths grow with the zoom, in px. @param {number} zoom */
  function roadWidths(zoom) {
    const grow = 1.28 ** (zoom - 13);
    return {
      major: { weight: Math.max(1, Math.min(7, 2.1 * grow)), opacity: 0.95 },
      minor: { weight: Math.max(0.4, Math.min(3.5, 0.9 * grow)), opacity: zoom < 11 ? 0.45 : 0.85 },
    };
  }

  /** @param {L.Map} map @param {L.FeatureGroup} group @param {Data} data @param {Record<string, any>} canvas */
  function drawRoads(map, group, data, canvas) {
    const lines = (/** @type {Packed[]} */ packed) => (packed || []).map((line) => unpack(line, data.scale));
    const [minor, major] = [lines(data.roads.minor), lines(data.roads.major)];
    const style = { ...canvas.roads, lineCap: "round" };
    const minorLayer = L.polyline(minor, { ...style, color: "#bdb8ae" });
    const majorLayer = L.polyline(major, { ...style, color: "#8f8b84" });
    const fit = () => {
      const widths = roadWidths(map.getZoom());
      minorLayer.setStyle(widths.minor);
      majorLayer.setStyle(widths.major);
    };
    fit();
    map.on("zoomend", fit);
    for (const layer of [minorLayer, majorLayer]) if (layer.getLatLngs().length) group.addLayer(layer);
    return { minor: minor.length, major: major.length };
  }

  /** One polygon layer a class: thousands of cells in a handful of paths. Returns the number of cells drawn.
   * @param {L.FeatureGroup} group @param {Point[][]} outlines @param {number[]} values @param {Classes} classes
   * @param {object} style */
  function drawCells(group, outlines, values, classes, style) {
    /** @type {Point[][][][]} */
    const members = classes.upper.map(() => []);
    let drawn = 0;
    outlines.forEach((outline, i) => {
      if (!(values[i] > 0)) return;
      members[classOf(classes, values[i])].push([outline]);
      drawn += 1;
    });
    members.forEach((polygons, i) => {
      if (!polygons.length) return;
      const colour = classes.colours[i];
      group.addLayer(L.polygon(polygons, {
        ...style, fillColor: colour, fillOpacity: 1, color: "#ffffff", weight: 0.5, opacity: 0.55, smoothFactor: 0,
      }));
    });
    return drawn;
  }

  /** @param {L.Map} map @param {L.FeatureGroup} group @param {District[]} districts @param {Area[]} areas
   * @param {Point[]} pins @param {Record<string, any>} canvas */
  function drawDistricts(map, group, districts, areas, pins, canvas) {
    for (const area of areas) {
      group.addLayer(L.polygon(area.polygons, {
        ...canvas.land, stroke: false, fillColor: "#fdfcfa", fillOpacity: 1, smoothFactor: 0.5,
      }));
    }
    const outlines = bordersOnce(areas.flatMap((area) => area.polygons.flat()));
    if (outlines.length) {
      group.addLayer(L.polyline(outlines, {
        ...canvas.border, color: "#3a4350", weight: 1.4, opacity: 0.9, dashArray: "7 4", lineCap: "butt",
      }));
    }
    /** @type {{element: HTMLElement, box: Area, length: number}[]} */
    const names = [];
    areas.forEach((area, i) => {
      const boxes = area.polygons.map((rings) => areaOf([rings]));
      const size = (/** @type {Area} */ box) => (box.north - box.south) * (box.east - box.west);
      const box = boxes.reduce((a, b) => (size(b) > size(a) ? b : a), boxes[0]);
      const place = box && namePlace(box.polygons[0][0], pins);
      if (!place || !districts[i].name) return;
      const element = make("span", "sp-district-name", districts[i].name);
      names.push({ element, box, length: districts[i].name.length });
      group.addLayer(L.marker(place, {
        pane: "sp-names", interactive: false, keyboard: false,
        icon: L.divIcon({ className: "sp-district-anchor", html: element, iconSize: [0, 0] }),
      }));
    });
    // A name wider than its district would stand in the neighbour's.
    const fit = () => {
      for (const { element, box, length } of names) {
        const east = map.project([box.south, box.east]).x;
        const width = east - map.project([box.south, box.west]).x;
        element.hidden = width < Math.min(110, 22 + length * 9);
      }
    };
    fit();
    map.on("zoomend", fit);
  }

  /** With many stations the dots shrink as the map zooms out, or a province would be one heap of them.
   * @param {L.Map} map @param {L.FeatureGroup} group @param {Station[]} stations
   * @param {{radius: number, weight: number}} style */
  function drawStations(map, group, stations, style) {
    const dots = stations.map((station) =>
      L.circleMarker([station.lat, station.lon], { ...style, opacity: 1, fillOpacity: 1 }));
    let drawnAt = 1;
    const fit = () => {
      const size = Math.max(0.35, Math.min(1, 0.35 + 0.13 * (map.getZoom() - 8)));
      if (size === drawnAt) return;
      drawnAt = size;
      for (const dot of dots) dot.setStyle({ radius: style.radius * size, weight: style.weight * size });
    };
    if (stations.length > 300) {
      fit();
      map.on("zoomend", fit);
    }
    for (const dot of dots) group.addLayer(dot);
  }

  // ---- popups --------------------------------------------------------------------------------------------------

  /** @param {string} kicker @param {string} title @param {string} [order] */
  function popupHead(kicker, title, order) {
    const head = make("header", "sp-popup-head");
    if (order) {
      const badge = make("span", "sp-order", order);
      badge.setAttribute("aria-hidden", "true");
      head.append(badge);
    }
    const words = make("div");
    words.append(make("p", "sp-kicker", kicker), make("h2", "", title));
    head.append(words);
    return head;
  }

  /** Group by slot, without the rows and columns that hold nobody. @param {number[][]} workers @param {number} all
   * their sum @param {string} name what they are @param {string} kind class of the table @param {Data} data
   * @param {Language} say @returns {HTMLElement|null} */
  function workersTable(workers, all, name, kind, data, say) {
    const value = (/** @type {number} */ g, /** @type {number} */ s) => (workers[g] && workers[g][s]) || 0;
    const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
    const groups = data.groups.map((_, g) => g);
    const slots = data.slots.map((_, s) => s);
    const rows = groups.filter((g) => sum(slots.map((s) => value(g, s))) >= GAINED_SHOWN_FROM);
    const columns = slots.filter((s) => sum(groups.map((g) => value(g, s))) >= GAINED_SHOWN_FROM);
    if (!rows.length || !columns.length) return null;

    const table = make("table", `sp-workers ${kind}`);
    const heading = (/** @type {string} */ text, /** @type {string} */ scope) => {
      const cell = make("th");
      // A short word such as 05–09 stays on one line, though a dash may be broken after.
      text.split(" ").forEach((word, i) => {
        cell.append(i ? " " : "", make("span", word.length < 12 ? "sp-word" : "", word));
      });
      cell.setAttribute("scope", scope);
      return cell;
    };
    /** @param {string} name @param {number[]} values */
    const line = (name, values) => {
      const row = make("tr");
      row.append(heading(name, "row"));
      for (const number of values) row.append(make("td", "", say.tabled(number, all)));
      return row;
    };
    // With one column the total would say it again.
    const totals = columns.length > 1;
    const top = make("tr");
    top.append(heading(say.t("group"), "col"), ...columns.map((s) => heading(data.slots[s].name, "col")));
    if (totals) top.append(heading(say.t("total"), "col"));
    const head = make("thead");
    head.append(top);
    const body = make("tbody");
    for (const g of rows) {
      const values = columns.map((s) => value(g, s));
      body.append(line(data.groups[g].name, totals ? [...values, sum(slots.map((s) => value(g, s)))] : values));
    }
    table.append(head, body);
    if (rows.length > 1) {
      const values = columns.map((s) => sum(groups.map((g) => value(g, s))));
      const foot = make("tfoot");
      foot.append(line(say.t("total"), totals ? [...values, all] : values));
      table.append(foot);
    }
    const frame = make("div", "sp-scroll");
    frame.tabIndex = 0;
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", name);
    frame.append(table);
    return frame;
  }

  /** @param {Proposed} site @param {Data} data @param {Language} say */
  function proposedPopup(site, data, say) {
    const { t } = say;
    const box = make("article", "sp-popup");
    box.append(popupHead(t("why_here"), site.name, String(site.order)));
    const kind = [site.kind_name, site.host, site.hours, say.known(site.cost) ? say.yuan(site.cost) : ""];
    const named = site.address && site.address.includes(site.district);
    const where = [named ? "" : site.district, site.address];
    for (const line of [kind, where]) {
      const words = line.filter(Boolean).join(" · ");
      if (words) box.append(make("p", "sp-meta", words));
    }
    box.append(make("p", "sp-gained", t("gain", { workers: say.workers(site.gained_total) })));
    const gained = workersTable(site.gained, site.gained_total, t("gain_table"), "sp-gain", data, say);
    if (gained) gained.querySelector("table")?.prepend(make("caption", "", t("gain_table")));
    box.append(gained || make("p", "sp-note", t("no_gain")));

    const near = site.nearest;
    const other = site.replacement;
    let otherText = t("replacement_none");
    if (other) {
      /** @type {LabelKey} */
      const key = Math.abs(other.loss) < GAINED_SHOWN_FROM ? "replacement_same"
        : other.loss > 0 ? "replacement_loss" : "replacement_gain";
      otherText = t(key, { name: other.name, workers: say.workers(Math.abs(other.loss)) });
      if (other.breaks) otherText = t("replacement_breaks", { exchange: otherText, rule: other.breaks });
    }
    const lost = site.removal_loss;
    box.append(facts([
      [t("held"), site.held],
      [t("nearest"), near ? t("nearest_value", { name: near.name, minutes: say.minutes(near.minutes) })
        : t("nearest_none")],
      [t("served_today"), site.today],
      [t("replacement"), otherText],
      [t("removal"), !say.known(lost) ? null : lost < GAINED_SHOWN_FROM ? t("removal_none")
        : t("removal_value", { workers: say.workers(lost) })],
      [t("robust"), say.known(site.robust) ? t("robust_value", { share: say.percent(site.robust) }) : null],
    ]));
    const alone = lost ? workersTable(site.alone, lost, t("alone_table"), "sp-alone", data, say) : null;
    if (alone) {
      const fold = make("details");
      fold.append(make("summary", "", t("alone_table")), alone);
      box.append(fold);
    }
    return box;
  }

  /** @param {Station & {cost?: number|null, why_not?: [string, string][]}} station @param {"existing_station"|"candidate_site"} kicker
   * @param {Language} say */
  function stationPopup(station, kicker, say) {
    const { t } = say;
    const box = make("article", "sp-popup");
    box.append(popupHead(t(kicker), station.name));
    box.append(facts([
      [t("address"), station.address], [t("kind"), station.kind_name], [t("host"), station.host],
      [t("hours"), station.hours], [t("cost"), say.known(station.cost) ? say.yuan(station.cost) : null],
    ]));
    if (station.why_not && station.why_not.length) box.append(facts(station.why_not));
    return box;
  }

  /** @param {District|null} district @param {number|null} cell row of `data.cells` @param {Data} data
   * @param {Language} say */
  function placePopup(district, cell, data, say) {
    const { t } = say;
    const box = make("article", "sp-popup");
    box.append(popupHead(district ? district.prefecture || t("district") : t("demand"),
      district ? district.name : t("cell_here")));
    if (district) {
      box.append(facts([
        [t("workers"), say.workers(district.workers)],
        [t("coverage_today"), say.percent(district.before)],
        [t("coverage_plan"), say.percent(district.after)],
      ]));
    }
    if (cell !== null) {
      if (district) box.append(make("h3", "", t("cell_here")));
      box.append(facts([
        [t("workers"), say.workers(data.cells.workers[cell])],
        [t("uncovered_today"), say.workers(data.cells.uncovered[cell])],
        [t("uncovered_plan"), say.workers(data.cells.uncovered_after[cell])],
      ]));
    }
    return box;
  }

  // ---- panels --------------------------------------------------------------------------------------------------

  /** A button that shows and hides `body`. @param {HTMLElement} button @param {HTMLElement} body
   * @param {boolean} open @param {() => void} [changed] */
  function foldable(button, body, open, changed) {
    if (!body.id) body.id = `sp-fold-${++foldable.made}`;
    button.setAttribute("type", "button");
    button.setAttribute("aria-controls", body.id);
    const set = (/** @type {boolean} */ state) => {
      button.setAttribute("aria-expanded", String(state));
      body.hidden = !state;
      if (changed) changed();
    };
    button.addEventListener("click", () => set(body.hidden));
    set(open);
    return set;
  }
  foldable.made = 0;

  /** A Leaflet control around `element`, deaf to the map's mouse. @param {L.Map} map @param {HTMLElement} element
   * @param {L.ControlPosition} position */
  function addControl(map, element, position) {
    L.DomEvent.disableClickPropagation(element);
    L.DomEvent.disableScrollPropagation(element);
    const Panel = L.Control.extend({ onAdd: () => element });
    return new Panel({ position }).addTo(map);
  }

  /** @param {Data} data @param {Language} say @param {boolean} phone */
  function titlePanel(data, say, phone) {
    const { t } = say;
    const panel = make("section", "sp-panel sp-title");
    panel.setAttribute("aria-label", t("panel_label"));
    if (data.marks.length) {
      const marks = make("ul", "sp-marks");
      marks.append(...data.marks.map((mark) => make("li", "", mark)));
      panel.append(marks);
    }
    const top = make("div", "sp-title-row");
    top.append(make("h1", "", data.title));
    const toggle = make("button", "sp-fold");
    toggle.append(make("span", "sp-hidden", t("details")));
    top.append(toggle);
    panel.append(top);
    if (data.subtitle) panel.append(make("p", "sp-subtitle", data.subtitle));

    const { before, after, total, cost } = data.summary;
    const main = make("div", "sp-coverage");
    main.append(make("p", "sp-label", t("coverage")));
    const figures = make("p", "sp-figures");
    /** @param {string} name @param {string} caption @param {number|null} value */
    const figure = (name, caption, value) => {
      const box = make("span", name);
      box.append(make("strong", "", say.percent(value)), make("small", "", caption));
      return box;
    };
    const arrow = make("span", "sp-arrow", "→");
    arrow.setAttribute("aria-hidden", "true");
    figures.append(figure("sp-before", t("today"), before.share), arrow,
      figure("sp-after", t("with_plan"), after.share));
    const bar = make("div", "sp-bar");
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label",
      t("coverage_sentence", { before: say.percent(before.share), after: say.percent(after.share) }));
    for (const [name, value] of /** @type {[string, number|null][]} */ (
      [["sp-bar-after", after.share], ["sp-bar-before", before.share]])) {
      const part = make("span", name);
      part.style.width = `${100 * Math.max(0, Math.min(1, value || 0))}%`;
      bar.append(part);
    }
    main.append(figures, bar);
    panel.append(main);

    const more = make("div", "sp-more");
    const pair = make("dl", "sp-pair");
    /** @param {string} term @param {string} value */
    const number = (term, value) => {
      const box = make("div");
      box.append(make("dt", "", term), make("dd", "", value));
      pair.append(box);
    };
    const gained = after.workers - before.workers;
    number(t("new_sites"), say.count(data.summary.new));
    number(t("workers_gained"), (gained > 0 ? "+" : "") + say.workers(gained));
    const rest = facts([
      [t("workers"), say.workers(total)],
      [t("cross_coverage"), say.known(after.cross_share)
        ? t("change", { before: say.percent(before.cross_share), after: say.percent(after.cross_share) }) : null],
      [t("cost"), say.known(cost) ? say.yuan(cost) : null],
    ]);
    more.append(pair, rest, make("p", "sp-gap", data.summary.certainty));
    panel.append(more);
    foldable(toggle, more, !phone, () => panel.classList.toggle("sp-folded", more.hidden));
    return panel;
  }

  /** A ramp with the closed upper end of each class. @param {Classes} classes @param {Language} say */
  function rampKey(classes, say) {
    const { t } = say;
    const list = make("ol", "sp-ramp");
    classes.upper.forEach((end, i) => {
      const item = make("li");
      const swatch = make("span", "sp-swatch");
      swatch.style.background = classes.colours[i];
      const short = make("span", "", `≤${say.bound(end)}`);
      short.setAttribute("aria-hidden", "true");
      const long = make("span", "sp-hidden", i === 0 ? t("class_upto", { value: say.bound(end) })
        : t("class_between", { low: say.bound(classes.upper[i - 1]), high: say.bound(end) }));
      item.append(swatch, short, long);
      list.append(item);
    });
    return list;
  }

  /** A row of the legend: a sign made by CSS and words.
   * @param {string} sign @param {string} text @param {string} [inSign] */
  function keyRow(sign, text, inSign) {
    const row = make("li", `sp-key sp-key-${sign}`);
    const mark = make("span", `sp-sign sp-sign-${sign}`, inSign);
    mark.setAttribute("aria-hidden", "true");
    const style = STATION_STYLE[/** @type {keyof typeof STATION_STYLE} */ (sign)];
    if (style) {
      const size = `${Math.round(2 * style.radius + style.weight)}px`;
      mark.style.width = size;
      mark.style.height = size;
      mark.style.background = style.fillColor;
      mark.style.borderWidth = `${style.weight}px`;
      mark.style.borderColor = style.color;
    }
    row.append(mark, make("span", "", text));
    return row;
  }

  /** Makes Folium's list of layers a panel with a heading that folds it, in place of Leaflet's picture button.
   * @param {L.Map} map @param {Language} say @param {boolean} phone */
  function dressLayerControl(map, say, phone) {
    const control = map.getContainer().querySelector(".leaflet-control-layers");
    const list = control && control.querySelector(".leaflet-control-layers-list");
    if (!(control instanceof HTMLElement) || !(list instanceof HTMLElement)) return null;
    // A control made collapsed opens on hover by Leaflet's own means.
    if (!control.classList.contains("leaflet-control-layers-expanded")) return null;
    control.classList.add("sp-panel");
    const toggle = make("button", "sp-fold sp-fold-heading", say.t("layers"));
    control.prepend(toggle);
    return foldable(toggle, list, !phone);
  }

  // ---- the page ------------------------------------------------------------------------------------------------

  /** The data block, with what may be absent filled in as empty. @returns {Data} */
  function readData() {
    const block = document.getElementById("stationplan-data");
    if (!block) throw new Error("stationplan: the page has no data block");
    const data = JSON.parse(block.textContent || "");
    const located = (/** @type {any[]} */ list) =>
      (list || []).filter((item) => Number.isFinite(item.lat) && Number.isFinite(item.lon));
    const nothing = { workers: 0, share: null, cross_share: null };
    const summary = data.summary || {};
    return {
      ...data,
      scale: data.scale || 1e5,
      marks: data.marks || [],
      sources: data.sources || [],
      groups: data.groups || [],
      slots: data.slots || [],
      roads: { major: [], minor: [], ...data.roads },
      districts: data.districts || [],
      cells: { outline: [], workers: [], uncovered: [], uncovered_after: [], ...data.cells },
      existing: located(data.existing),
      candidates: located(data.candidates),
      proposed: located(data.proposed),
      summary: { new: 0, ...summary, before: summary.before || nothing, after: summary.after || nothing },
    };
  }

  /**
   * Draws the data block into the groups of a map and adds title, legend, scale and popups. Groups that are missing
   * are not drawn. To be called once, when map, groups and the list of layers exist.
   * `document.documentElement.dataset.stationplanReady` becomes "1" when the canvases are painted.
   * @param {L.Map} map
   * @param {Partial<Record<LayerKey, L.FeatureGroup>>} groups
   */
  function fill(map, groups) {
    const data = readData();
    const say = languageOf(data);
    const { t } = say;
    const container = map.getContainer();
    const phone = window.matchMedia(PHONE).matches;
    const canvas = makePanes(map);
    const counts = api.counts;
    const title = titlePanel(data, say, phone);
    const shown = (/** @type {LayerKey} */ key) => Boolean(groups[key] && map.hasLayer(groups[key]));

    document.documentElement.lang = data.lang === "zh" ? "zh-CN" : "en";
    if (!document.title) document.title = data.title;
    container.classList.add("sp-map");
    container.setAttribute("role", "region");
    container.setAttribute("aria-label", t("map_label"));
    if (map.getMaxZoom() === Infinity) map.setMaxZoom(19);

    // Layers
    const areas = data.districts.map((district) =>
      areaOf(district.rings.map((rings) => rings.map((ring) => unpack(ring, data.scale)))));
    const outlines = data.cells.outline.map((ring) => unpack(ring, data.scale));
    const cellAreas = outlines.map((outline) => areaOf([[outline]]));
    const demandClasses = classify(data.cells.workers, DEMAND_RAMP);
    // Today's classes serve both states, so that the colours of the two can be compared.
    const uncoveredClasses = classify([...data.cells.uncovered], UNCOVERED_RAMP);
    let uncoveredAfter = false;

    setView(map, data, phone);
    if (groups.districts) {
      /** @type {Point[]} */
      const pins = data.proposed.map((site) => [site.lat, site.lon]);
      drawDistricts(map, groups.districts, data.districts, areas, pins, canvas);
      counts.districts = areas.length;
    }
    if (groups.demand) {
      counts.demand = drawCells(groups.demand, outlines, data.cells.workers, demandClasses, canvas.demand);
    }
    const drawUncovered = () => {
      if (!groups.uncovered) return;
      groups.uncovered.clearLayers();
      const values = uncoveredAfter ? data.cells.uncovered_after : data.cells.uncovered;
      counts.uncovered = drawCells(groups.uncovered, outlines, values, uncoveredClasses, canvas.uncovered);
    };
    drawUncovered();
    let roads = { major: 0, minor: 0 };
    if (groups.roads) {
      roads = drawRoads(map, groups.roads, data, canvas);
      counts.roads = roads.major + roads.minor;
    }
    /** @type {Record<string, Candidate[]>} */
    const stations = { candidates: data.candidates };
    for (const kind of ["standard", "micro", "mobile"]) {
      stations[`existing_${kind}`] = /** @type {any[]} */ (data.existing.filter((station) => station.kind === kind));
    }
    for (const key of STATION_KEYS) {
      const group = groups[key];
      if (!group) continue;
      const pane = key === "candidates" ? canvas.candidates : canvas.existing;
      drawStations(map, group, stations[key], { ...STATION_STYLE[key], ...pane });
      counts[key] = stations[key].length;
    }

    // Proposed sites and their reach
    /** @type {(L.Polygon|null)[]} */
    const reaches = data.proposed.map((site) => {
      const rings = (site.reach || []).map((polygon) => polygon.map((ring) => unpack(ring, data.scale)));
      return rings.length ? L.polygon(rings, { ...canvas.reach, ...REACH_STYLE, smoothFactor: 0.6 }) : null;
    });
    if (groups.reach) {
      for (const reach of reaches) if (reach) groups.reach.addLayer(reach);
      counts.reach = reaches.filter(Boolean).length;
    }
    let foldPanels = () => {};
    const popupOptions = () => {
      const size = map.getSize();
      const small = window.matchMedia(PHONE).matches;
      if (small) foldPanels();
      const width = title.getBoundingClientRect().width;
      const layers = container.querySelector(".leaflet-top.leaflet-right");
      const top = container.getBoundingClientRect().top;
      // On a phone the panels stand above the popup, elsewhere beside it.
      const above = small && layers ? layers.getBoundingClientRect().bottom - top : 0;
      return {
        className: "sp-popup-frame",
        minWidth: Math.min(240, size.x - 60),
        maxWidth: Math.min(470, size.x - 44),
        maxHeight: Math.max(160, Math.min(520, size.y - above - 130)),
        autoPanPaddingTopLeft: L.point(small ? 12 : width + 24, above + 10),
        autoPanPaddingBottomRight: L.point(small ? 12 : 56, small ? 40 : 30),
      };
    };
    /** What the pointer, the keyboard or an open popup singles out; the popup stays when the pointer leaves. */
    const singled = { pointed: -1, open: -1 };
    const emphasise = () => {
      reaches.forEach((reach, i) => {
        const strong = i === singled.open || i === singled.pointed;
        if (reach && Boolean(reach.options.weight === REACH_STRONG.weight) !== strong) {
          reach.setStyle(strong ? REACH_STRONG : REACH_STYLE);
          if (strong) reach.bringToFront();
        }
      });
    };
    if (groups.proposed) {
      const group = groups.proposed;
      data.proposed.forEach((site, i) => drawPin(site, i, group));
      counts.proposed = data.proposed.length;
    }

    /** @param {Proposed} site @param {number} i @param {L.FeatureGroup} group */
    function drawPin(site, i, group) {
      const face = make("span", "sp-pin-face");
      face.append(make("span", "", site.order));
      const pin = L.marker([site.lat, site.lon], {
        pane: "sp-proposed", keyboard: true, riseOnHover: true,
        icon: L.divIcon({ className: "sp-pin", html: face, iconSize: [30, 38], iconAnchor: [15, 36],
          tooltipAnchor: [14, -20] }),
      });
      pin.bindTooltip(() => make("span", "", `${site.order}. ${site.name}`),
        { className: "sp-tip", direction: "auto" });
      const open = () => {
        const popup = L.popup({ ...popupOptions(), offset: [0, -28] }).setLatLng(pin.getLatLng());
        popup.on("add", () => {
          singled.open = i;
          pin.closeTooltip();
          emphasise();
        });
        popup.on("remove", () => {
          if (singled.open === i) singled.open = -1;
          emphasise();
        });
        const content = proposedPopup(site, data, say);
        // Unfolded, the popup is taller: it is laid out again, which takes its content out and puts it back.
        const fold = content.querySelector("details");
        fold?.addEventListener("toggle", () => {
          const held = /** @type {HTMLElement|null} */ (document.activeElement);
          popup.update();
          if (held && content.contains(held)) held.focus();
          const frame = content.parentElement;
          if (fold.open && frame) frame.scrollTop = frame.scrollHeight;
        });
        popup.setContent(content).openOn(map);
      };
      const point = (/** @type {boolean} */ on) => () => {
        singled.pointed = on ? i : -1;
        emphasise();
      };
      pin.on("mouseover", point(true)).on("mouseout", point(false));
      pin.on("click", open);
      pin.on("add", () => {
        const element = pin.getElement();
        if (!element) return;
        const gain = t("gain", { workers: say.workers(site.gained_total) });
        element.setAttribute("aria-label", t("pin_label", { order: site.order, name: site.name, gain }));
        element.setAttribute("aria-haspopup", "dialog");
        element.addEventListener("focus", point(true));
        element.addEventListener("blur", point(false));
        element.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          open();
        });
      });
      group.addLayer(pin);
    }

    // What lies under the pointer
    /** @param {L.Point} at px of the map's container @param {number} margin px
     * @returns {{station: Candidate, key: string}|null} */
    const stationAt = (at, margin) => {
      let found = null;
      let nearest = Infinity;
      const reach = margin + 8;
      const box = L.latLngBounds(map.containerPointToLatLng(at.subtract([reach, reach])),
        map.containerPointToLatLng(at.add([reach, reach])));
      const [south, north, west, east] = [box.getSouth(), box.getNorth(), box.getWest(), box.getEast()];
      for (const key of STATION_KEYS) {
        if (!shown(key)) continue;
        for (const station of stations[key]) {
          if (station.lat < south || station.lat > north || station.lon < west || station.lon > east) continue;
          const centre = map.latLngToContainerPoint([station.lat, station.lon]);
          const away = centre.distanceTo(at) - STATION_STYLE[key].radius;
          if (away <= margin && away < nearest) [found, nearest] = [{ station, key }, away];
        }
      }
      return found;
    };
    /** The station whose popup is open needs no tooltip. @type {Station|null} */
    let opened = null;
    map.on("popupclose", () => {
      opened = null;
    });
    map.on("click", (event) => {
      const touch = /** @type {PointerEvent} */ (event.originalEvent).pointerType === "touch";
      const hit = stationAt(event.containerPoint, touch ? HIT_MARGIN_PX.touch : HIT_MARGIN_PX.mouse);
      tip.remove();
      if (hit) {
        const kicker = hit.key === "candidates" ? "candidate_site" : "existing_station";
        L.popup({ ...popupOptions(), offset: [0, -2] }).setLatLng([hit.station.lat, hit.station.lon])
          .setContent(stationPopup(hit.station, kicker, say)).openOn(map);
        opened = hit.station;
        return;
      }
      /** @type {Point} */
      const point = [event.latlng.lat, event.latlng.lng];
      const row = shown("districts") ? areas.findIndex((area) => contains(area, point)) : -1;
      const cells = shown("demand") || shown("uncovered");
      const cell = cells ? cellAreas.findIndex((area, i) => data.cells.workers[i] > 0 && contains(area, point)) : -1;
      if (row < 0 && cell < 0) return;
      L.popup(popupOptions()).setLatLng(event.latlng)
        .setContent(placePopup(row < 0 ? null : data.districts[row], cell < 0 ? null : cell, data, say)).openOn(map);
    });
    const tip = L.tooltip({ className: "sp-tip", direction: "top", offset: [0, -8] });
    let waiting = false;
    map.on("mousemove", (event) => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        const overPin = event.originalEvent.target instanceof Element && event.originalEvent.target.closest(".sp-pin");
        const hit = overPin ? null : stationAt(event.containerPoint, HIT_MARGIN_PX.mouse);
        container.classList.toggle("sp-hit", Boolean(hit));
        if (!hit || hit.station === opened) tip.remove();
        else {
          tip.setContent(make("span", "", hit.station.name)).setLatLng([hit.station.lat, hit.station.lon]);
          if (!map.hasLayer(tip)) tip.addTo(map);
        }
      });
    });
    map.on("mouseout", () => tip.remove());

    // Popups by keyboard: the focus goes in, Escape closes, the focus returns to the pin.
    /** @type {HTMLElement|null} */
    let opener = null;
    map.on("popupopen", (event) => {
      const frame = event.popup.getElement();
      if (!frame) return;
      const closer = frame.querySelector(".leaflet-popup-close-button");
      if (closer) closer.setAttribute("aria-label", t("close"));
      const heading = frame.querySelector("h2");
      frame.setAttribute("role", "dialog");
      if (heading) frame.setAttribute("aria-label", heading.textContent || "");
      const active = document.activeElement;
      opener = active instanceof HTMLElement && active.matches(".sp-pin:focus-visible") ? active : null;
      frame.tabIndex = -1;
      if (opener) frame.focus({ preventScroll: true });
    });
    map.on("popupclose", () => {
      if (opener && opener.isConnected) opener.focus({ preventScroll: true });
      opener = null;
    });
    container.addEventListener("keydown", (event) => {
      if (event.key === "Escape") map.closePopup();
    });

    // Panels
    addControl(map, title, "topleft");
    const legend = make("section", "sp-panel sp-legend");
    legend.setAttribute("aria-label", t("legend"));
    const legendToggle = make("button", "sp-fold sp-fold-heading", t("legend"));
    const legendBody = make("div", "sp-legend-body");
    legend.append(legendToggle, legendBody);
    const openLegend = foldable(legendToggle, legendBody, !phone && map.getSize().y >= 560);
    addControl(map, legend, "bottomleft");
    const withCount = (/** @type {LabelKey} */ label, /** @type {number} */ count) =>
      `${t(label)} (${say.count(count)})`;

    const drawLegend = () => {
      legendBody.textContent = "";
      if (shown("demand") && demandClasses.upper.length) {
        legendBody.append(rampBlock("demand", demandClasses));
      }
      if (shown("uncovered") && uncoveredClasses.upper.length) {
        const block = rampBlock("uncovered", uncoveredClasses);
        const choice = make("div", "sp-choice");
        choice.setAttribute("role", "group");
        choice.setAttribute("aria-label", t("uncovered"));
        for (const after of [false, true]) {
          const button = make("button", "", t(after ? "with_plan" : "today"));
          button.setAttribute("type", "button");
          button.setAttribute("aria-pressed", String(after === uncoveredAfter));
          button.addEventListener("click", () => {
            if (after === uncoveredAfter) return;
            uncoveredAfter = after;
            drawUncovered();
            choice.querySelectorAll("button").forEach((item) =>
              item.setAttribute("aria-pressed", String(item === button)));
          });
          choice.append(button);
        }
        block.append(choice);
        legendBody.append(block);
      }
      const list = make("ul", "sp-keys");
      if (shown("proposed") && data.proposed.length) {
        list.append(keyRow("proposed", withCount("proposed", data.proposed.length), "1"));
      }
      if (shown("reach") && counts.reach) list.append(keyRow("reach", t("reach")));
      for (const key of STATION_KEYS) {
        if (shown(key) && stations[key].length) list.append(keyRow(key, withCount(key, stations[key].length)));
      }
      if (shown("districts") && areas.length) list.append(keyRow("district", t("districts")));
      if (shown("roads") && roads.major) list.append(keyRow("major", t("roads_major")));
      if (shown("roads") && roads.minor) list.append(keyRow("minor", t("roads_minor")));
      if (list.childElementCount) legendBody.append(list);
      if (!legendBody.childElementCount) legendBody.append(make("p", "sp-note", t("nothing_shown")));
    };
    /** @param {"demand"|"uncovered"} label @param {Classes} classes */
    const rampBlock = (label, classes) => {
      const block = make("div", "sp-ramp-block");
      const heading = make("p", "sp-label", t(label));
      heading.append(make("small", "", t("workers_unit")));
      block.append(heading, rampKey(classes, say));
      return block;
    };
    drawLegend();
    const watched = new Set(Object.values(groups));
    map.on("layeradd layerremove", (event) => {
      if (watched.has(/** @type {any} */ (event).layer)) drawLegend();
    });

    if (map.attributionControl) {
      map.attributionControl.setPrefix(false);
      for (const source of data.sources) map.attributionControl.addAttribution(escapeMarkup(source));
    }
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(map);
    if (map.zoomControl) {
      // Moved after the scale, so that it stands above it.
      map.zoomControl.setPosition("bottomright");
      for (const [name, label] of /** @type {[string, LabelKey][]} */ ([["in", "zoom_in"], ["out", "zoom_out"]])) {
        const button = container.querySelector(`.leaflet-control-zoom-${name}`);
        if (button) {
          button.setAttribute("title", t(label));
          button.setAttribute("aria-label", t(label));
        }
      }
    }
    const openLayers = dressLayerControl(map, say, phone);
    foldPanels = () => {
      openLegend(false);
      if (openLayers) openLayers(false);
    };
    keepApart(map, title, legend);
    setView(map, data, phone);

    // Canvases paint in animation frames; a hidden page gets none, hence the timer.
    let ready = false;
    const finish = () => {
      if (ready) return;
      ready = true;
      document.documentElement.dataset.stationplanReady = "1";
    };
    requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(finish)));
    setTimeout(finish, 1500);
  }

  /** Shows the study area in the part of the map that no panel covers. @param {L.Map} map @param {Data} data
   * @param {boolean} phone */
  function setView(map, data, phone) {
    const corners = data.bounds;
    if (!corners || !corners.flat().every((value) => Number.isFinite(value))) {
      if (!map._loaded) map.setView([30.66, 104.06], 10);
      return;
    }
    const container = map.getContainer();
    const width = (/** @type {string} */ name) => {
      const panel = container.querySelector(name);
      return panel ? panel.getBoundingClientRect().width : 0;
    };
    const title = container.querySelector(".sp-title");
    // No tiles: the zoom need not be whole.
    map.options.zoomSnap = 0.25;
    map.options.wheelPxPerZoomLevel = 90;
    map.fitBounds(L.latLngBounds(corners), {
      animate: false,
      maxZoom: 16,
      paddingTopLeft: phone ? [12, (title ? title.getBoundingClientRect().height : 0) + 24]
        : [width(".sp-title") + 28, 22],
      paddingBottomRight: phone ? [12, 64] : [width(".leaflet-control-layers") + 24, 30],
    });
  }

  /** Keeps the legend below the title, the list of layers below the title on phones, and the printed page the shape
   * of the window. @param {L.Map} map @param {HTMLElement} title @param {HTMLElement} legend */
  function keepApart(map, title, legend) {
    const container = map.getContainer();
    const page = document.head.appendChild(document.createElement("style"));
    const fit = () => {
      const size = map.getSize();
      const height = title.getBoundingClientRect().height;
      const sources = container.querySelector(".leaflet-control-attribution");
      container.style.setProperty("--sp-title-height", `${Math.round(height)}px`);
      container.style.setProperty("--sp-sources-height", `${sources ? sources.clientHeight : 0}px`);
      legend.style.maxHeight = `${Math.max(120, size.y - height - 44)}px`;
      // The map keeps its size on paper; a page of that size makes the printer scale it.
      page.textContent = `@page { size: ${size.x}px ${size.y}px; margin: 0 }`;
    };
    fit();
    map.on("resize", fit);
    if (window.ResizeObserver) new ResizeObserver(fit).observe(title);
  }

  /** @type {{fill: typeof fill, counts: Partial<Record<LayerKey, number>>}} */
  const api = { fill, counts: {} };
  return api;
})();
window.stationplan = stationplan;
