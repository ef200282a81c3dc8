/** Fewer digits in a row may be anything. */
const MIN_DIGITS = 7;
/** What stands in a number's place. */
export const FORGOTTEN = "[forgotten]";

/** Digits as people write them: with spaces, dots, hyphens and brackets between. */
const WRITTEN = /[+(]?\d(?:[\s().\-/\u00a0\u2010-\u2015]{0,3}\d){6,24}/g;

/** One phone number, in the forms in which a record may have it. */
export class PhoneNumber {
  readonly #number: string;
  readonly #digits: string;

  /** @param number E.164, written in any way, or what the network says instead: `sip:…`, `client:…`, `anonymous`. */
  constructor(number: string) {
    this.#number = number.trim();
    this.#digits = digitsOf(this.#number);
  }

  /** Whether this is a caller or a called number of it: `sip:+15551230000@example.com` is one of +15551230000. */
  isParty(party: string): boolean {
    if (party === this.#number) return true;
    return this.#digits.length >= MIN_DIGITS && digitsOf(party) === this.#digits;
  }

  /** Whether it is written here, also without the country code. */
  isIn(text: string): boolean {
    return this.without(text) !== text;
  }

  /** The text with {@linkcode FORGOTTEN} wherever the number was. */
  without(text: string): string {
    if (this.#digits.length < MIN_DIGITS) return text;
    return text.replaceAll(WRITTEN, (written) => this.#is(written) ? FORGOTTEN : written);
  }

  #is(written: string): boolean {
    // 0 before a number of the same country, 00 or 011 before one of another.
    const digits = written.replaceAll(/\D/g, "").replace(/^(?:011|0+)/, "");
    return digits.length >= MIN_DIGITS && this.#digits.endsWith(digits);
  }
}

/** The digits of a number; none for a name. */
function digitsOf(party: string): string {
  const [user = ""] = party.replace(/^[a-z]+:/i, "").split("@", 1);
  return /^\+?[\d\s().\-/]+$/.test(user) ? user.replaceAll(/\D/g, "") : "";
}
