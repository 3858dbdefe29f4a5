/** A canvas over the map, repainted whenever the map stops moving, and moved with it in between. */

/** @typedef {import("./geometry.js").Box} Box */
/** @typedef {import("./geometry.js").Lines} Lines */
/**
 * @typedef {object} View
 * @property {CanvasRenderingContext2D} pen
 * @property {number} zoom
 * @property {number} scale px per world unit
 * @property {number} left world position of the left edge of the canvas, px
 * @property {number} top
 * @property {Box} box extent of the canvas, in world units
 * @property {number} width px
 * @property {number} height
 */

/** Share of the size of the map that is added to the canvas on every side, for panning. */
const PADDING = 0.15;

/** Creates the canvas; it stays empty until the first call of `repaint`.
 * @param {L.Map} map @param {string} pane @param {number} level z-index
 * @param {(view: View) => void} paint */
export function makeStage(map, pane, level, paint) {
  const element = map.createPane(pane);
  element.style.zIndex = String(level);
  element.style.pointerEvents = "none";
  const canvas = document.createElement("canvas");
  canvas.className = `${pane} leaflet-zoom-animated`;
  canvas.setAttribute("aria-hidden", "true");
  element.append(canvas);
  let corner = map.containerPointToLatLng([0, 0]);
  let zoom = map.getZoom();
  let waiting = 0;
  let begun = false;

  const repaint = () => {
    begun = true;
    cancelAnimationFrame(waiting);
    waiting = 0;
    const size = map.getSize();
    const margin = L.point(Math.round(size.x * PADDING), Math.round(size.y * PADDING));
    const [width, height] = [size.x + 2 * margin.x, size.y + 2 * margin.y];
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const start = map.containerPointToLayerPoint([-margin.x, -margin.y]);
    L.DomUtil.setTransform(canvas, start, 1);
    zoom = map.getZoom();
    corner = map.layerPointToLatLng(start);
    const scale = 256 * 2 ** zoom;
    const { x: left, y: top } = map.project(corner, zoom);
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.save();
    paint({
      pen, zoom, scale, left, top, width, height,
      box: { west: left / scale, north: top / scale, east: (left + width) / scale, south: (top + height) / scale },
    });
    pen.restore();
  };
  const later = () => {
    if (begun && !waiting) waiting = requestAnimationFrame(repaint);
  };
  map.on("moveend viewreset resize", () => {
    if (begun) repaint();
  });
  map.on("zoomanim", (event) => {
    const start = /** @type {any} */ (map)._latLngToNewLayerPoint(corner, event.zoom, event.center);
    L.DomUtil.setTransform(canvas, start, map.getZoomScale(event.zoom, zoom));
  });
  // A hidden page gets no animation frames.
  document.addEventListener("visibilitychange", later);
  return { repaint, later, canvas };
}

/** Adds a line to the path. @param {View} view @param {Lines} lines @param {number} line @param {boolean} [closed] */
export function trace({ pen, scale, left, top }, { x, y, first }, line, closed = false) {
  const end = first[line + 1];
  for (let i = first[line]; i < end; i++) {
    const [px, py] = [x[i] * scale - left, y[i] * scale - top];
    if (i === first[line]) pen.moveTo(px, py);
    else pen.lineTo(px, py);
  }
  if (closed) pen.closePath();
}

/** Whether a point is on the canvas, or just outside it. @param {View} view @param {number} x @param {number} y */
export function onStage({ box, scale }, x, y) {
  const margin = 40 / scale;
  return x > box.west - margin && x < box.east + margin && y > box.north - margin && y < box.south + margin;
}
