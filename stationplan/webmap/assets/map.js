/**
 * Fills a Leaflet map with a rest-station plan from the data block of the page.
 *
 * Guarantees: no requests unless tiles are configured, no evaluated code, and no text of the data is ever parsed as
 * markup. Everything is painted on two canvases, the ground below other layers of the map and the marks above them.
 * They receive no pointer events; the object at a click is found by its position.
 */

import { placeCard, siteCard } from "./cards.js";
import { Choice } from "./choice.js";
import { makeDayBar } from "./daybar.js";
import { addControl, escapeMarkup, fail, foldable, make } from "./dom.js";
import { latOf, lonOf, worldX, worldY } from "./geometry.js";
import { paintGround } from "./ground.js";
import { readState, writeState } from "./hash.js";
import { languageOf } from "./language.js";
import { legend } from "./legend.js";
import { paintMarks, siteAt } from "./marks.js";
import { loadModel } from "./model.js";
import { makePrinter } from "./paper.js";
import { Scene, THEMES } from "./scene.js";
import { makeSide } from "./side.js";
import { makeStage } from "./stage.js";
import { showTables } from "./tables.js";
import { addTiles } from "./tiles.js";

/** @typedef {import("./scene.js").LayerKey} LayerKey */
/** @typedef {Partial<Record<LayerKey, L.FeatureGroup>>} Groups */

/** Media query of the layout for phones. `map.css` uses the same width. */
const PHONE = "(max-width: 640px)";
const HIT_MARGIN_PX = { mouse: 5, touch: 14 };
const CLOSE_ZOOM = 14.5;

/**
 * Fills a map. Call it once, when map, groups and the layer control exist; the visibility of a group is that of its
 * layer. `document.documentElement.dataset.stationplanReady` becomes "1" when the canvases are painted.
 * @param {L.Map} map @param {Groups} groups
 */
