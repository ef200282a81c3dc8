import type { MetricRegistry } from "./metric_registry.ts";

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

/** The metrics whose values are read at each scrape. */
export class ServiceGauges {
  /** Undefined until the service is composed: then memory is the only value. */
  sources: GaugeSources | undefined;
  readonly #calls;
  readonly #pendingStreams;
  readonly #bufferedBytes;
  readonly #webhooks;
  readonly #records;
  readonly #memory;

  constructor(registry: MetricRegistry) {
    this.#calls = registry.gauge("parley_calls", "Calls in progress", ["state"]);
    this.#pendingStreams = registry.gauge(
      "parley_pending_streams",
      "Media stream sockets without a start message",
    );
    this.#bufferedBytes = registry.gauge("parley_buffered_bytes", "Bytes waiting in queues", ["queue"]);
    this.#webhooks = registry.gauge(
      "parley_webhooks",
      "Webhooks not delivered: pending, failed for good, unsaved because the disk is full, dropped since the start",
      ["state"],
    );
    this.#records = registry.gauge(
      "parley_records",
      "Call records not stored: waiting because the disk is full, lost since the start; and failed writes",
      ["state"],
    );
    this.#memory = registry.gauge("parley_memory_bytes", "Memory of the process", ["kind"]);
  }

  read(): void {
    const { rss, heapTotal, heapUsed, external } = Deno.memoryUsage();
    const memory = { resident: rss, heap: heapTotal, heap_used: heapUsed, external };
    for (const [kind, bytes] of Object.entries(memory)) this.#memory.set({ kind }, bytes);
    if (!this.sources) return;
    for (const [state, count] of Object.entries(this.sources.calls())) this.#calls.set({ state }, count);
    this.#pendingStreams.set(this.sources.pendingStreams());
    for (const [state, count] of Object.entries(this.sources.webhooks())) {
      this.#webhooks.set({ state }, count);
    }
    for (const [state, count] of Object.entries(this.sources.records())) this.#records.set({ state }, count);
    for (const [queue, bytes] of Object.entries(this.sources.bufferedBytes())) {
      this.#bufferedBytes.set({ queue }, bytes);
    }
  }
}
