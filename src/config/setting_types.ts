/**
 * Type of a setting, and Zod types of the values. Their errors say what is allowed; the docs print the same
 * texts.
 */

import { z } from "zod";

/** One environment variable. */
export interface Setting {
  /** For the docs, in one line. */
  readonly description: string;
  /** Parses the text of the variable; `undefined` gives the default. */
  readonly schema: z.ZodType;
  /** The value must appear nowhere, and `NAME_FILE` may name a file that contains it. */
  readonly secret?: true;
  /** An empty value differs from an unset one. */
  readonly allowEmpty?: true;
  /** Default in production, as text. Such a setting also accepts `none`, which means no limit. */
  readonly productionDefault?: string;
  /** Effect of `none`, for the warning about it. Missing: `none` needs no warning. */
  readonly withoutLimit?: string;
}

export const nonEmpty = z.string().min(1);

export function url(protocols: readonly string[]) {
  return z.string().transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const valid = url && protocols.includes(url.protocol) && !url.search && !url.hash && !url.username &&
      url.hostname;
    if (!valid) {
      context.addIssue(`allowed: a URL that starts with ${protocols.join("// or ")}//, without query`);
      return z.NEVER;
    }
    return url.href.replace(/\/$/, "");
  });
}

export function textLike(pattern: RegExp, allowed: string) {
  return z.string().regex(pattern, `allowed: ${allowed}`);
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `allowed: ${values.join(", ")}` });
}

export function wholeNumber(least: number, most: number, orNone = "") {
  const allowed = `allowed: a whole number from ${least} to ${most}${orNone}`;
  return z.string().regex(/^\d{1,9}$/, allowed).transform(Number)
    .refine((value) => value >= least && value <= most, allowed);
}

/** A limit that has a default in production, where `none` means no limit. The parser handles `none`. */
export function limit(least: number, most: number) {
  return wholeNumber(least, most, OR_NONE).optional();
}

/** A limit, like {@linkcode limit}, in US dollars with cents. */
export function dollarLimit(least: number, most: number) {
  return decimal(least, most, `a number from ${least} to ${most}${OR_NONE}`).optional();
}

/**
 * How a Realtime session shortens a conversation that outgrows its context, as `session.truncation` takes it.
 */
export function truncation() {
  const allowed = `auto, disabled, a number from 0.1 to 1${OR_NONE}`;
  return z.union([z.literal(["auto", "disabled"]), decimal(0.1, 1, allowed)], {
    error: `allowed: ${allowed}`,
  }).optional();
}

const OR_NONE = ", or none";

function decimal(least: number, most: number, allowedText: string) {
  const allowed = `allowed: ${allowedText}`;
  return z.string().regex(/^\d{1,9}(\.\d{1,4})?$/, allowed).transform(Number)
    .refine((value) => value >= least && value <= most, allowed);
}

/** A port that browsers connect to; 0: the system chooses one. */
export function port() {
  return wholeNumber(0, 65_535).refine(
    (value) => !BLOCKED_PORTS.has(value),
    "browsers do not connect to this port; allowed: another one, such as 5050",
  );
}

/** The ports that `fetch` blocks, except 0. Source: https://fetch.spec.whatwg.org/#port-blocking */
// deno-fmt-ignore
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** Different characters that a secret needs: one character repeated is as long, and easy to guess. */
const MIN_DIFFERENT = 6;

/** A secret of the operator's choice. */
export function secretText(minLength: number) {
  const allowed = `allowed: at least ${minLength} characters, ${MIN_DIFFERENT} of them different; ` +
    "create one with: openssl rand -hex 24";
  return z.string().refine(
    (text) => text.length >= minLength && new Set(text).size >= MIN_DIFFERENT,
    allowed,
  );
}

/** A sentence that Twilio speaks before the assistant. */
export const announcement = z.string().max(
  300,
  "allowed: at most 300 characters, because the assistant waits until it is spoken",
);

/** US dollars by name, such as `in+1=0.0085, amd=0.0075`. */
export const carrierPrices = z.string().transform(
  (value, context): ReadonlyMap<string, number> => {
    const prices = new Map<string, number>();
    for (const item of value.split(",").map((each) => each.trim()).filter((each) => each !== "")) {
      const [, name = "", usd] =
        /^((?:in|out)(?:\+\d{0,15})?|sip|stream|amd) *= *(\d{1,4}(?:\.\d{1,6})?)$/.exec(item) ?? [];
      if (usd === undefined) {
        context.addIssue(
          "allowed: US dollars a minute such as in+1=0.0085, out+49=0.0283, out=0.2, sip=0.004, stream=0.0044, and " +
            "a call such as amd=0.0075, separated by commas",
        );
        return z.NEVER;
      }
      prices.set(name, Number(usd));
    }
    return prices;
  },
).optional();

/** Comma-separated values. */
export function listOf(item: RegExp, allowed: string) {
  return z.string().transform((value): readonly string[] =>
    value.split(",").map((each) => each.trim()).filter((each) => each !== "")
  ).refine((values) => values.every((value) => item.test(value)), `allowed: ${allowed}, separated by commas`);
}
