/** Colours, and the classes of values that they represent. */

/** @typedef {{upper: number[], colours: string[]}} Classes upper ends of the classes, inclusive, and their colours */

/** One hue each (OKLCH 262 and 55), both decreasing in OKLab lightness from 0.93 to 0.59: perceptually even steps,
 * ordered in greyscale; blue and orange remain distinct for all common forms of colour blindness. */
export const DEMAND_RAMP = ["#dee8fb", "#bfd2f4", "#9cb8ea", "#799bda", "#587cc0"];
export const UNCOVERED_RAMP = ["#fee2cf", "#f8c5a2", "#eda573", "#d78447", "#b66625"];

/** Colours of covered shares, ascending: cividis (Nuñez, Anderton and Renslow 2018), pale for low shares. */
export const COVERAGE_RAMP = ["#f3e6a2", "#d0c07a", "#9c9b85", "#6d7a8a", "#3d5a80"];
export const COVERAGE_ENDS = [0.5, 0.7, 0.8, 0.9, 1];

export const INK = "#1d2733";
export const TEAL = "#0b6b66";

/** Fills of existing stations by kind: standard, micro, mobile; they differ in lightness as well as in hue. */
export const KIND_FILLS = ["#22325c", "#c2478d", "#f4c84a"];
export const KIND_EDGES = ["#ffffff", "#ffffff", "#22325c"];
export const KIND_RADII = [5.5, 4.5, 5];

/** Fills of proposed sites by phase; white numbers have a contrast of at least 4.5:1 on all of them. */
export const PHASE_FILLS = ["#0b6b66", "#7a4fa3", "#a8480f", "#23527c", "#5b5b1e"];

/** Fills of hosts (Okabe and Ito 2008, followed by Tol's muted scheme), distinct for colour-blind readers. */
export const HOST_FILLS = [
  "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#332288", "#882255", "#999933",
  "#666666",
];

/** Fills of the bands of the service area, nearest last. */
export const BAND_FILLS = ["#a9dcd6", "#5fb8ae", "#1b8a80"];

/** Up to five classes (quantiles) with inclusive upper ends, rounded up to two digits. Zero has no class.
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
      // toPrecision removes the error of binary fractions: 23 * 0.1 is 2.3000000000000003
      const end = Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(3));
      if (end > (upper[upper.length - 1] || 0)) upper.push(end);
      if (end >= last) break;
    }
  }
  const span = Math.max(1, upper.length - 1);
  const colours = upper.map((_, i) => ramp[upper.length === 1 ? 2 : Math.round((i * (ramp.length - 1)) / span)]);
  return { upper, colours };
}

/** Classes of covered shares, with fixed ends, so that all slots and groups are comparable. @returns {Classes} */
export function coverageClasses() {
  return { upper: COVERAGE_ENDS, colours: COVERAGE_RAMP };
}

/** The index of the class of a value; the last class for values beyond the last end.
 * @param {Classes} classes @param {number} value */
export function classOf(classes, value) {
  const found = classes.upper.findIndex((end) => value <= end);
  return found < 0 ? classes.upper.length - 1 : found;
}
