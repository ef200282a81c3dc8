/** E.164: `+`, country code and number, 15 digits at most. Source: ITU-T E.164 */
export const E164 = /^\+[1-9]\d{6,14}$/;

/**
 * ANONYMOUS, RESTRICTED, UNKNOWN, UNAVAILABLE and BLOCKED on a telephone's keypad: Twilio sends these as the number of a caller
 * who withholds it. Source: support.twilio.com, article 223179988 (calls from strange numbers)
 */
const WITHHELD = new Set(["+266696687", "+7378742833", "+8656696", "+86282452253", "+2562533"]);

/** Whether `party` is a number that can be called, and not what stands for a withheld one. */
export function isCallable(party: string): boolean {
  return E164.test(party) && !WITHHELD.has(party);
}

/** Converts a number such as `+1 (555) 123-0000` to E.164; undefined without a country code or when it is not a number. */
export function readPhoneNumber(text: string): string | undefined {
  const number = text.trim().replaceAll(/(?!^)[\s().\-/\u00a0\u2010-\u2015]/g, "");
  return E164.test(number) ? number : undefined;
}

/** Country codes of one and two digits; all others have three. Source: ITU-T E.164, list of assigned country codes */
const SHORT_COUNTRY_CODE = /^\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** Area codes of +1 outside the United States and Canada. Source: https://www.nanpa.com, geographic area codes */
const ISLAND_AREA_CODE =
  /^\+1(242|246|26[48]|284|340|345|441|473|649|65[18]|664|67[01]|684|721|758|767|78[47]|809|829|849|86[89]|876|939)/;
/** The first area code of countries with more than one. */
const OVERLAYS: Readonly<Record<string, string>> = {
  "+1829": "+1809",
  "+1849": "+1809",
  "+1658": "+1876",
  "+1939": "+1787",
};

/** The `+` and country code of an E.164 number; with the area code for the countries that share +1 with others. */
export function countryCode(number: string): string {
  const island = ISLAND_AREA_CODE.exec(number)?.[0];
  if (island) return OVERLAYS[island] ?? island;
  return SHORT_COUNTRY_CODE.exec(number)?.[0] ?? number.slice(0, 4);
}

/**
 * National numbers that may cost more than others of their country: premium rate, shared cost, personal numbers, pagers, and
 * ranges of another territory. Contains all that libphonenumber 9.0.43 (2026-11-10) lists as such, compared by sampling its
 * patterns; and, from memory of the numbering plans, without a check: more non-geographic codes and the local 976 exchanges of
 * +1, 3-digit service codes of Finland and Norway, and all of Portugal's numbers that start with 6 or 7.
 * Source: https://github.com/google/libphonenumber, resources/PhoneNumberMetadata.xml
 */
const DEARER_NUMBERS: Readonly<Record<string, RegExp>> = {
  "+1": /^(5(00|2\d|3[2358]|4[2-79]|5[02-46]|6[69]|7[78]|8[89])|6(00|22|33|44)|700|710|900|976|\d{3}976)/,
  "+31": /^(66|8[47]|90[069])/,
  "+32": /^(70|7879|90)/,
  "+33": /^8[1-9]/,
  "+34": /^(70|80[367]|90[1257])/,
  "+351": /^(6|7|8(?!00))/,
  "+353": /^(15\d{8}$|18[59]0\d{6}$|700|818)/,
  "+358": /^([67]0|[12]00)/,
  "+39": /^(0878|84|89|144|16[346]|178|199)/,
  "+41": /^(74|84|878|90)/,
  "+43": /^(8[1269]|9)/,
  // With the Isle of Man, Guernsey and Jersey.
  "+44": /^(1481|1534|1624|70|74576|7509|7524|76|7700[378]|7781|7797|7829|7839|7911[17]|7924|7937|84|87|9)/,
  "+45": /^90/,
  "+46": /^(649|7[457]|900|939|944|99)/,
  "+47": /^8(?!00)/,
  "+48": /^(64|70|80[1-9])/,
  "+49": /^(1[0-489]|16[489]|700|900)/,
  "+61": /^1[3-69]/,
};

/** Whether calls to a number may cost far more than others to its country. */
export function isPremiumRate(number: string): boolean {
  const code = listedCode(number);
  return code !== undefined && DEARER_NUMBERS[code]?.test(number.slice(code.length)) === true;
}

/** The country code of a number, if its country's dearer numbers are listed. */
function listedCode(number: string): string | undefined {
  const code = number.startsWith("+1") ? "+1" : countryCode(number);
  return code in DEARER_NUMBERS ? code : undefined;
}

/**
 * Whether calls may go to a number.
 *
 * @param allowed `OUTBOUND_ALLOWED`: numbers, and prefixes such as `+49*`. Undefined: the country of `ownNumber`, without its
 * premium-rate numbers; no number if Parley does not know them.
 * @param ownNumber Our own number; every number is allowed while it is not E.164.
 */
export function isAllowedNumber(
  number: string,
  allowed: readonly string[] | undefined,
  ownNumber: string,
): boolean {
  if (allowed) return allowed.some((pattern) => matchesPattern(pattern, number));
  if (!E164.test(ownNumber)) return true;
  const isSameCountry = countryCode(number) === countryCode(ownNumber);
  return isSameCountry && listedCode(number) !== undefined && !isPremiumRate(number);
}

/** Whether a number, or a prefix that ends with `*`, matches. */
export function matchesPattern(pattern: string, number: string): boolean {
  return pattern.endsWith("*") ? number.startsWith(pattern.slice(0, -1)) : number === pattern;
}

/**
 * Reads a do-not-call list: one number per line; `#` starts a comment.
 *
 * @throws {TypeError} with the lines that are not numbers: ignoring one would allow calls to it.
 */
export function readDoNotCall(text: string, path: string): ReadonlySet<string> {
  const numbers = new Set<string>();
  const invalid: string[] = [];
  for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
    const entry = line.replace(/#.*$/, "").trim();
    if (entry === "") continue;
    const number = readPhoneNumber(entry);
    if (number === undefined) invalid.push(`line ${index + 1}: ${JSON.stringify(entry.slice(0, 40))}`);
    else numbers.add(number);
  }
  if (invalid.length === 0) return numbers;
  const more = invalid.length > 5 ? `, and ${invalid.length - 5} more` : "";
  throw new TypeError(
    `Cannot use "${path}" as a do-not-call list: not a phone number in ${
      invalid.slice(0, 5).join(", ")
    }${more}. ` +
      "Write one number per line, such as +15551230000.",
  );
}
