import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { ModelEndpoint } from "./model_endpoint.ts";

/** Failures in a row after which an endpoint is tried last. */
const MAX_FAILURES = 3;
/** How long it is tried last (ms): the first time, at most, and after a refusal. */
const FIRST_OPEN_MS = 15_000;
const MAX_OPEN_MS = 120_000;
const REFUSED_MS = 60_000;
/** After that, one call tries it; the others do so when it works, or after this long (ms). */
const TRIAL_MS = 10_000;

export type EndpointFailure = "dial" | "ready" | "slow" | "lost" | "refused";

interface Health {
  failures: number;
  /** Length of the next period as the last choice (ms). */
  openMs: number;
  /** End of the period as the last choice; 0 before the first. */
  openUntil: number;
  /** One call tries the endpoint. */
  trial: boolean;
}

/** The circuit breakers of all model endpoints; all calls of the process share them. */
export class EndpointHealth {
  readonly #clock: Clock;
  readonly #log: Pick<Log, "warn" | "info"> | undefined;
  readonly #health = new Map<string, Health>();

  constructor(clock: Clock, log?: Pick<Log, "warn" | "info">) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Orders a call's endpoints: those that failed lately last. None is left out. */
  order(endpoints: readonly ModelEndpoint[]): readonly ModelEndpoint[] {
    return [
      ...endpoints.filter((endpoint) => !this.isOpen(endpoint)),
      ...endpoints.filter((endpoint) => this.isOpen(endpoint)),
    ];
  }

  /** Whether an endpoint failed so often that others are tried before it. */
  isOpen(endpoint: ModelEndpoint): boolean {
    return (this.#health.get(keyOf(endpoint))?.openUntil ?? 0) > this.#clock.now();
  }

  /** A call connects to the endpoint. If it is the first one after a period as the last choice, the others wait. */
  dialled(endpoint: ModelEndpoint): void {
    const health = this.#health.get(keyOf(endpoint));
    if (!health || health.openUntil === 0 || this.isOpen(endpoint)) return;
    health.trial = true;
    health.openUntil = this.#clock.now() + TRIAL_MS;
  }

  succeeded(endpoint: ModelEndpoint): void {
    const health = this.#health.get(keyOf(endpoint));
    if (health && health.openUntil > 0) {
      this.#log?.info("model endpoint works again", { endpoint: endpoint.name });
    }
    this.#health.delete(keyOf(endpoint));
  }

  failed(endpoint: ModelEndpoint, why: EndpointFailure): void {
    const health = this.#health.get(keyOf(endpoint)) ??
      { failures: 0, openMs: FIRST_OPEN_MS, openUntil: 0, trial: false };
    this.#health.set(keyOf(endpoint), health);
    health.failures++;
    if (why === "refused") this.#open(endpoint, health, why, REFUSED_MS);
    else if (health.failures >= MAX_FAILURES && (health.trial || !this.isOpen(endpoint))) {
      this.#open(endpoint, health, why, health.openMs);
      health.openMs = Math.min(2 * health.openMs, MAX_OPEN_MS);
    }
  }

  #open(endpoint: ModelEndpoint, health: Health, why: EndpointFailure, ms: number): void {
    health.openUntil = this.#clock.now() + ms;
    health.trial = false;
    this.#log?.warn("model endpoint avoided", {
      endpoint: endpoint.name,
      why,
      failures: health.failures,
      for_s: ms / 1000,
    });
  }
}

/** Two keys at the same server are two endpoints: one may be refused. */
function keyOf({ url, model, apiKey = "" }: ModelEndpoint): string {
  return `${url} ${model} ${apiKey}`;
}
