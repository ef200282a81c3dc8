/** Short formats of numbers and days. */

import { number, time } from "../locale.js";

/**
 * @param {string} day `2026-11-21`
 * @param {Intl.DateTimeFormatOptions} options
 */
export function dayText(day, options) {
  return time(`${day}T12:00`, options);
}

/** @param {number} value */
export function formatWholeNumber(value) {
  return number(value, { maximumFractionDigits: 0 });
}

/** @param {number} value */
export function formatMinutes(value) {
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
