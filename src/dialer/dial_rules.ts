import { E164, isAllowedNumber } from "../phone_number.ts";
import { formatHours, isOpen, type WeeklyHours } from "../weekly_hours.ts";

/** Which calls may be placed. */
export interface DialRules {
  /** Caller ID, E.164. */
  readonly from: string;
  /** Concurrency limit; counts waiting and ringing calls. */
  readonly maxCalls: number;
  /** `OUTBOUND_ALLOWED`: numbers and prefixes that may be called; undefined: the country of `from`. */
  readonly allowed?: readonly string[] | undefined;
  /** Numbers that are never called, E.164. */
  readonly doNotCall: { has(number: string): boolean };
  /** Undefined: at any time. */
  readonly hours?: WeeklyHours | undefined;
}

/** Why a call is not placed. `refused` is a closed list: it labels a metric. */
export interface DialRefusal {
  readonly refused:
    | "not a number"
    | "not allowed"
    | "do not call"
    | "outside hours"
    | "full"
    | "draining"
    | "client gone";
  readonly detail: string;
}

/**
 * The rule that forbids a call to this number now.
 *
 * @param activeCalls Calls that wait, ring or are answered.
 * @param at Unix time (ms).
 */
export function findRefusal(
  to: string,
  { from, maxCalls, allowed, doNotCall, hours }: DialRules,
  activeCalls: number,
  at: number,
): DialRefusal | undefined {
  if (!E164.test(to)) {
    return { refused: "not a number", detail: "to: not a phone number such as +15551230000" };
  }
  if (!isAllowedNumber(to, allowed, from)) {
    return { refused: "not allowed", detail: `${to} is not in OUTBOUND_ALLOWED` };
  }
  if (doNotCall.has(to)) return { refused: "do not call", detail: `${to} is on the do-not-call list` };
  if (hours && !isOpen(hours, at)) {
    return { refused: "outside hours", detail: `Calls are allowed from ${formatHours(hours)} only` };
  }
  if (activeCalls < maxCalls) return undefined;
  return {
    refused: "full",
    detail: `${maxCalls} outbound calls are in progress, the maximum; retry when one has ended`,
  };
}
