/** Date of the list prices in `src/model/prices.ts`, which the metric of the cost names. */
export const PRICE_DATE = "2026-11-21";
