import { createHash } from "node:crypto";

/** Digits of the time in an ID, base 36. */
const TIME_DIGITS = 9;

/**
 * The ID of a webhook; sorts by time.
 *
 * @param at Time of the event (ms since 1970).
 */
export function webhookId(at: number, event: string): string {
  const hash = createHash("sha256").update(`${at} ${event}`).digest("hex").slice(0, 16);
  return `msg_${Math.floor(at).toString(36).padStart(TIME_DIGITS, "0")}${hash}`;
}

/** Time of the event (ms since 1970), from the webhook's ID. */
export function webhookTime(id: string): number {
  return parseInt(id.slice("msg_".length, "msg_".length + TIME_DIGITS), 36);
}
