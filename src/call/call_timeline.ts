import type { Clock } from "../clock.ts";
import type { CallEvent } from "../records/call_record.ts";
import type { CallEventStream } from "./call_event_stream.ts";

/** The call's time line: milliseconds since its first stream started, and the events of its record. */
export class CallTimeline {
  readonly #clock: Clock;
  readonly #stream: CallEventStream;
  readonly #events: CallEvent[] = [];
  #startedAt: number | undefined;

  constructor(clock: Clock, stream: CallEventStream) {
    this.#clock = clock;
    this.#stream = stream;
  }

  /** Starts the time line at the first stream; later calls change nothing. */
  start(): void {
    this.#startedAt ??= this.#clock.now();
  }

  get started(): boolean {
    return this.#startedAt !== undefined;
  }

  /** Time since the first stream started (ms); 0 before. */
  get atMs(): number {
    return this.#startedAt === undefined ? 0 : Math.round(this.#clock.now() - this.#startedAt);
  }

  /** Records an event now, and emits it. */
  add(kind: CallEvent["kind"], name: string, more: Partial<CallEvent> = {}): void {
    const event = { atMs: this.atMs, kind, name, ...more };
    this.#events.push(event);
    this.#stream.emit({ type: "event recorded", event });
  }

  get events(): readonly CallEvent[] {
    return this.#events;
  }
}
