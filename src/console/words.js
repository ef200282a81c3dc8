/** The page's words, in the reader's language. */

/** Languages there are, each by its own name. */
export const LANGUAGES = { en: "English", es: "Español" };

const KEPT_AS = "parley-language";

/** What the reader chose, or else what their browser prefers. */
export const language = [kept(), ...navigator.languages.map((each) => each.slice(0, 2)), "en"]
  .find((each) => Object.hasOwn(LANGUAGES, each));

/** Shows the page in another language. */
export function choose(code) {
  try {
    localStorage.setItem(KEPT_AS, code);
    location.reload();
  } catch {
    // Where nothing may be kept, the address says it.
    location.search = new URLSearchParams({ [KEPT_AS]: code });
  }
}

/**
 * A view's words: `{ en: { calls: "{count} calls" }, es: … }`, the same keys in each language.
 *
 * @returns `word("calls", { count: 3 })`, text and not markup.
 */
export function dictionary(byLanguage) {
  const words = byLanguage[language];
  return (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Made once each: making one takes longer than writing a hundred numbers. */
const formats = new Map();

function format(Kind, options) {
  const key = Kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Kind(language, options));
  return formats.get(key);
}

/** A number as it is written here. */
export function number(value, options = {}) {
  return format(Intl.NumberFormat, options).format(value);
}

/** US dollars; small sums to the hundredth of a cent. */
export function money(usd) {
  const digits = usd > 0 && usd < 1 ? 4 : 2;
  return number(usd, {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A time of day and date; `options` as `Intl.DateTimeFormat` has them. */
export function time(iso, options = { dateStyle: "medium", timeStyle: "short" }) {
  return format(Intl.DateTimeFormat, options).format(new Date(iso));
}

/** Seconds as `m:ss`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function kept() {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return new URLSearchParams(globalThis.location?.search).get(KEPT_AS);
  }
}
