import { PRICE_DATE } from "../price_date.ts";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Cancel, Clock } from "../clock.ts";
import { measureEventLoopDelay } from "./event_loop_delay.ts";
import { measuredHops, type TurnLatency } from "./turn_latency.ts";

/** Maximum distinct codes of model errors. The codes are the vendor's, and each label value costs memory. */
const MAX_ERROR_CODES = 50;

/** Values that are read at each scrape. */
export interface GaugeSources {
  /** Calls by state. */
  calls(): Readonly<Record<string, number>>;
  /** Media stream sockets that have not sent `start`. */
  pendingStreams(): number;
  /** Webhooks by state: `pending`, `failed`, `unsaved` (in memory only), `dropped`. */
  webhooks(): Readonly<Record<string, number>>;
  /** Call records by state: `waiting` (in memory only), `lost`; and `failures`, the failed writes. */
  records(): Readonly<Record<string, number>>;
  /** Bytes of audio and messages waiting in all calls, by queue. */
  bufferedBytes(): Readonly<Record<string, number>>;
}

/** Name, type, labels and help text of a metric. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

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
 *
 * prom-client's default process metrics read system files, which the service may not do.
 */
export class Metrics {
  /** All metrics, in the order of their declaration. */
  readonly definitions: MetricDefinition[] = [];
  readonly #registry = new Registry();
  readonly #stopWatching: Cancel;
  readonly #errorCodes = new Set<string>();
  #sources: GaugeSources | undefined;

  readonly #calls = this.#gauge("parley_calls", "Calls in progress", ["state"]);
  readonly #callsEnded = this.#counter("parley_calls_ended_total", "Ended calls", ["reason"]);
  readonly #callDuration = this.#histogram(
    "parley_call_duration_seconds",
    "Duration of calls that had a media stream",
    [],
    [5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600],
  );
  readonly #refusals = this.#counter("parley_refusals_total", "Requests, media streams and calls refused", [
    "kind",
    "reason",
  ]);
  readonly #pendingStreams = this.#gauge(
    "parley_pending_streams",
    "Media stream sockets without a start message",
  );
  readonly #framesSkipped = this.#counter(
    "parley_media_frames_skipped_total",
    "Malformed or excess media stream messages",
    ["reason"],
  );
  readonly #bargeIns = this.#counter("parley_barge_ins_total", "Responses interrupted by the caller");
  readonly #turnLatency = this.#histogram(
    "parley_turn_latency_seconds",
    "Response latency by hop, from the end of the caller's speech until the caller hears the answer",
    ["hop"],
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10],
  );
  readonly #addedDelay = this.#histogram(
    "parley_added_delay_seconds",
    "Delay of audio within the service",
    ["direction"],
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1],
  );
  readonly #bufferedBytes = this.#gauge("parley_buffered_bytes", "Bytes waiting in queues", ["queue"]);
  readonly #sessionReady = this.#histogram(
    "parley_model_session_ready_seconds",
    "From connecting to the model until its session is configured",
    [],
    [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10],
  );
  readonly #modelErrors = this.#counter("parley_model_errors_total", "Errors reported by the model", [
    "code",
  ]);
  readonly #malformedEvents = this.#counter(
    "parley_model_events_malformed_total",
    "Model events that could not be parsed",
  );
  readonly #tokens = this.#counter("parley_tokens_total", "Billed tokens", ["model", "modality", "type"]);
  readonly #cost = this.#counter(
    "parley_cost_usd_total",
    `Model cost in US dollars, by the list prices of ${PRICE_DATE}`,
    ["model"],
  );
  readonly #unpriced = this.#counter(
    "parley_unpriced_responses_total",
    "Responses without a known price, which parley_cost_usd_total counts at the highest known price",
    ["model"],
  );
  readonly #carrierCost = this.#counter(
    "parley_carrier_cost_usd_total",
    "What the carrier bills in US dollars, by its list prices and CARRIER_PRICES",
  );
  readonly #carrierMinutes = this.#counter(
    "parley_carrier_minutes_total",
    "Begun minutes of all legs of calls",
  );
  readonly #eventLoopDelay = this.#histogram(
    "parley_event_loop_delay_seconds",
    "Delay of a timer, measured twice a second",
    [],
    [0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  );
  readonly #webhooks = this.#gauge(
    "parley_webhooks",
    "Webhooks not delivered: pending, failed for good, unsaved because the disk is full, dropped since the start",
    ["state"],
  );
  readonly #records = this.#gauge(
    "parley_records",
    "Call records not stored: waiting because the disk is full, lost since the start; and failed writes",
    ["state"],
  );
  readonly #memory = this.#gauge("parley_memory_bytes", "Memory of the process", ["kind"]);

  /** Starts to measure the event loop delay; {@linkcode close} stops it. */
  constructor(clock: Clock) {
    this.#stopWatching = measureEventLoopDelay(clock, (ms) => this.#eventLoopDelay.observe(ms / 1000));
  }

  /** Sets where gauges are read at each scrape. */
  setGaugeSources(sources: GaugeSources): void {
    this.#sources = sources;
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
    this.#readSources();
    return await this.#registry.metrics();
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

  #readSources(): void {
    const { rss, heapTotal, heapUsed, external } = Deno.memoryUsage();
    const memory = { resident: rss, heap: heapTotal, heap_used: heapUsed, external };
    for (const [kind, bytes] of Object.entries(memory)) this.#memory.set({ kind }, bytes);
    if (!this.#sources) return;
    for (const [state, count] of Object.entries(this.#sources.calls())) this.#calls.set({ state }, count);
    this.#pendingStreams.set(this.#sources.pendingStreams());
    for (const [state, count] of Object.entries(this.#sources.webhooks())) {
      this.#webhooks.set({ state }, count);
    }
    for (const [state, count] of Object.entries(this.#sources.records())) this.#records.set({ state }, count);
    for (const [queue, bytes] of Object.entries(this.#sources.bufferedBytes())) {
      this.#bufferedBytes.set({ queue }, bytes);
    }
  }

  #counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []) {
    this.definitions.push({ name, type: "counter", labels: labelNames, help });
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []) {
    this.definitions.push({ name, type: "gauge", labels: labelNames, help });
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]) {
    this.definitions.push({ name, type: "histogram", labels: labelNames, help });
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }
}
