import { PRICE_DATE } from "../price_date.ts";
import type { Cancel, Clock } from "../clock.ts";
import { measureEventLoopDelay } from "./event_loop_delay.ts";
import { type MetricDefinition, MetricRegistry } from "./metric_registry.ts";
import { type GaugeSources, ServiceGauges } from "./service_gauges.ts";
import { measuredHops, type TurnLatency } from "./turn_latency.ts";

/** Maximum distinct codes of model errors. The codes are the vendor's, and each label value costs memory. */
const MAX_ERROR_CODES = 50;

/** Tokens of one modality. `cached` is a part of `input`. */
interface TokenCounts {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

/** Tokens a response is billed for: in total, and those of a known modality. */
export interface BilledTokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly text: TokenCounts;
  readonly audio: TokenCounts;
}

/**
 * The service's Prometheus metrics; docs/metrics.md lists them. Label values are names from the code or the
 * configuration, never text from callers, so there are few.
 */
export class Metrics {
  readonly #registry = new MetricRegistry();
  readonly #stopWatching: Cancel;
  readonly #errorCodes = new Set<string>();

  readonly #callsEnded = this.#registry.counter("parley_calls_ended_total", "Ended calls", ["reason"]);
  readonly #callDuration = this.#registry.histogram(
    "parley_call_duration_seconds",
    "Duration of calls that had a media stream",
    [],
    [5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600],
  );
  readonly #refusals = this.#registry.counter(
    "parley_refusals_total",
    "Requests, media streams and calls refused",
    [
      "kind",
      "reason",
    ],
  );
  readonly #framesSkipped = this.#registry.counter(
    "parley_media_frames_skipped_total",
    "Malformed or excess media stream messages",
    ["reason"],
  );
  readonly #bargeIns = this.#registry.counter(
    "parley_barge_ins_total",
    "Responses interrupted by the caller",
  );
  readonly #turnLatency = this.#registry.histogram(
    "parley_turn_latency_seconds",
    "Response latency by hop, from the end of the caller's speech until the caller hears the answer",
    ["hop"],
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10],
  );
  readonly #addedDelay = this.#registry.histogram(
    "parley_added_delay_seconds",
    "Delay of audio within the service",
    ["direction"],
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1],
  );
  readonly #sessionReady = this.#registry.histogram(
    "parley_model_session_ready_seconds",
    "From connecting to the model until its session is configured",
    [],
    [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10],
  );
  readonly #modelErrors = this.#registry.counter(
    "parley_model_errors_total",
    "Errors reported by the model",
    [
      "code",
    ],
  );
  readonly #malformedEvents = this.#registry.counter(
    "parley_model_events_malformed_total",
    "Model events that could not be parsed",
  );
  readonly #tokens = this.#registry.counter("parley_tokens_total", "Billed tokens", [
    "model",
    "modality",
    "type",
  ]);
  readonly #cost = this.#registry.counter(
    "parley_cost_usd_total",
    `Model cost in US dollars, by the list prices of ${PRICE_DATE}`,
    ["model"],
  );
  readonly #unpriced = this.#registry.counter(
    "parley_unpriced_responses_total",
    "Responses without a known price, which parley_cost_usd_total counts at the highest known price",
    ["model"],
  );
  readonly #carrierCost = this.#registry.counter(
    "parley_carrier_cost_usd_total",
    "What the carrier bills in US dollars, by its list prices and CARRIER_PRICES",
  );
  readonly #carrierMinutes = this.#registry.counter(
    "parley_carrier_minutes_total",
    "Begun minutes of all legs of calls",
  );
  readonly #eventLoopDelay = this.#registry.histogram(
    "parley_event_loop_delay_seconds",
    "Delay of a timer, measured twice a second",
    [],
    [0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  );

  readonly #gauges = new ServiceGauges(this.#registry);

  /** Starts to measure the event loop delay; {@linkcode close} stops it. */
  constructor(clock: Clock) {
    this.#stopWatching = measureEventLoopDelay(clock, (ms) => this.#eventLoopDelay.observe(ms / 1000));
  }

  /** All metrics, in the order of their declaration. */
  get definitions(): readonly MetricDefinition[] {
    return this.#registry.definitions;
  }

  /** Sets where gauges are read at each scrape. */
  setGaugeSources(sources: GaugeSources): void {
    this.#gauges.sources = sources;
  }

  /** @param connected Whether the call had a media stream; otherwise its duration is not counted. */
  countEndedCall(reason: string, durationSeconds: number, connected: boolean): void {
    this.#callsEnded.inc({ reason });
    if (connected) this.#callDuration.observe(durationSeconds);
  }

  /** @param reason One of a closed list, never external text. */
  countRefusal(kind: "request" | "stream" | "call", reason: string): void {
    this.#refusals.inc({ kind, reason });
  }

  /** @param reason One of a closed list, never external text. */
  countSkippedFrames(reason: string, count: number): void {
    this.#framesSkipped.inc({ reason }, count);
  }

  countMalformedModelEvent(): void {
    this.#malformedEvents.inc();
  }

  countBargeIn(): void {
    this.#bargeIns.inc();
  }

  /** Observes the latency of one turn. The total is observed only if all hops were measured. */
  observeTurn(latency: TurnLatency): void {
    const hops = measuredHops(latency);
    for (const [hop, ms] of hops) this.#turnLatency.observe({ hop }, ms / 1000);
    if (hops.length < 3) return;
    const total = hops.reduce((sum, [, ms]) => sum + ms, 0);
    this.#turnLatency.observe({ hop: "total" }, total / 1000);
  }

  /** @param ms From receiving a delta of audio to sending it. */
  observeAddedDelay(direction: "to_model" | "to_caller", ms: number): void {
    this.#addedDelay.observe({ direction }, ms / 1000);
  }

  /** @param ms From connecting to the model until its session was configured. */
  observeSessionReady(ms: number): void {
    this.#sessionReady.observe(ms / 1000);
  }

  /** @param code The vendor's code. Malformed codes, and new codes beyond 50, count as `other`. */
  countModelError(code: string): void {
    const isKnownCode = this.#errorCodes.has(code) ||
      /^[a-z0-9_.]{1,64}$/.test(code) && this.#errorCodes.size < MAX_ERROR_CODES;
    if (isKnownCode) this.#errorCodes.add(code);
    this.#modelErrors.inc({ code: isKnownCode ? code : "other" });
  }

  /**
   * Counts the tokens and the cost of a response.
   *
   * @param costUsd US dollars.
   * @param priced Whether that is the exact price.
   */
  countUsage(model: string, usage: BilledTokens, costUsd: number, priced = true): void {
    const { text, audio } = usage;
    this.#countTokens(model, "text", text);
    this.#countTokens(model, "audio", audio);
    const unknown = {
      input: Math.max(0, usage.inputTokens - text.input - audio.input),
      cached: 0,
      output: Math.max(0, usage.outputTokens - text.output - audio.output),
    };
    if (unknown.input + unknown.output > 0) this.#countTokens(model, "unknown", unknown);
    this.countCost(model, costUsd);
    if (!priced) this.#unpriced.inc({ model });
  }

  /** Counts what a model cost in US dollars. */
  countCost(model: string, costUsd: number): void {
    this.#cost.inc({ model }, costUsd);
  }

  /** Counts what the carrier bills: US dollars, and minutes of legs. */
  countCarrier({ usd, minutes }: { readonly usd: number; readonly minutes: number }): void {
    this.#carrierCost.inc(usd);
    this.#carrierMinutes.inc(minutes);
  }

  /** All metrics as text of the media type {@linkcode contentType}. */
  async scrape(): Promise<string> {
    this.#gauges.read();
    return await this.#registry.scrape();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Stops measuring the event loop delay. */
  close(): void {
    this.#stopWatching();
  }

  /** The types do not overlap, so they can be added: `input` does not include cached tokens. */
  #countTokens(model: string, modality: string, { input, cached, output }: TokenCounts): void {
    this.#tokens.inc({ model, modality, type: "input" }, input - cached);
    this.#tokens.inc({ model, modality, type: "cached_input" }, cached);
    this.#tokens.inc({ model, modality, type: "output" }, output);
  }
}
