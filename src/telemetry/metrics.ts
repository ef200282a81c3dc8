import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Cancel, Clock } from "../clock.ts";
import { watchEventLoop } from "./event_loop.ts";
import { hopsOf, type TurnHops } from "./turn_hops.ts";

/** Codes of model errors kept apart. They come from the vendor, and every new one costs memory here and there. */
const MAX_ERROR_CODES = 50;

/** What the metrics ask for at each scrape. */
export interface GaugeSources {
  /** Calls that wait for their stream, have it, or are saying goodbye. */
  calls(): { readonly announced: number; readonly connected: number; readonly ending: number };
  /** Sockets of media streams that have not started. */
  pendingStreams(): number;
  /** Bytes of audio and messages that wait, over all calls. */
  bufferedBytes(): { readonly playout: number; readonly twilio: number; readonly model: number };
}

/** Tokens of one kind. What was cached is a part of the input. */
interface TokenCounts {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

/** Tokens an answer is billed for: all, and those whose kind is known. */
export interface BilledTokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly text: TokenCounts;
  readonly audio: TokenCounts;
}

/**
 * What the service counts and times, as Prometheus reads it; docs/metrics.md lists it. Labels have few values: they are
 * names of our own or the configuration's, never a caller's text.
 *
 * prom-client's own process metrics read files of the system, which the service may not do; a few of ours are instead.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #stopWatching: Cancel;
  readonly #errorCodes = new Set<string>();
  #sources: GaugeSources | undefined;

  readonly #calls = this.#gauge("parley_calls", "Calls now", ["state"]);
  readonly #callsEnded = this.#counter("parley_calls_ended_total", "Calls that ended", ["reason"]);
  readonly #callDuration = this.#histogram(
    "parley_call_duration_seconds",
    "Length of calls that had a media stream",
    [],
    [5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600],
  );
  readonly #refusals = this.#counter("parley_refusals_total", "Requests, streams and calls turned away", [
    "what",
    "reason",
  ]);
  readonly #pendingStreams = this.#gauge("parley_pending_streams", "Media stream sockets not yet started");
  readonly #framesSkipped = this.#counter(
    "parley_media_frames_skipped_total",
    "Malformed or excess frames of media streams",
    ["reason"],
  );
  readonly #bargeIns = this.#counter("parley_barge_ins_total", "Answers the caller talked over");
  readonly #turnLatency = this.#histogram(
    "parley_turn_latency_seconds",
    "From the end of the caller's speech to the answer being heard, hop by hop",
    ["hop"],
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10],
  );
  readonly #addedDelay = this.#histogram(
    "parley_added_delay_seconds",
    "Delay of audio inside the service",
    ["direction"],
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1],
  );
  readonly #bufferedBytes = this.#gauge("parley_buffered_bytes", "Bytes waiting", ["queue"]);
  readonly #sessionReady = this.#histogram(
    "parley_model_session_ready_seconds",
    "From dialling the model to its confirmation of the session",
    [],
    [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10],
  );
  readonly #modelErrors = this.#counter("parley_model_errors_total", "Errors of the model", ["code"]);
  readonly #malformedEvents = this.#counter(
    "parley_model_events_malformed_total",
    "Events of the model that could not be read",
  );
  readonly #tokens = this.#counter("parley_tokens_total", "Tokens billed", ["model", "modality", "use"]);
  readonly #cost = this.#counter(
    "parley_cost_usd_total",
    "Cost of the model in US dollars, by its list prices",
    ["model"],
  );
  readonly #unpriced = this.#counter(
    "parley_unpriced_answers_total",
    "Answers missing from the cost, because no price is known",
    ["model"],
  );
  readonly #eventLoopDelay = this.#histogram(
    "parley_event_loop_delay_seconds",
    "How late a timer fires",
    [],
    [0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  );
  readonly #memory = this.#gauge("parley_memory_bytes", "Memory of the process", ["kind"]);

  /** Watches the event loop from now on; see {@linkcode close}. */
  constructor(clock: Clock) {
    this.#stopWatching = watchEventLoop(clock, (ms) => this.#eventLoopDelay.observe(ms / 1000));
  }

  /** Says where to read what there is now. */
  watch(sources: GaugeSources): void {
    this.#sources = sources;
  }

  /** @param connected Whether it ever had a stream: only then has it a length. */
  callEnded(reason: string, durationSeconds: number, connected: boolean): void {
    this.#callsEnded.inc({ reason });
    if (connected) this.#callDuration.observe(durationSeconds);
  }

  /** @param why One of few reasons, never text from outside. */
  refused(what: "request" | "stream" | "call", why: string): void {
    this.#refusals.inc({ what, reason: why });
  }

  /** Frames of a media stream that were not used, added up at the call's end. */
  skipped(why: string, count: number): void {
    this.#framesSkipped.inc({ reason: why }, count);
  }

  malformedModelEvent(): void {
    this.#malformedEvents.inc();
  }

  bargeIn(): void {
    this.#bargeIns.inc();
  }

  /** One turn. Its total counts only when every hop came. */
  turn(hops: TurnHops): void {
    const came = hopsOf(hops);
    for (const [hop, ms] of came) this.#turnLatency.observe({ hop }, ms / 1000);
    if (came.length < 3) return;
    const total = came.reduce((sum, [, ms]) => sum + ms, 0);
    this.#turnLatency.observe({ hop: "total" }, total / 1000);
  }

  /** How long (ms) a piece of audio was held up here, from its arrival to its departure. */
  added(direction: "to_model" | "to_caller", ms: number): void {
    this.#addedDelay.observe({ direction }, ms / 1000);
  }

  /** The model's session took `ms` from dialling to being configured. */
  sessionReady(ms: number): void {
    this.#sessionReady.observe(ms / 1000);
  }

  /** @param code The vendor's; a strange one, and each new one when there are many already, counts as `other`. */
  modelError(code: string): void {
    const known = this.#errorCodes.has(code) ||
      /^[a-z0-9_.]{1,64}$/.test(code) && this.#errorCodes.size < MAX_ERROR_CODES;
    if (known) this.#errorCodes.add(code);
    this.#modelErrors.inc({ code: known ? code : "other" });
  }

  /**
   * Counts what an answer of the model is billed for.
   *
   * @param cost In US dollars, where a price is known.
   */
  answered(model: string, usage: BilledTokens, cost: number | undefined): void {
    const { text, audio } = usage;
    this.#countTokens(model, "text", text);
    this.#countTokens(model, "audio", audio);
    const unknown = {
      input: Math.max(0, usage.inputTokens - text.input - audio.input),
      cached: 0,
      output: Math.max(0, usage.outputTokens - text.output - audio.output),
    };
    if (unknown.input + unknown.output > 0) this.#countTokens(model, "unknown", unknown);
    if (cost === undefined) this.#unpriced.inc({ model });
    else this.#cost.inc({ model }, cost);
  }

  /** Everything, as text of the type {@linkcode contentType}. */
  async read(): Promise<string> {
    this.#readSources();
    return await this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Stops to watch the event loop. */
  close(): void {
    this.#stopWatching();
  }

  /** The three uses are apart, so that they may be added up: what was cached is not in `input`. */
  #countTokens(model: string, modality: string, { input, cached, output }: TokenCounts): void {
    this.#tokens.inc({ model, modality, use: "input" }, input - cached);
    this.#tokens.inc({ model, modality, use: "cached_input" }, cached);
    this.#tokens.inc({ model, modality, use: "output" }, output);
  }

  #readSources(): void {
    const { rss, heapTotal, heapUsed, external } = Deno.memoryUsage();
    const memory = { resident: rss, heap: heapTotal, heap_used: heapUsed, external };
    for (const [kind, bytes] of Object.entries(memory)) this.#memory.set({ kind }, bytes);
    if (!this.#sources) return;
    for (const [state, count] of Object.entries(this.#sources.calls())) this.#calls.set({ state }, count);
    this.#pendingStreams.set(this.#sources.pendingStreams());
    for (const [queue, bytes] of Object.entries(this.#sources.bufferedBytes())) {
      this.#bufferedBytes.set({ queue }, bytes);
    }
  }

  #counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []) {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []) {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]) {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }
}
