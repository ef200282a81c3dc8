/** Short number formats for axes. */

import { number } from "../locale.js";

/** @param {number} value */
export function whole(value) {
  return number(value, { maximumFractionDigits: 0 });
}

/** @param {number} value */
export function minutes(value) {
  return number(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** @param {number} share From 0 to 1. */
export function percent(share) {
  return number(share, { style: "percent", maximumFractionDigits: 0 });
}

/** @param {number} usd */
export function dollars(usd) {
  const digits = usd !== 0 && usd < 1 ? 2 : usd < 10 && !Number.isInteger(usd) ? 2 : 0;
  return number(usd, {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
