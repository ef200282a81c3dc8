import type { Clock } from "../../clock.ts";
import type { Fields, Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

/** At most one line in so long (ms) for one reason: whoever floods us does not fill the disk. */
const QUIET_MS = 10_000;

const EVENTS = { request: "request refused", stream: "stream refused", call: "call refused" };

/** What is turned away. */
export type RefusedThing = keyof typeof EVENTS;

/** Counts all that was turned away, under its reason, and logs the first and then how many there were. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #quiet = new Map<string, { until: number; unsaid: number }>();

  constructor(clock: Clock, log: Log, metrics: Metrics) {
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
  }

  /**
   * @param why One of few reasons, never text from outside.
   * @param fields What else the line says, where there is one.
   */
  count(what: RefusedThing, why: string, fields: Fields = {}): void {
    this.#metrics.refused(what, why);
    const key = `${what} ${why}`;
    const now = this.#clock.now();
    const quiet = this.#quiet.get(key);
    if (quiet && now < quiet.until) {
      quiet.unsaid++;
      return;
    }
    this.#quiet.set(key, { until: now + QUIET_MS, unsaid: 0 });
    this.#log.warn(EVENTS[what], { ...fields, why, unsaid_before: quiet?.unsaid || undefined });
  }
}
