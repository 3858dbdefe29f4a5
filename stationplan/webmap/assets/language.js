/** Labels and number formats in the language of the page. */

/** @typedef {string} LabelKey a key of `labels.json`, which names every label of the page in English */

const SHOWN_FROM = 0.05;

/** The formatters of one language: `t` for labels, the others for numbers.
 * @param {"zh"|"en"} lang @param {Record<LabelKey, string>} text */
export function languageOf(lang, text) {
  const locale = lang === "zh" ? "zh-CN" : "en-GB";
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const fixedTenth = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const significant = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
  const exact = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });
  const share = new Intl.NumberFormat(locale, {
    style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1,
  });

  /** @param {LabelKey} key @param {Record<string, string|number>} [values] */
  const t = (key, values = {}) => text[key].replace(/\{(\w+)\}/g, (mark, name) =>
    (Object.prototype.hasOwnProperty.call(values, name) ? String(values[name]) : mark));
  /** A number of workers; below ten with one decimal. @param {number} value */
  const workers = (value) => {
    if (value > 0 && value < SHOWN_FROM) return "<0.1";
    return Math.abs(value) < 9.95 ? tenth.format(value) : whole.format(value);
  };
  /** Workers in a table, all with the same decimals: none if the total of the table is at least a hundred.
   * @param {number} value @param {number} total */
  const tabled = (value, total) => {
    const [format, least] = total >= 100 ? [whole, 1] : [fixedTenth, 0.1];
    if (value <= 0) return "–";
    return value < least / 2 ? `<${format.format(least)}` : format.format(value);
  };
  /** A share of a total in percent; a dash if the total is zero. @param {number} part @param {number} total */
  const percent = (part, total = 1) => (total > 0 ? share.format(part / total) : "–");
  /** @param {number} value */
  const signed = (value) => {
    const shown = workers(Math.abs(value) < SHOWN_FROM ? 0 : value);
    return value >= SHOWN_FROM ? `+${shown}` : shown.replace("-", "−");
  };
  /** @param {number} value */
  const yuan = (value) => t("yuan", { amount: whole.format(value) });
  /** A difference of shares in percentage points. @param {number} value */
  const points = (value) => `${value > 0.0005 ? "+" : value < -0.0005 ? "−" : ""}${fixedTenth.format(
    Math.abs(100 * value))}`;
  /** A time slot by name and hours; the hours only once for slots that are named after them.
   * @param {{name: string, hours: string}} slot */
  const slot = ({ name, hours }) => (name === hours ? name : `${name} ${hours}`);
  return {
    t, slot, workers, tabled, percent, signed, yuan, points, locale,
    count: (/** @type {number} */ value) => whole.format(value),
    minutes: (/** @type {number} */ value) => (value < 9.95 ? tenth : whole).format(value),
    bound: (/** @type {number} */ value) => (value < 1 ? significant : exact).format(value),
  };
}

/** @typedef {ReturnType<typeof languageOf>} Language */
