import type { Clock } from "../clock.ts";
import type { Attestation, IncomingCall } from "../twilio/webhook.ts";

const HOUR_MS = 3_600_000;

/** Why a call is not taken. A closed list, so that it can be counted. */
export type CallRefusal =
  | "draining"
  | "denied caller"
  | "caller not allowed"
  | "attestation"
  | "calls of one caller"
  | "spending limit"
  | "full";

/** Who may call, and how many at a time. A caller is a number, or a beginning such as `+1555*`. */
export interface AdmissionRules {
  readonly maxCalls?: number | undefined;
  /** Undefined: everybody. */
  readonly allowed?: readonly string[] | undefined;
  readonly denied: readonly string[];
  readonly minAttestation?: Attestation | undefined;
  readonly perCallerAndHour?: number | undefined;
}

/** Decides which announced calls are taken. */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #clock: Clock;
  /** When each caller's calls of the last hour were taken (ms); the caller who called last is last. */
  readonly #taken = new Map<string, number[]>();
  #draining = false;

  constructor(rules: AdmissionRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on, no call is taken. */
  drain(): void {
    this.#draining = true;
  }

  /**
   * Takes a call, or says why not. Callers who hide their number count as one caller.
   *
   * @param inProgress Calls there are already.
   */
  refuse(incoming: IncomingCall, inProgress: number): CallRefusal | undefined {
    const why = this.why(incoming, inProgress);
    const { from } = incoming;
    if (!why && this.#rules.perCallerAndHour !== undefined) {
      this.#taken.set(from, [...this.#recent(from), this.#clock.now()]);
    }
    return why;
  }

  /** Why a call would not be taken; nothing is counted. */
  why(incoming: IncomingCall, inProgress: number): CallRefusal | undefined {
    const { maxCalls = Infinity } = this.#rules;
    if (this.#draining) return "draining";
    const unwanted = incoming.trial ? undefined : this.#unwanted(incoming);
    if (unwanted) return unwanted;
    if (inProgress >= maxCalls) return "full";
    return undefined;
  }

  /** Rules that tell callers apart by their number. Who tries it without a telephone has none, and has shown who they are. */
  #unwanted({ from, attestation }: IncomingCall): CallRefusal | undefined {
    const { allowed, denied, minAttestation, perCallerAndHour = Infinity } = this.#rules;
    if (denied.some((pattern) => matches(pattern, from))) return "denied caller";
    if (allowed && !allowed.some((pattern) => matches(pattern, from))) return "caller not allowed";
    // "A" is the best, and sorts first.
    if (minAttestation && !(attestation && attestation <= minAttestation)) return "attestation";
    const recent = this.#recent(from);
    if (recent.length >= perCallerAndHour) return "calls of one caller";
    return undefined;
  }

  /** When this caller's calls within the last hour were taken; forgets all older ones, of everybody. */
  #recent(from: string): number[] {
    const since = this.#clock.now() - HOUR_MS;
    for (const [caller, times] of this.#taken) {
      if ((times.at(-1) ?? 0) > since) break;
      this.#taken.delete(caller);
    }
    const recent = (this.#taken.get(from) ?? []).filter((time) => time > since);
    this.#taken.delete(from);
    if (recent.length > 0) this.#taken.set(from, recent);
    return recent;
  }
}

function matches(pattern: string, from: string): boolean {
  return pattern.endsWith("*") ? from.startsWith(pattern.slice(0, -1)) : from === pattern;
}
