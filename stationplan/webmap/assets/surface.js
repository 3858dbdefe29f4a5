/**
 * Draws a surface of demand from the page's JSON data block: cells on one canvas, coloured by group and time slot.
 *
 * Promises: no request of any kind, no evaluated code, and no text of the data ever parsed as markup. Coordinates are
 * [latitude, longitude], as Leaflet wants them.
 */
const stationplanSurface = (() => {
  "use strict";

  /**
   * @typedef {{title: string, subtitle: string, marks: string[], sources: string[], text: Record<string, string>,
   *   bounds: [[number, number], [number, number]], scale: number, groups: string[], slots: string[], ids: string[],
   *   outline: number[][], km2: number[], heads: number[][], errors: number[][], profile: number[][],
   *   districts: {name: string, rings: number[][][]}[]}} Data
   */

  /** Cividis, thinned to seven: even to the eye and safe for the colour-blind; pale is few. */
  const RAMP = ["#fdea9a", "#e4cf6f", "#c0b175", "#9b9476", "#757575", "#46546c", "#0a2a5c"];

  /** What is known for certain, among errors. */
  const ZERO = "#ffffff";

  /** @param {number[]} packed @param {number} scale */
  function unpack(packed, scale) {
    const points = [];
    let lat = 0;
    let lon = 0;
    for (let i = 0; i < packed.length; i += 2) {
      lat += packed[i];
      lon += packed[i + 1];
      points.push([lat / scale, lon / scale]);
    }
    return points;
  }

  /** @param {string} tag @param {HTMLElement} parent @param {string} [text] @param {string} [name] */
  function add(tag, parent, text, name) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name !== undefined) element.className = name;
    parent.appendChild(element);
    return element;
  }

  /** @param {number} value */
  function shown(value) {
    const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return value.toLocaleString("en", { maximumFractionDigits: digits });
  }

  /** Upper ends of up to seven classes with as many cells each, equal ends made one, and of one of 0 below them where
   * there are cells of 0; cells below 0 count for nothing. @param {number[]} values */
  function classes(values) {
    const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
    const ends = values.some((value) => value === 0) ? [0] : [];
    for (let k = 1; k <= RAMP.length; k += 1) {
      const end = sorted[Math.ceil((k * sorted.length) / RAMP.length) - 1];
      if (end !== undefined && end > (ends[ends.length - 1] ?? 0)) ends.push(end);
    }
    return ends;
  }

  /** @param {any} map the Leaflet map */
  function draw(map) {
    const L = window.L;
    const block = /** @type {HTMLElement} */ (document.getElementById("stationplan-data"));
    const data = /** @type {Data} */ (JSON.parse(block.textContent || ""));
    const cells = data.outline.map((packed) => unpack(packed, data.scale));
    const boxes = cells.map((cell) => {
      const lats = cell.map((point) => point[0]);
      const lons = cell.map((point) => point[1]);
      return [Math.min(...lats), Math.min(...lons), Math.max(...lats), Math.max(...lons)];
    });
    const container = map.getContainer();
    container.classList.add("sp-map");
    container.setAttribute("role", "application");
    container.setAttribute("aria-label", data.text.map);
    map.fitBounds(data.bounds);
    map.attributionControl.setPrefix(false);
    for (const source of data.sources) map.attributionControl.addAttribution(escaped(source));

    const choice = { group: -1, slot: -1, show: "density" };
    let values = /** @type {number[]} */ ([]);
    let ends = /** @type {number[]} */ ([]);

    /** Workers of a cell in the chosen group and slot. @param {number} cell */
    function workersOf(cell) {
      let sum = 0;
      data.heads.forEach((heads, g) => {
        if (choice.group < 0 || choice.group === g) sum += heads[cell] * shareOf(g);
      });
      return sum;
    }

    /** @param {number} g */
    function shareOf(g) {
      return choice.slot < 0 ? 1 : data.profile[g][choice.slot];
    }

    /** Standard error of a cell; groups err by themselves. @param {number} cell */
    function errorOf(cell) {
      let sum = 0;
      data.errors.forEach((errors, g) => {
        if (errors.length > 0 && (choice.group < 0 || choice.group === g)) sum += (errors[cell] * shareOf(g)) ** 2;
      });
      return Math.sqrt(sum);
    }

    /** @param {number} value */
    function colourOf(value) {
      const at = ends.findIndex((end) => value <= end);
      if (value === 0) return ZERO;
      const first = ends[0] === 0 ? 1 : 0;
      const step = (at < 0 ? ends.length - 1 : at) - first;
      return RAMP[Math.round((step * (RAMP.length - 1)) / Math.max(ends.length - 1 - first, 1))];
    }

    const canvas = document.createElement("canvas");
    canvas.className = "sp-surface-canvas";
    map.getPane("overlayPane").appendChild(canvas);

    function paint() {
      const size = map.getSize();
      const ratio = window.devicePixelRatio || 1;
      canvas.width = size.x * ratio;
      canvas.height = size.y * ratio;
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
      L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
      const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      const view = map.getBounds().pad(0.1);
      cells.forEach((cell, i) => {
        const box = boxes[i];
        const outside = box[2] < view.getSouth() || box[0] > view.getNorth();
        if (values[i] < 0 || outside || box[3] < view.getWest() || box[1] > view.getEast()) return;
        pen.fillStyle = colourOf(values[i]);
        trace(pen, cell);
        pen.fill();
      });
      pen.strokeStyle = "#1d2733";
      pen.lineWidth = 1;
      for (const district of data.districts) {
        for (const polygon of district.rings) {
          for (const ring of polygon) {
            trace(pen, unpack(ring, data.scale));
            pen.stroke();
          }
        }
      }
    }

    /** @param {CanvasRenderingContext2D} pen @param {number[][]} ring */
    function trace(pen, ring) {
      pen.beginPath();
      for (const place of ring) {
        const point = map.latLngToContainerPoint(place);
        pen.lineTo(point.x, point.y);
      }
      pen.closePath();
    }

    function recount() {
      const rate = choice.show === "error";
      values = cells.map((_, i) => {
        const workers = workersOf(i);
        if (workers <= 0 || data.km2[i] <= 0) return -1;
        return rate ? (100 * errorOf(i)) / workers : workers / data.km2[i];
      });
      ends = classes(values);
      legend.replaceChildren();
      ends.forEach((end, k) => {
        const line = add("li", legend);
        add("span", line).style.background = colourOf(end);
        const range = end === 0 ? "0" : `${shown(k === 0 ? 0 : ends[k - 1])}–${shown(end)}`;
        add("b", line, rate ? `${range} %` : range).style.fontWeight = "400";
      });
      if (ends.length === 0) add("li", legend, data.text.none);
      paint();
    }

    const panel = L.control({ position: "topright" });
    const box = document.createElement("div");
    box.className = "sp-panel sp-surface";
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    const marks = add("p", box);
    for (const mark of data.marks) add("span", marks, mark, "sp-mark");
    add("h1", box, data.title);
    if (data.subtitle) add("p", box, data.subtitle, "sp-sub");
    selector(data.text.group, [data.text.all, ...data.groups], (at) => { choice.group = at - 1; });
    selector(data.text.slot, [data.text.day, ...data.slots], (at) => { choice.slot = at - 1; });
    if (data.errors.some((errors) => errors.length > 0)) {
      selector(data.text.show, [data.text.density, data.text.error], (at) => { choice.show = at ? "error" : "density"; });
    } else {
      add("p", box, data.text.density, "sp-sub");
    }
    const legend = add("ol", box);
    panel.onAdd = () => box;
    panel.addTo(map);

    /** @param {string} label @param {string[]} options @param {(at: number) => void} choose */
    function selector(label, options, choose) {
      const line = add("label", box, label);
      const select = /** @type {HTMLSelectElement} */ (add("select", line));
      options.forEach((name) => add("option", select, name));
      select.addEventListener("change", () => {
        choose(select.selectedIndex);
        recount();
      });
    }

    map.on("moveend zoomend resize", paint);
    map.on("click", (/** @type {any} */ event) => {
      const { lat, lng } = event.latlng;
      const at = cells.findIndex((cell, i) => {
        const b = boxes[i];
        return lat >= b[0] && lat <= b[2] && lng >= b[1] && lng <= b[3] && holds(cell, lat, lng);
      });
      if (at < 0) return;
      const card = document.createElement("div");
      add("b", card, `${data.text.cell} ${data.ids[at]}`);
      add("p", card, `${data.text.workers}: ${shown(workersOf(at))}`);
      if (errorOf(at) > 0) add("p", card, `${data.text.deviation}: ${shown(errorOf(at))}`);
      L.popup().setLatLng(event.latlng).setContent(card).openOn(map);
    });
    recount();
  }

  /** @param {number[][]} ring @param {number} lat @param {number} lon */
  function holds(ring, lat, lon) {
    let inside = false;
    ring.forEach(([a, b], i) => {
      const [c, d] = ring[(i + 1) % ring.length];
      if (a > lat !== c > lat && lon < b + ((lat - a) / (c - a)) * (d - b)) inside = !inside;
    });
    return inside;
  }

  /** Words for the attribution, which Leaflet parses. @param {string} text */
  function escaped(text) {
    const element = document.createElement("span");
    element.textContent = text;
    return element.innerHTML;
  }

  return { draw };
})();
