import type { Cancel, Clock } from "../clock.ts";
import type { CallStatus, CallStatusUpdate } from "../twilio/call_status.ts";

/** How long a status update waits for its predecessors (ms). */
const GAP_MS = 2_000;
/** Progress of each status; a call never goes back. */
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

/** Whether the call has ended. */
export function isFinal(status: CallStatus): boolean {
  return STAGE[status] === STAGE.completed;
}

/**
 * Orders the status callbacks of one call. They are separate HTTP requests, so they arrive late, twice, in any order, or
 * not at all. Each change is reported once, and none that would go back.
 */
export class CallProgress {
  readonly #clock: Clock;
  readonly #onChange: (update: CallStatusUpdate) => void;
  /** Updates that arrived early, by sequence number. */
  readonly #early = new Map<number, CallStatusUpdate>();
  #next = 0;
  #status: CallStatus = "queued";
  #cancelTimer: Cancel | undefined;

  /** @param onChange Called with every change, in order. */
  constructor(clock: Clock, onChange: (update: CallStatusUpdate) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** The last status reported. */
  get status(): CallStatus {
    return this.#status;
  }

  reportStatus(update: CallStatusUpdate): void {
    const { sequence } = update;
    if (sequence === undefined) return this.#apply(update);
    if (sequence < this.#next || isFinal(this.#status)) return;
    if (!this.#early.has(sequence)) this.#early.set(sequence, update);
    this.#applyDue();
  }

  close(): void {
    this.#stopTimer();
    this.#early.clear();
  }

  /** Applies updates up to the next gap. */
  #applyDue(): void {
    for (let due = this.#early.get(this.#next); due; due = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++);
      this.#stopTimer();
      this.#apply(due);
    }
    if (this.#early.size > 0) this.#cancelTimer ??= this.#clock.after(GAP_MS, () => this.#skipGap());
  }

  #skipGap(): void {
    this.#next = Math.min(...this.#early.keys());
    this.#applyDue();
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #apply(update: CallStatusUpdate): void {
    if (STAGE[update.status] <= STAGE[this.#status]) return;
    this.#status = update.status;
    if (isFinal(update.status)) this.close();
    this.#onChange(update);
  }
}
