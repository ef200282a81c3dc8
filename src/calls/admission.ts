import { matchesPattern } from "../phone_number.ts";
import type { Attestation, IncomingCall } from "../twilio/voice_webhook.ts";
import type { CallCounts } from "./call_counts.ts";

const HOUR_MS = 3_600_000;

/** Why a call is refused: a closed list, used as a metric label. */
export type CallRefusal =
  | "draining"
  | "denied caller"
  | "caller not allowed"
  | "attestation"
  | "caller rate limit"
  | "number day limit"
  | "spending limit"
  | "full";

/** Allowed and denied callers, and call limits. A pattern is a number or a prefix such as `+1555*`. */
export interface AdmissionRules {
  readonly maxCalls?: number | undefined;
  /** Undefined allows everybody. */
  readonly allowed?: readonly string[] | undefined;
  readonly denied: readonly string[];
  readonly minAttestation?: Attestation | undefined;
  readonly maxPerCallerHour?: number | undefined;
  /** Calls from and to one number in 24 hours. */
  readonly maxPerNumberDay?: number | undefined;
}

/** Decides which incoming calls are admitted. */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #counts: CallCounts;
  #draining = false;

  constructor(rules: AdmissionRules, counts: CallCounts) {
    this.#rules = rules;
    this.#counts = counts;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Refuses all further calls. */
  drain(): void {
    this.#draining = true;
  }

  /**
   * Checks a call and counts it if it is admitted. Callers who withhold their number count as one caller.
   *
   * @param inProgress Number of calls in progress.
   * @returns Why the call is refused, or undefined.
   */
  admit(incoming: IncomingCall, inProgress: number): CallRefusal | undefined {
    const refusal = this.check(incoming, inProgress);
    if (!refusal) this.count(incoming.from, incoming.callSid);
    return refusal;
  }

  /**
   * Counts a call from or to a number. A call that comes back is counted once.
   *
   * @param callSid Undefined for a call that is not placed yet.
   * @returns A function that takes the count back.
   */
  count(number: string, callSid?: string): () => void {
    const { maxPerCallerHour, maxPerNumberDay } = this.#rules;
    if ((maxPerCallerHour ?? maxPerNumberDay) === undefined) return () => {};
    return this.#counts.add(number, callSid);
  }

  /** Whether there were as many calls from and to a number in 24 hours as are allowed. */
  isAtDayLimit(number: string): boolean {
    return this.#counts.count(number) >= (this.#rules.maxPerNumberDay ?? Infinity);
  }

  /** Why a call would be refused, without counting it. */
  check(incoming: IncomingCall, inProgress: number): CallRefusal | undefined {
    const { maxCalls = Infinity } = this.#rules;
    if (this.#draining) return "draining";
    const refusal = incoming.isConsoleCall ? undefined : this.#checkCaller(incoming);
    if (refusal) return refusal;
    if (inProgress >= maxCalls) return "full";
    return undefined;
  }

  /** The rules by caller number. Console calls skip them: they have no number and are signed in. */
  #checkCaller({ callSid, from, attestation }: IncomingCall): CallRefusal | undefined {
    const { allowed, denied, minAttestation, maxPerCallerHour = Infinity } = this.#rules;
    if (denied.some((pattern) => matches(pattern, from))) return "denied caller";
    if (allowed && !allowed.some((pattern) => matches(pattern, from))) return "caller not allowed";
    // "A" is the highest level and sorts first.
    if (minAttestation && !(attestation && attestation <= minAttestation)) return "attestation";
    if (this.#counts.has(from, callSid)) return undefined;
    if (this.#counts.count(from, HOUR_MS) >= maxPerCallerHour) return "caller rate limit";
    return this.isAtDayLimit(from) ? "number day limit" : undefined;
  }
}

/** Compares the number of a SIP caller, `sip:+15551230000@host`, too. */
function matches(pattern: string, from: string): boolean {
  const number = /^sips?:(\+?\d{5,15})@/.exec(from)?.[1];
  return matchesPattern(pattern, from) || (number !== undefined && matchesPattern(pattern, number));
}
