import { BoundedMap } from "../bounded_map.ts";
import { countryCode, isPremiumRate } from "../phone_number.ts";
import type { Log } from "../telemetry/log.ts";

/** Number of prices that are kept in memory. */
const MAX_LEGS = 1_000;

type Prices = ReadonlyMap<string, number | undefined>;

/**
 * Twilio's list prices in US dollars, as of 2026-10: of a call's leg per minute, `in` by our number and `out` by the number
 * called, the longest prefix first; of `sip` (and browser) legs and of a media `stream` per minute; of answering-machine
 * detection (`amd`) per call. Where the price depends on the caller's country or on the kind of number behind a prefix, the
 * higher one stands here; undefined: not known.
 *
 * Source: https://www.twilio.com/en-us/voice/pricing/us and the pages of the other countries. Checked on 2026-11-30 against
 * dated copies of these pages (June to October 2026) in public repositories, not against the pages themselves. Dutch mobile
 * numbers, Alaska, the Canadian territories, and freephone numbers outside +1 and +44 could not be checked.
 */
const LIST_PRICES: Prices = new Map<string, number | undefined>([
  ["in+1", 0.0085],
  ...["800", "833", "844", "855", "866", "877", "888"].map((code) => [`in+1${code}`, 0.022] as const),
  ["in+31", 0.01],
  ["in+33", 0.01],
  ["in+34", 0.0178],
  ["in+44", 0.01],
  ["in+4480", 0.0798],
  ["in+49", 0.01],
  ["in+61", 0.01],
  ["in+614", 0.05],
  // Freephone numbers.
  ...["in+3180", "in+3380", "in+3480", "in+3490", "in+4980", "in+6118"].map((key) =>
    [key, undefined] as const
  ),
  ["out+1", 0.014],
  // Alaska and the Canadian territories have prices of their own.
  ["out+1907", undefined],
  ["out+1867", undefined],
  ["out+31", 0.0179],
  ["out+316", undefined],
  ["out+33", 0.0187],
  ["out+336", 0.1603],
  ["out+337", 0.1603],
  ["out+34", 0.0178],
  ["out+346", 0.18],
  ["out+347", 0.18],
  ["out+44", 0.0158],
  ["out+447", 0.0305],
  ["out+49", 0.0283],
  ["out+4915", 0.042],
  ["out+4916", 0.042],
  ["out+4917", 0.042],
  ["out+573", 0.0377],
  ["out+61", 0.0252],
  ["out+614", 0.075],
  ["out+65", 0.0578],
  ["out+81", 0.0746],
  ["out+8170", 0.185],
  ["out+8180", 0.185],
  ["out+8190", 0.185],
  ["out+91", 0.0699],
  ["sip", 0.004],
  ["stream", 0.0044],
  ["amd", 0.0075],
]);

/** Prices of calls without a carrier. */
export const NO_CARRIER: ReadonlyMap<string, number> = new Map([
  ["in", 0],
  ["out", 0],
  ["sip", 0],
  ["stream", 0],
  ["amd", 0],
]);

/** The carrier's prices of a call. An unknown price counts as the highest known one, so that limits hold. */
export class CarrierPrices {
  readonly #own: Prices;
  readonly #log: Log;
  /** By direction and number: each call asks for the same price several times, and all calls for that of our number. */
  readonly #legs = new BoundedMap<string, number>(MAX_LEGS);
  readonly #highest: Readonly<Record<"in" | "out", number>>;
  /** Directions and countries whose price was reported as not known. */
  readonly #reported = new Set<string>();

  /** @param own The operator's prices, `CARRIER_PRICES`: each takes the place of the list prices with its prefix. */
  constructor(own: ReadonlyMap<string, number> | undefined, log: Log) {
    this.#own = own ?? new Map();
    this.#log = log;
    const highest = (direction: "in" | "out") =>
      Math.max(
        ...[...LIST_PRICES, ...this.#own].map(([key, usd = 0]) => key.startsWith(direction) ? usd : 0),
      );
    this.#highest = { in: highest("in"), out: highest("out") };
  }

  /** A minute of a media stream. */
  get stream(): number {
    return this.#fixed("stream");
  }

  /** One answering-machine detection. */
  get machineDetection(): number {
    return this.#fixed("amd");
  }

  /**
   * A minute of a leg.
   *
   * @param direction Seen from Twilio: `in` for a caller's leg, `out` for a call to somebody.
   * @param number Our number for `in`, the number called for `out`; or a `sip:` or `client:` address.
   */
  leg(direction: "in" | "out", number: string): number {
    const key = direction + number;
    const usd = this.#legs.get(key) ?? this.#leg(direction, number);
    this.#legs.set(key, usd);
    return usd;
  }

  #leg(direction: "in" | "out", number: string): number {
    if (/^(sips?|client):/.test(number)) return this.#fixed("sip");
    return longestMatch(this.#own, direction, number) ?? longestMatch(LIST_PRICES, direction, number) ??
      this.#highestPrice(direction, number);
  }

  #fixed(name: "sip" | "stream" | "amd"): number {
    return this.#own.get(name) ?? LIST_PRICES.get(name) ?? 0;
  }

  #highestPrice(direction: "in" | "out", number: string): number {
    const country = `${direction}${number.startsWith("+") ? countryCode(number) : ""}`;
    if (!this.#reported.has(country)) {
      this.#log.warn("carrier price not known", {
        leg: country,
        counted: "at the highest known price",
        remedy: "add it to CARRIER_PRICES",
      });
    }
    this.#reported.add(country);
    return this.#highest[direction];
  }
}

/** The price with the longest prefix of a number. A country's price is not the price of its premium-rate numbers. */
function longestMatch(prices: Prices, direction: "in" | "out", number: string): number | undefined {
  for (let length = number.length; length >= 0; length--) {
    const prefix = number.slice(0, length);
    const applies = prefix === "" ||
      countryCode(prefix) === countryCode(number) && isPremiumRate(prefix) === isPremiumRate(number);
    if (applies && prices.has(direction + prefix)) return prices.get(direction + prefix);
  }
  return undefined;
}
