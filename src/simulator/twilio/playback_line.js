/** The playback buffer at Twilio's end of a media stream. */

import { MULAW_SILENCE } from "../../audio/g711.js";
import { BYTES_PER_MS } from "../../audio/line_format.js";

/** Twilio discards audio beyond 10 minutes (warning 31931), in bytes. */
const MAX_BUFFERED = 10 * 60 * 1000 * BYTES_PER_MS;

/**
 * Buffers the service's audio and plays it in order, sample by sample. A mark returns when all audio before
 * it was heard, or immediately if none is buffered; `clear` empties the buffer and returns every mark
 * immediately.
 * Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
 *
 * Time is the number of played samples. A timer or an audio worklet drives it through {@linkcode next}.
 */
export class PlaybackLine {
  /** Delay of the loudspeaker (samples). Marks return that much later. */
  delay = 0;
  #onMark;
  /** @type {Uint8Array[]} */
  #chunks = [];
  /** Played part of the first chunk (bytes). */
  #offset = 0;
  #position = 0;
  /** End of the buffered audio; not after `#position` when nothing is buffered. */
  #end = 0;
  /** @type {{ name: string, end: number }[]} */
  #marks = [];

  /** @param {(name: string) => void} onMark Called once for each mark that returns, in order. */
  constructor(onMark) {
    this.#onMark = onMark;
  }

  /** Buffered audio (samples). */
  get buffered() {
    return Math.max(0, this.#end - this.#position);
  }

  /** Number of samples until the next mark returns; undefined without a mark. */
  get nextMarkIn() {
    const [mark] = this.#marks;
    return mark && mark.end + this.delay - this.#position;
  }

  /**
   * Buffers µ-law audio.
   *
   * @param {Uint8Array} bytes
   * @returns {boolean} False when the buffer is full and the audio was discarded.
   */
  media(bytes) {
    if (this.buffered + bytes.length > MAX_BUFFERED) return false;
    if (bytes.length === 0) return true;
    this.#chunks.push(bytes);
    this.#end = Math.max(this.#end, this.#position) + bytes.length;
    return true;
  }

  /** @param {string} name */
  mark(name) {
    this.#marks.push({ name, end: this.#end });
    this.#returnMarks(this.#position);
  }

  clear() {
    this.#chunks = [];
    this.#offset = 0;
    this.#end = Math.min(this.#end, this.#position);
    this.#returnMarks(Infinity);
  }

  /** Plays one sample. @returns {number} Its µ-law byte. */
  next() {
    const sample = this.#shift();
    this.#position++;
    if (this.#marks.length > 0) this.#returnMarks(this.#position);
    return sample;
  }

  /** @param {number} samples @returns {Uint8Array} The µ-law bytes played. */
  play(samples) {
    const played = new Uint8Array(samples);
    for (let i = 0; i < samples; i++) played[i] = this.next();
    return played;
  }

  #shift() {
    const [chunk] = this.#chunks;
    if (!chunk) return MULAW_SILENCE;
    const sample = chunk[this.#offset++] ?? MULAW_SILENCE;
    if (this.#offset === chunk.length) {
      this.#chunks.shift();
      this.#offset = 0;
    }
    return sample;
  }

  /** @param {number} position */
  #returnMarks(position) {
    for (let mark = this.#marks[0]; mark && mark.end + this.delay <= position; mark = this.#marks[0]) {
      this.#marks.shift();
      this.#onMark(mark.name);
    }
  }
}
