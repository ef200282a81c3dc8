import type { Clock } from "../clock.ts";
import type { CallEvent, Span } from "../records/call_record.ts";
import type { CallEventStream } from "./call_event_stream.ts";

/** Replaces, in the record, everything that was said or pressed while the recording was paused. */
export const NOT_RECORDED = "[not recorded]";

/** A pause of the recording, in ms of the call; {@linkcode startedAt} is the clock's. */
export interface RecordingPause extends Span {
  readonly startedAt: number;
}

/** The call's time line: milliseconds since its first stream started, the events of its record, and the recording's pauses. */
export class CallTimeline {
  readonly #clock: Clock;
  readonly #eventStream: CallEventStream;
  readonly #events: CallEvent[] = [];
  /** The last one may be open-ended. */
  readonly #pauses: { readonly fromMs: number; toMs: number; readonly startedAt: number }[];
  #startedAt: number | undefined;

  /** @param earlierPauses Those of the call's earlier parts; an open one goes on. */
  constructor(clock: Clock, stream: CallEventStream, earlierPauses: readonly RecordingPause[] = []) {
    this.#clock = clock;
    this.#eventStream = stream;
    this.#pauses = earlierPauses.map(({ toMs, startedAt }) => ({
      fromMs: -Infinity,
      toMs: toMs === Infinity ? Infinity : -Infinity,
      startedAt,
    }));
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
    this.#eventStream.emit({ type: "event recorded", event });
  }

  get events(): readonly CallEvent[] {
    return this.#events;
  }

  get paused(): boolean {
    return this.#pauses.at(-1)?.toMs === Infinity;
  }

  get pauses(): readonly RecordingPause[] {
    return this.#pauses;
  }

  /** Starts or ends a pause of the recording. The event for its end contains its length. */
  setPaused(paused: boolean): void {
    if (paused === this.paused) return;
    const { atMs } = this;
    const pause = this.#pauses.at(-1);
    const now = this.#clock.now();
    if (paused) this.#pauses.push({ fromMs: atMs, toMs: Infinity, startedAt: now });
    else if (pause) pause.toMs = atMs;
    const length = pause && !paused ? { ms: Math.round(now - pause.startedAt) } : {};
    this.add("recording", paused ? "paused" : "on", length);
    this.#eventStream.emit({ type: "state changed" });
  }

  /** Whether a pause covers any of the time from `fromMs` until now, or until `toMs`. */
  isPrivate(fromMs: number, toMs = this.atMs): boolean {
    return this.#pauses.some((pause) =>
      fromMs < pause.toMs && (fromMs >= pause.fromMs || toMs > pause.fromMs)
    );
  }

  /** Returns `text`, or {@linkcode NOT_RECORDED} if the recording was paused at any time since `fromMs`. */
  recordable(text: string, fromMs = this.atMs): string {
    return this.isPrivate(fromMs) ? NOT_RECORDED : text;
  }
}
