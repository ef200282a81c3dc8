import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { SavedState, type StateFile } from "./saved_state.ts";

const DAY_MS = 86_400_000;

const COUNTED_CALL = z.object({
  /** When it was counted: ms of the clock, in the file a Unix time (ms). */
  at: z.number(),
  /** Undefined until Twilio has placed the call. */
  callSid: z.string().optional(),
});
type CountedCall = z.infer<typeof COUNTED_CALL>;

const COUNTS = z.object({ calls: z.record(z.string().regex(/^[0-9a-f]{64}$/), z.array(COUNTED_CALL)) });

export interface CallCountsOptions {
  /** Keeps the counts across restarts. */
  readonly file: StateFile;
  /** Names the numbers in memory and in the file. */
  readonly pseudonym: Pseudonym;
  readonly clock: Clock;
  readonly log: Log;
}

/** Counts the calls from and to each number in the last 24 hours. */
export class CallCounts {
  readonly #clock: Clock;
  readonly #pseudonym: Pseudonym;
  readonly #saved: SavedState<z.infer<typeof COUNTS>>;
  /** By pseudonym. The most recent one is last. */
  readonly #counted = new Map<string, readonly CountedCall[]>();

  constructor(options: CallCountsOptions) {
    const { clock } = options;
    this.#clock = clock;
    this.#pseudonym = options.pseudonym;
    const move = (calls: readonly CountedCall[], ms: number) =>
      calls.map(({ at, ...call }) => ({ ...call, at: Math.round(at + ms) }));
    this.#saved = new SavedState({
      ...options,
      name: "call counts",
      schema: COUNTS,
      current: () => {
        const toUnix = clock.wallTime() - clock.now();
        return {
          calls: Object.fromEntries(this.#counted.entries().map(([id, calls]) => [id, move(calls, toUnix)])),
        };
      },
    });
    const now = clock.now();
    for (const [id, calls] of Object.entries(this.#saved.read()?.calls ?? {})) {
      const moved = move(calls, now - clock.wallTime());
      // The system clock may have been set back since.
      this.#counted.set(id, moved.map((call) => ({ ...call, at: Math.min(call.at, now) })));
    }
  }

  /**
   * Counts a call from or to a number. A call that comes back is counted once.
   *
   * @param callSid Undefined for a call that is not placed yet.
   * @returns a function that takes the count back.
   */
  add(number: string, callSid?: string): () => void {
    if (this.has(number, callSid)) return () => {};
    const call: CountedCall = { at: this.#clock.now(), callSid };
    const id = this.#pseudonym(number);
    this.#counted.set(id, [...this.#recent(id), call]);
    this.#saved.changed();
    return () => {
      this.#counted.set(id, this.#recent(id).filter((other) => other !== call));
      this.#saved.changed();
    };
  }

  /** Number of calls from and to a number within a time (ms), 24 hours at most. */
  count(number: string, withinMs = DAY_MS): number {
    const since = this.#clock.now() - withinMs;
    return this.#recent(this.#pseudonym(number)).filter(({ at }) => at > since).length;
  }

  /** Whether this call was counted: Twilio may connect one call several times. */
  has(number: string, callSid: string | undefined): boolean {
    return callSid !== undefined &&
      this.#recent(this.#pseudonym(number)).some((call) => call.callSid === callSid);
  }

  /** Writes pending changes. */
  async close(): Promise<void> {
    await this.#saved.close();
  }

  /** Calls of the last 24 hours. Deletes older entries of all numbers. */
  #recent(id: string): readonly CountedCall[] {
    const since = this.#clock.now() - DAY_MS;
    for (const [other, calls] of this.#counted) {
      if ((calls.at(-1)?.at ?? -Infinity) > since) break;
      this.#counted.delete(other);
    }
    const recent = (this.#counted.get(id) ?? []).filter(({ at }) => at > since);
    this.#counted.delete(id);
    if (recent.length > 0) this.#counted.set(id, recent);
    return recent;
  }
}
