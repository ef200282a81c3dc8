import { matchesPattern } from "../phone_number.ts";
import type { Clock } from "../clock.ts";
import type { Attestation, IncomingCall } from "../twilio/voice_webhook.ts";

const HOUR_MS = 3_600_000;

/** Why a call is refused: a closed list, used as a metric label. */
export type CallRefusal =
  | "draining"
  | "denied caller"
  | "caller not allowed"
  | "attestation"
  | "caller rate limit"
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
}

/** Decides which incoming calls are admitted. */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #clock: Clock;
  /** When each caller's calls of the last hour were admitted (ms). The most recent caller is last. */
  readonly #admitted = new Map<string, number[]>();
  #draining = false;

  constructor(rules: AdmissionRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
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
    const { from } = incoming;
    if (!refusal && this.#rules.maxPerCallerHour !== undefined) {
      this.#admitted.set(from, [...this.#recent(from), this.#clock.now()]);
    }
    return refusal;
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
  #checkCaller({ from, attestation }: IncomingCall): CallRefusal | undefined {
    const { allowed, denied, minAttestation, maxPerCallerHour = Infinity } = this.#rules;
    if (denied.some((pattern) => matches(pattern, from))) return "denied caller";
    if (allowed && !allowed.some((pattern) => matches(pattern, from))) return "caller not allowed";
    // "A" is the highest level and sorts first.
    if (minAttestation && !(attestation && attestation <= minAttestation)) return "attestation";
    if (this.#recent(from).length >= maxPerCallerHour) return "caller rate limit";
    return undefined;
  }

  /** When this caller's calls of the last hour were admitted. Deletes older entries of all callers. */
  #recent(from: string): number[] {
    const since = this.#clock.now() - HOUR_MS;
    for (const [caller, times] of this.#admitted) {
      if ((times.at(-1) ?? 0) > since) break;
      this.#admitted.delete(caller);
    }
    const recent = (this.#admitted.get(from) ?? []).filter((time) => time > since);
    this.#admitted.delete(from);
    if (recent.length > 0) this.#admitted.set(from, recent);
    return recent;
  }
}

/** Compares the number of a SIP caller, `sip:+15551230000@host`, too. */
function matches(pattern: string, from: string): boolean {
  const number = /^sips?:(\+?\d{5,15})@/.exec(from)?.[1];
  return matchesPattern(pattern, from) || (number !== undefined && matchesPattern(pattern, number));
}
