/** The map for printing: A4 or A3, landscape, with title, legend and scale. */

const MARGIN_MM = 8;
const PX_PER_MM = 96 / 25.4;
/** Paper sizes in millimetres, landscape. */
const SHEETS = { a4: [297, 210], a3: [420, 297] };

/** Room beside the panels on paper, px. */
const BESIDE = { paddingTopLeft: L.point(320, 12), paddingBottomRight: L.point(240, 34) };

/** Prints the map, the whole study area if it is in view. A browser prints a canvas as it was last shown, so the map is
 * first laid out for the paper and shown; where the browser prints by itself, from its menu, the map is only scaled.
 * Returns a function that prints.
 * @param {L.Map} map @param {[number, number][]} area corners of the study area */
export function makePrinter(map, area) {
  const container = map.getContainer();
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  /** @type {keyof typeof SHEETS} */
  let paper = "a4";
  /** @type {(() => void)|null} */
  let restore = null;
  const choose = () => sheet.replaceSync(`@page { size: ${paper} landscape; margin: ${MARGIN_MM}mm }`);
  const room = () => SHEETS[paper].map((mm) => Math.floor((mm - 2 * MARGIN_MM) * PX_PER_MM) - 2);
  choose();

  const layOut = () => {
    const [width, height] = room();
    const before = { bounds: map.getBounds(), snap: map.options.zoomSnap, style: container.style.cssText };
    container.style.width = `${width}px`;
    container.style.height = `${height}px`;
    container.classList.add("sp-paper");
    map.invalidateSize({ animate: false, pan: false });
    if (before.snap !== 1) map.options.zoomSnap = 0;  // tiles need whole zooms, all else fills the sheet
    const whole = L.latLngBounds(area);
    if (before.bounds.contains(whole)) map.fitBounds(whole, { animate: false, ...BESIDE });
    else map.fitBounds(before.bounds, { animate: false });
    return () => {
      container.style.cssText = before.style;
      container.classList.remove("sp-paper");
      map.invalidateSize({ animate: false, pan: false });
      map.options.zoomSnap = before.snap;
      map.fitBounds(before.bounds, { animate: false });
    };
  };
  const scale = () => {
    const style = container.style.cssText;
    const size = map.getSize();
    const [width, height] = room();
    container.style.width = `${size.x}px`;
    container.style.height = `${size.y}px`;
    container.style.setProperty("zoom", String(Math.min(width / size.x, height / size.y)));
    return () => {
      container.style.cssText = style;
    };
  };
  window.addEventListener("beforeprint", () => {
    restore ??= scale();
  });
  window.addEventListener("afterprint", () => {
    restore?.();
    restore = null;
  });
  const print = (/** @type {keyof typeof SHEETS} */ size) => {
    paper = size;
    choose();
    restore?.();
    restore = layOut();
    requestAnimationFrame(() => requestAnimationFrame(() => window.print()));
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "p" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      print(paper);
    }
  });
  return print;
}
