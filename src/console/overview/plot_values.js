/** How values of plots are written: short, for an axis. */

import { number } from "../words.js";

/** Without decimals. */
export function whole(value) {
  return number(value, { maximumFractionDigits: 0 });
}

/** Short calls count too. */
export function minutes(value) {
  return number(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

export function percent(value) {
  return number(value, { style: "percent", maximumFractionDigits: 0 });
}

/** As many decimals as an axis needs. */
export function dollars(usd) {
  const digits = usd !== 0 && usd < 1 ? 2 : usd < 10 && !Number.isInteger(usd) ? 2 : 0;
  return number(usd, {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
