/** The page's language: texts, numbers, money and times. */

/** The page's languages, each with its own name. */
export const LANGUAGES = { en: "English", es: "Español" };

/** @typedef {keyof typeof LANGUAGES} Language */

/** Key in localStorage, or query parameter if the browser denies storage. */
const STORAGE_KEY = "parley-language";

/** The chosen language, else the first supported one of the browser's preferences, else English. */
export const language =
  [chosenLanguage(), ...navigator.languages.map((tag) => tag.slice(0, 2))].find(isLanguage) ?? "en";

/**
 * Reloads the page in another language.
 *
 * @param {string} code
 */
export function chooseLanguage(code) {
  try {
    localStorage.setItem(STORAGE_KEY, code);
    location.reload();
  } catch {
    location.search = String(new URLSearchParams({ [STORAGE_KEY]: code }));
  }
}

/**
 * The texts of a module: `{ en: { calls: "{count} calls" }, es: … }`, with the same keys in each language.
 *
 * @template {string} Key
 * @param {Readonly<Record<Language, Readonly<Record<Key, string>>>>} texts
 * @returns A function that looks up and fills in a message: `t("calls", { count: 3 })`; and `has`, whether a key exists.
 */
export function dictionary(texts) {
  const own = texts[language];
  /** @param {Key} key @param {Readonly<Record<string, unknown>>} [values] */
  const t = (key, values = {}) =>
    own[key].replace(/\{(\w+)\}/g, (_, /** @type {string} */ name) => String(values[name] ?? ""));
  /** @type {(key: string) => key is Key} */
  t.has = (key) => Object.hasOwn(own, key);
  return t;
}

/**
 * Caches formatters by options, because creating one takes as long as formatting a hundred numbers.
 *
 * @template Options, Formatter
 * @param {new (language: string, options: Options) => Formatter} Formatter
 * @returns {(options: Options) => Formatter}
 */
function cachedFormatters(Formatter) {
  /** @type {Map<string, Formatter>} */
  const formatters = new Map();
  return (options) => {
    const key = JSON.stringify(options);
    const formatter = formatters.get(key) ?? new Formatter(language, options);
    formatters.set(key, formatter);
    return formatter;
  };
}

const numberFormat = cachedFormatters(Intl.NumberFormat);
const timeFormat = cachedFormatters(Intl.DateTimeFormat);

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export function number(value, options = {}) {
  return numberFormat(options).format(value);
}

/**
 * US dollars; amounts below one dollar with four decimals.
 *
 * @param {number} usd
 */
export function money(usd) {
  const digits = usd > 0 && usd < 1 ? 4 : 2;
  return number(usd, {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/**
 * @param {string} iso ISO 8601.
 * @param {Intl.DateTimeFormatOptions} [options]
 */
export function time(iso, options = { dateStyle: "medium", timeStyle: "short" }) {
  return timeFormat(options).format(new Date(iso));
}

/**
 * Seconds as `m:ss`.
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/**
 * Milliseconds as seconds with one decimal.
 *
 * @param {number} ms
 */
export function tenths(ms) {
  return number(ms / 1_000, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** @returns {string | null | undefined} */
function chosenLanguage() {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return new URLSearchParams(globalThis.location?.search).get(STORAGE_KEY);
  }
}

/** @param {string | null | undefined} code @returns {code is Language} */
function isLanguage(code) {
  return code !== null && code !== undefined && Object.hasOwn(LANGUAGES, code);
}
