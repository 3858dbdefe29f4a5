/** Tiles of an online base map, if the scenario requests them. */

import { escapeMarkup } from "./dom.js";

/** @typedef {import("./model.js").Tiles} Tiles */

/** Number of failed tiles after which the map continues without tiles. */
const PATIENCE = 4;

/**
 * A position in GCJ-02, the datum of Amap's tiles, by the published approximation, accurate to a few metres.
 * @param {number} lat @param {number} lon @returns {[number, number]}
 */
export function toGcj02(lat, lon) {
  const [a, ee] = [6378245, 0.006693421622965943];
  const { sin, cos, sqrt, abs, PI } = Math;
  const [x, y] = [lon - 105, lat - 35];
  const waves = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2 / 3;
  const dLat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves
    + (20 * sin(y * PI) + 40 * sin(y / 3 * PI)) * 2 / 3 + (160 * sin(y / 12 * PI) + 320 * sin(y * PI / 30)) * 2 / 3;
  const dLon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves
    + (20 * sin(x * PI) + 40 * sin(x / 3 * PI)) * 2 / 3 + (150 * sin(x / 12 * PI) + 300 * sin(x / 30 * PI)) * 2 / 3;
  const magic = 1 - ee * sin(lat / 180 * PI) ** 2;
  return [
    lat + dLat * 180 / (a * (1 - ee) / (magic * sqrt(magic)) * PI),
    lon + dLon * 180 / (a / sqrt(magic) * cos(lat / 180 * PI) * PI),
  ];
}

/** Adds the tiles, and removes them silently if they do not load. `changed` is called with whether there are tiles.
 * @param {L.Map} map @param {Tiles} tiles @param {(there: boolean) => void} changed */
export function addTiles(map, tiles, changed) {
  let [failed, came] = [0, 0];
  const layers = tiles.urls.map((url) => {
    const layer = L.tileLayer(url, {
      attribution: escapeMarkup(tiles.attribution), subdomains: tiles.subdomains || "a",
      maxNativeZoom: tiles.max_zoom, maxZoom: 19,
    });
    if (tiles.datum === "gcj02") shift(layer);
    layer.on("tileload", () => {
      came += 1;
      if (came === 1) changed(true);
    });
    layer.on("tileerror", () => {
      failed += 1;
      if (failed >= PATIENCE && !came) for (const each of layers) each.remove();
    });
    return layer;
  });
  for (const layer of layers) layer.addTo(map);
}

/** Makes a tile layer in GCJ-02 match our WGS-84 coordinates by moving its centre; within one view the offset is
 * constant to less than a pixel. @param {L.TileLayer} layer */
function shift(layer) {
  const own = /** @type {any} */ (layer);
  const moved = (/** @type {L.LatLng} */ centre) => L.latLng(toGcj02(centre.lat, centre.lng));
  const { _setZoomTransform: transform, _getTiledPixelBounds: bounds } = own;
  own._setZoomTransform = function (/** @type {any} */ level, /** @type {L.LatLng} */ centre, /** @type {number} */ z) {
    transform.call(this, level, moved(centre), z);
  };
  own._getTiledPixelBounds = function (/** @type {L.LatLng} */ centre) {
    return bounds.call(this, moved(centre));
  };
}
