import type { Cancel, Clock } from "../clock.ts";
import type { CallReport, CallStatus } from "../twilio/call_status.ts";

/** How long a report waits for one that should come before it (ms). Twilio sends them at once, and they seldom overtake. */
const GAP_MS = 2_000;
/** How far each status is; what is over is over. */
const STAGE: Readonly<Record<CallStatus, number>> = {
  "queued": 0,
  "initiated": 1,
  "ringing": 2,
  "in-progress": 3,
  "completed": 4,
  "busy": 4,
  "failed": 4,
  "no-answer": 4,
  "canceled": 4,
};

/** Whether nothing more happens to a call with this status. */
export function isOver(status: CallStatus): boolean {
  return STAGE[status] === STAGE.completed;
}

/**
 * Puts the status callbacks of one call in order. They are separate requests, so they come late, twice, in any order, or
 * not at all. Each change is told once, and never one that would lead back.
 */
export class CallProgress {
  readonly #clock: Clock;
  readonly #told: (report: CallReport) => void;
  /** Reports that came before their turn, by number. */
  readonly #early = new Map<number, CallReport>();
  #next = 0;
  #status: CallStatus = "queued";
  #giveUp: Cancel | undefined;

  /** @param told Called with every change, in order. */
  constructor(clock: Clock, told: (report: CallReport) => void) {
    this.#clock = clock;
    this.#told = told;
  }

  /** The last status told. */
  get status(): CallStatus {
    return this.#status;
  }

  take(report: CallReport): void {
    const { sequence } = report;
    if (sequence === undefined) return this.#tell(report);
    if (sequence < this.#next || isOver(this.#status)) return;
    if (!this.#early.has(sequence)) this.#early.set(sequence, report);
    this.#tellDue();
  }

  /** Waits for nothing more. */
  close(): void {
    this.#stopWaiting();
    this.#early.clear();
  }

  /** Tells all there is up to the next gap. */
  #tellDue(): void {
    for (let due = this.#early.get(this.#next); due; due = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++);
      this.#stopWaiting();
      this.#tell(due);
    }
    if (this.#early.size > 0) this.#giveUp ??= this.#clock.after(GAP_MS, () => this.#skipGap());
  }

  #skipGap(): void {
    this.#next = Math.min(...this.#early.keys());
    this.#tellDue();
  }

  #stopWaiting(): void {
    this.#giveUp?.();
    this.#giveUp = undefined;
  }

  #tell(report: CallReport): void {
    if (STAGE[report.status] <= STAGE[this.#status]) return;
    this.#status = report.status;
    if (isOver(report.status)) this.close();
    this.#told(report);
  }
}
