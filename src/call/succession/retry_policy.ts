import type { Clock } from "../../clock.ts";
import type { EndpointHealth } from "../../model/endpoint_health.ts";
import type { ModelEndpoint } from "../../model/model_endpoint.ts";
import type { SessionFailure } from "../../model/model_interface.ts";
import { isRefusal } from "../../model/session_failure.ts";
import type { SessionSlot } from "./session_slot.ts";

/** Wait before each attempt to replace a lost session (ms); the last one repeats. */
const WAITS_MS = [0, 250, 500, 1_000] as const;
/** A session that has served this long works (ms). */
export const WORKS_MS = 10_000;
/** All models count as down at this many losses of serving sessions within {@linkcode LOSS_WINDOW_MS}. */
const MAX_LOSSES = 7;
const LOSS_WINDOW_MS = 60_000;

/** Where and when a call's next session is dialled, and when no model is left. */
export class RetryPolicy {
  readonly #endpoints: readonly ModelEndpoint[];
  readonly #health: EndpointHealth;
  readonly #clock: Clock;
  /** Attempts that failed since a session has worked. */
  #attempts = 0;
  /** When sessions were lost (ms of the clock). */
  #losses: number[] = [];
  /** Endpoints that refused since a session has worked. */
  readonly #refused = new Set<ModelEndpoint>();

  /** @param endpoints The assistant's own, then its fallbacks. */
  constructor(endpoints: readonly ModelEndpoint[], health: EndpointHealth, clock: Clock) {
    this.#endpoints = endpoints;
    this.#health = health;
    this.#clock = clock;
  }

  get hasFallbacks(): boolean {
    return this.#endpoints.length > 1;
  }

  /** The next one at each attempt; undefined if all have refused. */
  get next(): ModelEndpoint | undefined {
    const candidates = this.#health.order(this.#endpoints).filter((endpoint) => !this.#refused.has(endpoint));
    return candidates[this.#attempts % candidates.length];
  }

  /** Wait before the next attempt (ms). */
  get waitMs(): number {
    return WAITS_MS[Math.min(this.#attempts, WAITS_MS.length - 1)] ?? 0;
  }

  /** A healthy endpoint other than this one. */
  otherThan(endpoint: ModelEndpoint): ModelEndpoint | undefined {
    return this.#endpoints.find((other) =>
      other !== endpoint && !this.#health.isOpen(other) && !this.#refused.has(other)
    );
  }

  /** A session failed. One that served for less than 10 s counts as an attempt that failed. */
  failed(slot: SessionSlot, { code }: SessionFailure): void {
    const { endpoint, reason, servedMs } = slot;
    const served = slot.state === "serving";
    if (isRefusal(code)) this.#refused.add(endpoint);
    if (served && servedMs >= WORKS_MS) return;
    const why = served ? "lost" : code === "connect" ? "dial" : "ready";
    this.#health.failed(endpoint, isRefusal(code) ? "refused" : why);
    if (!served || reason !== "first") this.#attempts++;
  }

  /** Counts the loss of a serving session; returns false when there were too many. */
  countLoss(): boolean {
    const now = this.#clock.now();
    this.#losses = [...this.#losses.filter((at) => now - at < LOSS_WINDOW_MS), now];
    return this.#losses.length < MAX_LOSSES;
  }

  slow(endpoint: ModelEndpoint): void {
    this.#health.failed(endpoint, "slow");
  }

  worked(endpoint: ModelEndpoint): void {
    this.#attempts = 0;
    this.#refused.clear();
    this.#health.succeeded(endpoint);
  }

  /** An endpoint that refused before is asked once more for the caller. */
  callerArrived(): void {
    this.#refused.clear();
  }
}
