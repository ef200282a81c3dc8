import type { Clock } from "../clock.ts";
import type { Fields, Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Minimum time between two log lines with the same reason (ms), so that a flood cannot fill the disk. */
const LOG_INTERVAL_MS = 10_000;

const EVENTS = { request: "request refused", stream: "stream refused", call: "call refused" };

/** Kind of refused request. */
export type RefusalKind = keyof typeof EVENTS;

/**
 * Counts refused requests, streams and calls by reason. Logs the first of each reason, then at most one line
 * per 10 s.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #logged = new Map<string, { until: number; suppressed: number }>();

  constructor(clock: Clock, log: Log, metrics: Metrics) {
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
  }

  /**
   * @param reason From a fixed set, because it becomes a metric label; never text from a request.
   * @param fields Further fields of the log line.
   */
  count(what: RefusalKind, reason: string, fields: Fields = {}): void {
    this.#metrics.countRefusal(what, reason);
    const key = `${what} ${reason}`;
    const now = this.#clock.now();
    const logged = this.#logged.get(key);
    if (logged && now < logged.until) {
      logged.suppressed++;
      return;
    }
    this.#logged.set(key, { until: now + LOG_INTERVAL_MS, suppressed: 0 });
    this.#log.warn(EVENTS[what], { ...fields, reason, suppressed: logged?.suppressed || undefined });
  }
}
