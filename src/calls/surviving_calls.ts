import { z } from "zod";
import { BoundedMap } from "../bounded_map.ts";
import type { RecordingPause } from "../call/call_timeline.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { SavedDial } from "./dialled_calls.ts";
import { SavedState, type StateFile } from "./saved_state.ts";

/** Number of paused calls that are kept. */
const MAX_PAUSED = 1_000;
/** A call that was paused so long ago does not come back (ms). Twilio ends calls after 24 h at most. */
const MAX_CALL_MS = 86_400_000;

const LIMITS = z.object({
  perCall: z.number().optional(),
  perCallerDay: z.number().optional(),
  perDay: z.number().optional(),
});
/** Times are Unix times (ms). */
const DIAL = z.object({
  callSid: z.string(),
  party: z.string(),
  callerUsd: z.number().optional(),
  tariff: z.object({ costLimits: LIMITS, minuteLimits: LIMITS.optional() }),
  bill: z.object({
    callerPaidUntil: z.number().optional(),
    destinationPaidUntil: z.number().optional(),
    destinationUsd: z.number(),
    destinationMinutes: z.number(),
    charges: z.object({ usd: z.number(), minutes: z.number() }),
  }),
  forwarded: z.boolean(),
  rungOutAt: z.number(),
  endsAt: z.number(),
});
const STATE = z.object({
  /** When the recordings of calls were paused, by CallSid. */
  paused: z.record(z.string(), z.number()),
  dials: z.array(DIAL),
});

/**
 * What another process must know about calls that go on at Twilio when this one ends or is killed: callers who talk to
 * somebody else, and calls whose recording is paused.
 */
export class SurvivingCalls {
  readonly #clock: Clock;
  readonly #saved: SavedState<z.infer<typeof STATE>>;
  /** Unix times (ms) by CallSid. */
  readonly #paused = new BoundedMap<string, number>(MAX_PAUSED);
  /** The callers who talked to somebody else when an earlier process ended. */
  readonly dials: readonly SavedDial[];

  /** @param dials Returns the callers who talk to somebody else now. */
  constructor(
    options: { readonly file: StateFile; readonly clock: Clock; readonly log: Log },
    dials: () => readonly SavedDial[],
  ) {
    const clock = this.#clock = options.clock;
    this.#saved = new SavedState({
      ...options,
      name: "live calls",
      schema: STATE,
      current: () => ({
        paused: Object.fromEntries(this.#paused),
        dials: dials().map((dial) => movedBy(dial, clock.wallTime() - clock.now())),
      }),
    });
    const saved = this.#saved.read();
    this.dials = (saved?.dials ?? []).map((dial) => movedBy(dial, clock.now() - clock.wallTime()));
    for (const [callSid, at] of Object.entries(saved?.paused ?? {})) {
      if (at > clock.wallTime() - MAX_CALL_MS) this.#paused.set(callSid, at);
    }
  }

  /** A caller begins or ceases to talk to somebody else, or is billed for it. */
  changed(): void {
    this.#saved.changed();
  }

  /** The recording of a call is paused, or goes on. Written at once. */
  setPaused(callSid: string, paused: boolean): void {
    if (paused) this.#paused.set(callSid, this.#clock.wallTime());
    else this.#paused.delete(callSid);
    void this.#saved.save();
  }

  /** The pauses of a call that an earlier process served. */
  pausesOf(callSid: string): readonly RecordingPause[] {
    const at = this.#paused.get(callSid);
    if (at === undefined) return [];
    const startedAt = at + this.#clock.now() - this.#clock.wallTime();
    return [{ fromMs: -Infinity, toMs: Infinity, startedAt }];
  }

  /** Writes pending changes. */
  async close(): Promise<void> {
    await this.#saved.close();
  }
}

/** Converts between Unix times and those of a clock. */
function movedBy(dial: SavedDial, ms: number): SavedDial {
  const { bill } = dial;
  return {
    ...dial,
    bill: {
      ...bill,
      callerPaidUntil: bill.callerPaidUntil && bill.callerPaidUntil + ms,
      destinationPaidUntil: bill.destinationPaidUntil && bill.destinationPaidUntil + ms,
    },
    rungOutAt: dial.rungOutAt + ms,
    endsAt: dial.endsAt + ms,
  };
}