async function fill(map, groups) {
  const block = document.querySelector(".stationplan-data");
  const container = map.getContainer();
  container.classList.add("sp-map");
  if (!("DecompressionStream" in window)) {
    container.append(make("p", "sp-panel sp-old", "浏览器版本过低，无法显示地图。This browser is too old for the map."));
    return;
  }
  const model = await loadModel(block?.textContent || "").catch((error) => fail(container, error));
  const say = languageOf(model.lang, model.text);
  const { t } = say;
  const small = () => window.matchMedia(PHONE).matches;
  const phone = small();
  const choice = new Choice(model);
  /** @param {LayerKey} key */
  const shown = (key) => Boolean(groups[key] && map.hasLayer(/** @type {L.Layer} */ (groups[key])));
  const scene = new Scene(choice, shown);
  document.documentElement.lang = model.lang === "zh" ? "zh-CN" : "en";
  container.setAttribute("role", "region");
  container.setAttribute("aria-label", t("map_label"));
  map.setMaxZoom(19);
  // Without tiles the zoom need not be an integer.
  map.options.zoomSnap = model.tiles ? 1 : 0.25;
  map.options.wheelPxPerZoomLevel = 90;
  if (!/** @type {any} */ (map)._loaded || map.getZoom() < 3) map.fitBounds(model.bounds, { animate: false });

  const ground = makeStage(map, "sp-ground", 390, (view) => paintGround(view, scene));
  const marks = makeStage(map, "sp-marks", 620, (view) => paintMarks(view, scene));
  const repaint = () => {
    ground.later();
    marks.later();
  };

  // Panels
  const print = makePrinter(map, model.bounds);
  const latLng = (/** @type {{x: number, y: number}} */ { x, y }) => L.latLng(latOf(y), lonOf(x));
  const going = {
    toSite: (/** @type {number} */ row) => {
      const site = model.sites[row];
      if (small()) side.fold(false);
      map.setView(latLng(site), Math.max(map.getZoom(), CLOSE_ZOOM), { animate: false });
      openSite(row);
    },
    toDistrict: (/** @type {number} */ district) => {
      const { west, north, east, south } = scene.districtBox(district);
      if (small()) side.fold(false);
      map.fitBounds([[latOf(south), lonOf(west)], [latOf(north), lonOf(east)]], fitting());
    },
    hover: (/** @type {number} */ row) => {
      if (row === scene.hovered) return;
      scene.hovered = row;
      marks.later();
    },
  };
  const side = makeSide(choice, say, going, phone, [
    [t("tables"), () => showTables(container, choice, say)],
    [t("print_a4"), () => print("a4")],
    [t("print_a3"), () => print("a3")],
  ]);
  addControl(map, side.panel, "topleft");
  const right = dressLayerControl(map, t("layers"), phone);
  const key = make("section", "sp-panel sp-legend");
  key.setAttribute("aria-label", t("legend"));
  const keyToggle = make("button", "sp-fold sp-fold-heading", t("legend"));
  const keyBody = make("div", "sp-legend-body");
  key.append(keyToggle, keyBody);
  const openKey = foldable(keyToggle, keyBody, !phone);
  addControl(map, key, "topright");
  addControl(map, makeDayBar(choice, say), "bottomleft");
  const writeKey = () => keyBody.replaceChildren(legend(scene, say, (now) => {
    scene.now = now;
    scene.recount();
    writeKey();
    repaint();
  }));
  writeKey();
  dressMap(map, model.sources, t);
  const foldPanels = () => {
    side.fold(false);
    openKey(false);
    right?.(false);
  };

  const fitting = () => {
    const width = (/** @type {string} */ name) =>
      container.querySelector(name)?.getBoundingClientRect().width || 0;
    const height = (/** @type {string} */ name) =>
      container.querySelector(name)?.getBoundingClientRect().height || 0;
    return {
      animate: false, maxZoom: 16,
      paddingTopLeft: L.point(small() ? [10, height(".sp-side") + 56] : [width(".sp-side") + 26, 24]),
      paddingBottomRight: L.point(small() ? [10, height(".sp-day") + 56] : [width(".sp-legend") + 26, 92]),
    };
  };

  // Cards
  const popupOptions = () => {
    const size = map.getSize();
    const width = small() ? 0 : side.panel.getBoundingClientRect().width + 16;
    const over = small() ? side.panel.getBoundingClientRect().height + 12 : 0;
    const below = container.querySelector(".sp-day")?.getBoundingClientRect().height || 0;
    return {
      className: "sp-popup-frame",
      minWidth: Math.min(270, size.x - 60),
      maxWidth: Math.min(470, size.x - 44),
      maxHeight: Math.max(160, Math.min(540, size.y - over - below - 70)),
      autoPanPaddingTopLeft: L.point(12 + width, over + 12),
      autoPanPaddingBottomRight: L.point(small() ? 12 : 60, below + 30),
    };
  };
  /** @type {L.Popup|null} */
  let popup = null;
  const openPopup = (/** @type {L.LatLng} */ at, /** @type {HTMLElement} */ card, /** @type {number} */ lift) => {
    const opened = L.popup({ ...popupOptions(), offset: [0, lift] });
    // When its details are opened, the card is taller and must be laid out again, which removes and reinserts it.
    card.querySelector("details")?.addEventListener("toggle", () => {
      const held = document.activeElement;
      opened.update();
      if (held instanceof HTMLElement && card.contains(held)) held.focus();
    });
    opened.setLatLng(at).setContent(card).openOn(map);
    popup = opened;
    return opened;
  };
  /** @type {Element|null} */
  let opener = null;
  const openSite = (/** @type {number} */ row) => {
    const site = model.sites[row];
    if (small()) foldPanels();
    opener = document.activeElement;
    const opened = openPopup(latLng(site), siteCard(site, choice, say), site.existing ? -4 : -26);
    choice.select(row);
    opened.on("remove", () => {
      if (popup === opened && choice.selected === row) choice.select(-1);
    });
  };
  map.on("popupopen", ({ popup: opened }) => {
    const frame = opened.getElement();
    const heading = frame?.querySelector("h2");
    if (!frame || !heading) return;
    frame.querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", t("close"));
    frame.setAttribute("role", "dialog");
    frame.setAttribute("aria-label", heading.textContent || "");
    frame.tabIndex = -1;
    if (opener?.matches(":focus-visible")) frame.focus({ preventScroll: true });
  });
  map.on("popupclose", () => {
    if (opener instanceof HTMLElement && opener.isConnected && container.querySelector(".leaflet-popup")
      ?.contains(document.activeElement)) opener.focus({ preventScroll: true });
    opener = null;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !container.querySelector("dialog")) map.closePopup();
  });

  // The pointer
  map.on("click", (event) => {
    const touch = /** @type {PointerEvent} */ (event.originalEvent).pointerType === "touch";
    const row = siteAt(map, scene, event.containerPoint, touch ? HIT_MARGIN_PX.touch : HIT_MARGIN_PX.mouse);
    tip.remove();
    if (row >= 0) return openSite(row);
    const [x, y] = [worldX(event.latlng.lng), worldY(event.latlng.lat)];
    const [district, cell] = [scene.districtAt(x, y), scene.cellAt(x, y)];
    if (small()) foldPanels();
    if (district >= 0 || cell >= 0) openPopup(event.latlng, placeCard(district, cell, scene, say), 0);
  });
  const tip = L.tooltip({ className: "sp-tip", direction: "top", offset: [0, -10] });
  let waiting = false;
  map.on("mousemove", (event) => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const over = event.originalEvent.target;
      const onMap = over instanceof Element && !over.closest(".leaflet-control, .leaflet-popup, dialog");
      const row = onMap ? siteAt(map, scene, event.containerPoint, HIT_MARGIN_PX.mouse) : -1;
      container.classList.toggle("sp-hit", row >= 0);
      going.hover(row);
      if (row < 0 || row === choice.selected) tip.remove();
      else {
        const site = model.sites[row];
        tip.setContent(make("span", "", site.order ? `${site.order}. ${site.name}` : site.name));
        tip.setLatLng(latLng(site));
        if (!map.hasLayer(tip)) tip.addTo(map);
      }
    });
  });
  map.on("mouseout", () => tip.remove());

  // Changes
  choice.watch((change) => {
    if (change === "part") scene.measure();
    if (change === "sites") scene.recount();
    if (change === "selection") scene.walk();
    else {
      // The card of the selected site shows the new state.
      const site = model.sites[choice.selected];
      if (site && popup) popup.setContent(siteCard(site, choice, say));
    }
    writeKey();
    repaint();
    remember();
  });
  map.on("layeradd layerremove", (event) => {
    const layer = /** @type {L.LayerEvent} */ (event).layer;
    const found = /** @type {[LayerKey, L.FeatureGroup][]} */ (Object.entries(groups)).find(([, group]) =>
      group === layer);
    if (!found) return;
    if (event.type === "layeradd" && THEMES.includes(found[0])) {
      // Deferred until the layer control has finished its own update.
      queueMicrotask(() => {
        for (const theme of THEMES) {
          if (theme !== found[0] && shown(theme)) map.removeLayer(/** @type {L.Layer} */ (groups[theme]));
        }
      });
    }
    writeKey();
    repaint();
    remember();
  });

  // The state in the URL
  let restored = false;
  const usual = Object.keys(groups).filter((name) => shown(/** @type {LayerKey} */ (name))).join();
  const remember = () => {
    if (!restored) return;
    const layers = Object.keys(groups).filter((name) => shown(/** @type {LayerKey} */ (name)));
    const edited = choice.edited();
    const ids = (/** @type {boolean} */ stands) =>
      edited.filter((row) => choice.stands(row) === stands).map((row) => model.sites[row].id);
    const { lat, lng } = map.getCenter();
    const text = writeState({
      view: [lat, lng, map.getZoom()], group: model.groups[choice.group]?.id || "",
      slot: model.slots[choice.slot]?.id || "", site: model.sites[choice.selected]?.id || "", on: ids(true),
      off: ids(false), layers: layers.join() === usual ? null : layers, tab: side.tab(),
    });
    try {
      history.replaceState(null, "", `#${text}`);
    } catch {
      // A page embedded in a notebook has no URL of its own.
    }
  };
  const restore = () => {
    const state = readState(location.hash);
    const rows = new Map(model.sites.map((site) => [site.id, site.row]));
    const known = (/** @type {string[]} */ ids) =>
      ids.map((id) => rows.get(id)).filter((row) => row !== undefined);
    if (state.off.length) choice.set(known(state.off), false);
    if (state.on.length) choice.set(known(state.on), true);
    choice.look({
      group: model.groups.findIndex((item) => item.id === state.group),
      slot: model.slots.findIndex((item) => item.id === state.slot),
    });
    if (state.layers) {
      for (const [name, group] of Object.entries(groups)) {
        if (state.layers.includes(name)) map.addLayer(group);
        else map.removeLayer(group);
      }
    }
    if (state.tab in { sites: 1, edits: 1 }) side.show(state.tab);
    if (state.view) map.setView([state.view[0], state.view[1]], state.view[2], { animate: false });
    else map.fitBounds(model.bounds, fitting());
    const row = rows.get(state.site);
    if (row !== undefined) openSite(row);
    restored = true;
  };
  map.on("moveend", remember);

  if (model.tiles) {
    addTiles(map, model.tiles, (there) => {
      scene.tiled = there;
      repaint();
    });
  }
  // On a phone there is space for only one panel at a time.
  const fit = () => container.classList.toggle("sp-busy",
    !side.panel.classList.contains("sp-folded") || Boolean(container.querySelector(".leaflet-popup")));
  map.on("popupopen popupclose", () => setTimeout(fit));
  side.panel.addEventListener("click", fit);
  fit();
  keepApart(map, side.panel);
  restore();
  window.stationplan.page = { map, model, choice, scene, toSite: going.toSite };
  ground.repaint();
  marks.repaint();
  document.documentElement.dataset.stationplanReady = "1";
}

