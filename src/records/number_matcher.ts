/** Fewer digits are not taken for a phone number. */
const MIN_DIGITS = 7;
/** Replaces a redacted number. */
const FORGOTTEN = "[forgotten]";

/** Digits with spaces, dots, hyphens and brackets between them. */
const WRITTEN = /[+(]?\d(?:[\s().\-/\u00a0\u2010-\u2015]{0,3}\d){6,24}/g;

/** Finds one phone number in the forms in which a record may contain it. */
export class NumberMatcher {
  readonly #number: string;
  readonly #digits: string;

  /** @param number E.164 with any separators, or `sip:…`, `client:…`, `anonymous`. */
  constructor(number: string) {
    this.#number = number.trim();
    this.#digits = digitsOf(this.#number);
  }

  /** Whether `from` or `to` of a call is this number: `sip:+15551230000@example.com` is +15551230000. */
  isParty(party: string): boolean {
    if (party === this.#number) return true;
    return this.#digits.length >= MIN_DIGITS && digitsOf(party) === this.#digits;
  }

  /** Whether `text` contains the number, with or without its country code. */
  occursIn(text: string): boolean {
    return this.redact(text) !== text;
  }

  /** Replaces the number in `text` by {@linkcode FORGOTTEN}. */
  redact(text: string): string {
    if (this.#digits.length < MIN_DIGITS) return text;
    return text.replaceAll(WRITTEN, (written) => this.#matches(written) ? FORGOTTEN : written);
  }

  #matches(written: string): boolean {
    // National prefix 0, international prefixes 00 and 011.
    const digits = written.replaceAll(/\D/g, "").replace(/^(?:011|0+)/, "");
    return digits.length >= MIN_DIGITS && this.#digits.endsWith(digits);
  }
}

/** The digits of a number; empty for a name. */
function digitsOf(party: string): string {
  const [user = ""] = party.replace(/^[a-z]+:/i, "").split("@", 1);
  return /^\+?[\d\s().\-/]+$/.test(user) ? user.replaceAll(/\D/g, "") : "";
}
