import type { Clock } from "../clock.ts";

/** Something that happened in a call beside what was said. */
export interface CallEvent {
  /** From the start of its stream (ms). */
  readonly atMs: number;
  readonly kind: "tool" | "transfer" | "barge-in" | "keys" | "language" | "machine";
  /** Which tool, destination, language; nothing that a caller entered. */
  readonly name: string;
  readonly ok?: boolean;
  /** How long it took (ms). */
  readonly ms?: number;
  /** Why it did not work. */
  readonly detail?: string;
}

/** What happened in a call, and when. */
export class CallEvents {
  readonly #clock: Clock;
  readonly #events: CallEvent[] = [];
  #startedAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The stream has started: times count from here. */
  start(): void {
    this.#startedAt ??= this.#clock.now();
  }

  /** From the start of the stream until now (ms); 0 before. */
  get atMs(): number {
    return Math.round(this.#clock.now() - (this.#startedAt ?? this.#clock.now()));
  }

  add(kind: CallEvent["kind"], name: string, more: Pick<CallEvent, "ok" | "ms" | "detail"> = {}): void {
    this.#events.push({ atMs: this.atMs, kind, name, ...more });
  }

  get all(): readonly CallEvent[] {
    return this.#events;
  }
}