/** Attribution, scale and zoom buttons. @param {L.Map} map @param {string[]} sources
 * @param {(key: string) => string} t */
function dressMap(map, sources, t) {
  map.attributionControl?.setPrefix(false);
  for (const source of sources) map.attributionControl?.addAttribution(escapeMarkup(source));
  L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(map);
  // Moved after the scale, so that they are above it.
  map.zoomControl?.setPosition("bottomright");
  for (const [name, label] of [["in", "zoom_in"], ["out", "zoom_out"]]) {
    const zoom = map.getContainer().querySelector(`.leaflet-control-zoom-${name}`);
    zoom?.setAttribute("title", t(label));
    zoom?.setAttribute("aria-label", t(label));
  }
}

/** Turns Folium's layer control into a panel with a collapsible heading, instead of Leaflet's icon button.
 * @param {L.Map} map @param {string} title @param {boolean} phone */
function dressLayerControl(map, title, phone) {
  const control = map.getContainer().querySelector(".leaflet-control-layers");
  const list = control?.querySelector(".leaflet-control-layers-list");
  // A control created collapsed is opened on hover by Leaflet itself.
  if (!control || !(list instanceof HTMLElement) || !control.classList.contains("leaflet-control-layers-expanded")) {
    return null;
  }
  control.classList.add("sp-panel");
  const toggle = make("button", "sp-fold sp-fold-heading", title);
  control.prepend(toggle);
  return foldable(toggle, list, !phone);
}

/** Passes the height of the panel to the style sheet, which places the other panels below it on a phone.
 * @param {L.Map} map @param {HTMLElement} side */
function keepApart(map, side) {
  const container = map.getContainer();
  const fit = () => {
    const sources = container.querySelector(".leaflet-control-attribution");
    container.style.setProperty("--sp-side-height", `${Math.round(side.getBoundingClientRect().height)}px`);
    container.style.setProperty("--sp-sources-height", `${sources ? sources.clientHeight : 0}px`);
  };
  fit();
  map.on("resize", fit);
  new ResizeObserver(fit).observe(side);
}

window.stationplan = { fill };
