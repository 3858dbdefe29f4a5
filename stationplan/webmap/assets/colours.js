/** Colours, and the classes of the values that they stand for. */

/** @typedef {{upper: number[], colours: string[]}} Classes upper ends of the classes, closed, and their colours */

/** One hue each (OKLCH 262 and 55), falling through the same OKLab lightness, 0.93 to 0.59: even steps to the eye,
 * ordered in grey, and blue and orange stay apart for every common form of colour blindness. */
export const DEMAND_RAMP = ["#dee8fb", "#bfd2f4", "#9cb8ea", "#799bda", "#587cc0"];
export const UNCOVERED_RAMP = ["#fee2cf", "#f8c5a2", "#eda573", "#d78447", "#b66625"];

/** Of shares covered, from few to all: cividis (Nuñez, Anderton and Renslow 2018), pale for little. */
export const COVERAGE_RAMP = ["#f3e6a2", "#d0c07a", "#9c9b85", "#6d7a8a", "#3d5a80"];
export const COVERAGE_ENDS = [0.5, 0.7, 0.8, 0.9, 1];

export const INK = "#1d2733";
export const TEAL = "#0b6b66";

/** Fills of existing stations by kind: standard, micro, mobile; told apart by lightness as well as by hue. */
export const KIND_FILLS = ["#22325c", "#c2478d", "#f4c84a"];
export const KIND_EDGES = ["#ffffff", "#ffffff", "#22325c"];
export const KIND_RADII = [5.5, 4.5, 5];

/** Fills of proposed sites by phase, falling in lightness; white figures keep 4.5:1 on all of them. */
export const PHASE_FILLS = ["#0b6b66", "#7a4fa3", "#a8480f", "#23527c", "#5b5b1e"];

/** Fills of hosts (Okabe and Ito 2008, Tol's muted after them), for colour-blind readers. */
export const HOST_FILLS = [
  "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#332288", "#882255", "#999933",
  "#666666",
];

/** Service area by minutes on foot, nearest last. */
export const BANDS = [
  { minutes: 15, fill: "#a9dcd6" },
  { minutes: 10, fill: "#5fb8ae" },
  { minutes: 5, fill: "#1b8a80" },
];

/** Up to five classes of about as many values each; ends are rounded up to two digits and closed. Zero has no class.
 * @param {ArrayLike<number>} values @param {string[]} ramp @returns {Classes} */
export function classify(values, ramp) {
  const sorted = Float64Array.from(values).filter((value) => value > 0).sort();
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

/** Of shares: fixed ends, so that every slot and group is measured alike. @returns {Classes} */
export function coverageClasses() {
  return { upper: COVERAGE_ENDS, colours: COVERAGE_RAMP };
}

/** The class of a value; beyond the last end the last one. @param {Classes} classes @param {number} value */
export function classOf(classes, value) {
  const found = classes.upper.findIndex((end) => value <= end);
  return found < 0 ? classes.upper.length - 1 : found;
}
