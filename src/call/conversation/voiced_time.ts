import type { CallerLevel } from "./caller_level.ts";

/** Speech is reported after its start. Sound that ended this long ago belongs to it (ms). */
const RECENT_MS = 1_000;
/** Voice before the report that counts at most (ms): a noise may have gone on for long. */
const MAX_BEFORE_MS = 300;

/** Adds up the caller's voice over several utterances. */
export class VoicedTime {
  readonly #level: CallerLevel;
  /** Voice of the utterances that ended (ms). */
  #before = 0;
  /** Voice in the level's utterance that does not count (ms). */
  #uncounted = 0;

  constructor(level: CallerLevel) {
    this.#level = level;
    level.onEdge((speaking) => {
      if (speaking) {
        this.#uncounted = 0;
      } else {
        this.#before = this.ms;
        this.#uncounted = level.voicedMs;
      }
    });
  }

  /** Begins at 0, with the sound that has just been heard. */
  start(): void {
    const { voicedMs, silentForMs, speaking } = this.#level;
    const counted = silentForMs <= RECENT_MS ? Math.min(voicedMs, MAX_BEFORE_MS) : 0;
    this.#before = speaking ? 0 : counted;
    this.#uncounted = speaking ? voicedMs - counted : voicedMs;
  }

  /** Voice since the start (ms). */
  get ms(): number {
    return this.#before + Math.max(0, this.#level.voicedMs - this.#uncounted);
  }
}
