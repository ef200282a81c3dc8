import type { Clock } from "../../clock.ts";
import type { CallEventStream } from "../call_event_stream.ts";

interface TimedTurn {
  readonly stoppedAt: number;
  itemId?: string;
  /** Time from `stoppedAt` to the first audio (ms). */
  firstAudioMs?: number;
  /** Time from `stoppedAt` to the first frame sent (ms). */
  sentMs?: number;
}

/**
 * Counts the caller's turns and times each answer hop by hop, from the moment the model detected the end of speech: its
 * first audio, the first frame sent, the first mark echoed. Emits "turn answered".
 */
export class TurnTimer {
  readonly #clock: Clock;
  readonly #events: CallEventStream;
  #count = 0;
  #turn: TimedTurn | undefined;
  /** When speech ended that has no verdict yet (ms of the clock), by its item. */
  readonly #undecided = new Map<string | undefined, number>();
  /** Items of turns that go on. */
  readonly #confirmed = new Set<string | undefined>();

  constructor(clock: Clock, events: CallEventStream) {
    this.#clock = clock;
    this.#events = events;
    // Without items, this is other speech.
    events.on("caller started speaking", ({ itemId }) => this.#undecided.delete(itemId));
    events.on("turn confirmed", ({ itemId }) => {
      // An answer the caller does not wait for is not timed.
      this.#turn = undefined;
      const stoppedAt = this.#undecided.get(itemId);
      if (stoppedAt === undefined) this.#confirmed.add(itemId);
      else this.#turnEnded(itemId, stoppedAt);
    });
    events.on("caller stopped speaking", ({ itemId }) => {
      if (this.#confirmed.delete(itemId)) this.#turnEnded(itemId, this.#clock.now());
      else this.#undecided.set(itemId, this.#clock.now());
    });
    events.on("turn dismissed", ({ itemId, why }) => {
      // Without its text, it may turn out to have words.
      if (why !== "quiet" && why !== "late") this.#undecided.delete(itemId);
    });
    // Nothing reports the end of the speech, or its verdict, any more.
    events.on(["session failed", "session swapped"], () => {
      this.#undecided.clear();
      this.#confirmed.clear();
    });
  }

  get count(): number {
    return this.#count;
  }

  /** Does not count the caller's last turn: it is repeated to another session, which reports it again. */
  revertTurn(): void {
    this.#count--;
    this.#turn = undefined;
  }

  firstAudio(itemId: string): void {
    const turn = this.#turn;
    if (!turn || turn.itemId !== undefined) return;
    turn.itemId = itemId;
    turn.firstAudioMs = this.#since(turn.stoppedAt);
  }

  firstFrameSent(itemId: string): void {
    const turn = this.#turn;
    if (turn?.itemId === itemId) turn.sentMs = this.#since(turn.stoppedAt);
  }

  playbackStarted(itemId: string): void {
    const turn = this.#turn;
    if (!turn || turn.itemId !== itemId) return;
    const { stoppedAt, firstAudioMs = 0, sentMs = 0 } = turn;
    const latency = {
      modelMs: firstAudioMs,
      sendMs: tenths(sentMs - firstAudioMs),
      playbackMs: tenths(this.#since(stoppedAt) - sentMs),
    };
    this.#events.emit({ type: "turn answered", itemId, turn: this.#count, stoppedAt, latency });
    this.#turn = undefined;
  }

  #turnEnded(itemId: string | undefined, stoppedAt: number): void {
    this.#undecided.delete(itemId);
    this.#count++;
    this.#turn = { stoppedAt };
  }

  #since(time: number): number {
    return tenths(this.#clock.now() - time);
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
