import { BYTES_PER_MS } from "../../audio/line_format.js";
import { PlaybackLine } from "./playback_line.js";

/** @import { Cancel, Clock } from "../../clock.ts" */

/**
 * A {@linkcode PlaybackLine} that plays in real time by a clock: marks return by timer, played audio is
 * collected.
 */
export class ClockedLine {
  #clock;
  #openedAt;
  #line;
  /** Samples played so far. */
  #played = 0;
  /** Played audio that was not taken yet. @type {Uint8Array[]} */
  #audio = [];
  /** @type {Cancel} */
  #cancel = () => {};
  #closed = false;

  /** Opens the line now. @param {Clock} clock @param {(name: string) => void} onMark Called for each mark that returns. */
  constructor(clock, onMark) {
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#line = new PlaybackLine((name) => this.#closed || onMark(name));
  }

  /** Buffered audio (ms). */
  get bufferedMs() {
    return Math.max(0, this.#line.buffered - (this.#now() - this.#played)) / BYTES_PER_MS;
  }

  /** @param {Uint8Array} bytes µ-law. @returns {boolean} False when the buffer is full and the audio was discarded. */
  media(bytes) {
    this.#catchUp();
    return this.#line.media(bytes);
  }

  /** @param {string} name */
  mark(name) {
    this.#catchUp();
    this.#line.mark(name);
    this.#schedule();
  }

  clear() {
    this.#catchUp();
    this.#line.clear();
    this.#schedule();
  }

  /**
   * Takes the next played audio, as µ-law.
   *
   * @param {number} samples At most the number played since the last call.
   */
  take(samples) {
    this.#catchUp();
    const audio = new Uint8Array(samples);
    for (let at = 0; at < samples;) {
      const [chunk] = this.#audio;
      if (!chunk) throw new RangeError("Cannot take audio that has not been played yet");
      const part = chunk.subarray(0, samples - at);
      audio.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#audio.shift();
      else this.#audio[0] = chunk.subarray(part.length);
    }
    return audio;
  }

  /** Stops returning marks. */
  close() {
    this.#closed = true;
    this.#cancel();
  }

  #now() {
    // Floating-point milliseconds can be just below the sample they stand for.
    return Math.floor((this.#clock.now() - this.#openedAt) * BYTES_PER_MS + 1e-6);
  }

  #catchUp() {
    const due = this.#now() - this.#played;
    if (due <= 0) return;
    this.#played += due;
    this.#audio.push(this.#line.play(due));
  }

  #schedule() {
    this.#cancel();
    const samples = this.#line.nextMarkIn;
    if (samples === undefined || this.#closed) return;
    this.#cancel = this.#clock.after(samples / BYTES_PER_MS, () => {
      this.#catchUp();
      this.#schedule();
    });
  }
}
