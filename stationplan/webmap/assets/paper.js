/** The map for printing: A4 or A3, landscape, with title, legend and scale. */

const MARGIN_MM = 8;
const PX_PER_MM = 96 / 25.4;
/** Paper sizes in millimetres, landscape. */
const SHEETS = { a4: [297, 210], a3: [420, 297] };

/** Lays the map out for the paper size when the page is printed, and restores it afterwards. Returns a function that
 * prints.
 * @param {L.Map} map */
export function makePrinter(map) {
  const container = map.getContainer();
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  /** @type {keyof typeof SHEETS} */
  let paper = "a4";
  /** @type {{bounds: L.LatLngBounds, width: string, height: string}|null} */
  let before = null;
  const choose = () => sheet.replaceSync(`@page { size: ${paper} landscape; margin: ${MARGIN_MM}mm }`);
  choose();
  window.addEventListener("beforeprint", () => {
    if (before) return;
    const [width, height] = SHEETS[paper].map((mm) => Math.floor((mm - 2 * MARGIN_MM) * PX_PER_MM) - 2);
    before = { bounds: map.getBounds(), width: container.style.width, height: container.style.height };
    container.style.width = `${width}px`;
    container.style.height = `${height}px`;
    container.classList.add("sp-paper");
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(before.bounds, { animate: false });
  });
  window.addEventListener("afterprint", () => {
    if (!before) return;
    const { bounds, width, height } = before;
    before = null;
    container.style.width = width;
    container.style.height = height;
    container.classList.remove("sp-paper");
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(bounds, { animate: false });
  });
  return (/** @type {keyof typeof SHEETS} */ size) => {
    paper = size;
    choose();
    window.print();
  };
}
