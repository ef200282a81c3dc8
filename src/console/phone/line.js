/** Twilio's end of a call's sound: what the caller says becomes frames, and what is sent is buffered and heard. */

import { DECODED, mulawOf, SILENCE } from "./g711.js";
import { LINE_RATE, Resampler } from "./resampler.js";

/** Samples, and bytes, of one frame: 20 ms. */
export const FRAME = 160;
/** More than 10 minutes in the buffer, and Twilio discards (warning 31931). */
const MOST_BUFFERED = 10 * 60 * LINE_RATE;

/** The caller's side: sound of the browser's rate becomes µ-law, 160 bytes at a time. */
export class Microphone {
  #resampler;
  #give;
  #frame = new Uint8Array(FRAME);
  #filled = 0;
  #peak = 0;

  /** @param rate Samples a second of what is heard. @param give Told each frame, and the loudest sample in it (0 to 1). */
  constructor(rate, give) {
    this.#resampler = new Resampler(rate, LINE_RATE);
    this.#give = give;
  }

  /** Hears samples from -1 to 1, any number of them. */
  hear(samples) {
    this.#resampler.push(samples, (sample) => {
      this.#frame[this.#filled++] = mulawOf(sample);
      this.#peak = Math.max(this.#peak, Math.min(1, Math.abs(sample)));
      if (this.#filled < FRAME) return;
      this.#give(this.#frame, this.#peak);
      this.#frame = new Uint8Array(FRAME).fill(SILENCE);
      this.#filled = this.#peak = 0;
    });
  }
}

/**
 * The assistant's side: µ-law is buffered and played in order; a mark comes back when all before it was heard, at once
 * when nothing is buffered; `clear` empties the buffer and sends back every mark at once.
 *
 * Time is counted in samples that were played (`frame`). What is played now is heard `latency` later.
 */
export class Line {
  /** How long after a sample was played it leaves the loudspeaker (samples played). */
  latency = 0;
  /** How much waits to be played (samples of the line). */
  buffered = 0;
  #resampler;
  #marked;
  /** µ-law, and names of marks, in order. */
  #queue = [];
  /** How much of the first piece has been played. */
  #at = 0;
  /** Marks all before which was played, and when that is heard. */
  #due = [];
  /** When all that was played is heard. */
  #heardAt = 0;
  #frame = 0;
  #delay;

  /** @param rate Samples a second to play. @param marked Told each mark that comes back. */
  constructor(rate, marked) {
    this.#resampler = new Resampler(LINE_RATE, rate);
    this.#delay = Math.round(this.#resampler.delay * rate);
    this.#marked = marked;
  }

  /** Buffers µ-law behind what is buffered. False when there is no room: then it is discarded. */
  media(bytes) {
    if (this.buffered + bytes.length > MOST_BUFFERED) return false;
    if (bytes.length > 0) this.#queue.push(bytes);
    this.buffered += bytes.length;
    return true;
  }

  mark(name) {
    if (this.buffered > 0) this.#queue.push(name);
    else this.#due.push({ name, at: this.#heardAt });
    this.#returnMarks(this.#frame);
  }

  clear() {
    const waiting = this.#queue.filter((piece) => typeof piece === "string");
    this.#queue = [];
    this.#at = this.buffered = 0;
    this.#due.push(...waiting.map((name) => ({ name, at: 0 })));
    this.#returnMarks(Infinity);
  }

  /** Plays the next samples, and gives the loudest of them (0 to 1). */
  play(out) {
    this.#resampler.pull(out, (place) => this.#next(this.#frame + place));
    this.#frame += out.length;
    this.#returnMarks(this.#frame);
    let peak = 0;
    for (let i = 0; i < out.length; i++) peak = Math.max(peak, Math.abs(out[i]));
    return Math.min(1, peak);
  }

  /** The sample that is to be played at this moment. */
  #next(frame) {
    const piece = this.#queue[0];
    if (piece === undefined) return 0;
    const sample = DECODED[piece[this.#at++]];
    this.buffered--;
    this.#heardAt = frame + 1 + this.#delay + this.latency;
    if (this.#at === piece.length) this.#shift();
    return sample;
  }

  /** The first piece was played to its end, and the marks behind it are due when that is heard. */
  #shift() {
    this.#at = 0;
    this.#queue.shift();
    while (typeof this.#queue[0] === "string") {
      this.#due.push({ name: this.#queue.shift(), at: this.#heardAt });
    }
  }

  #returnMarks(now) {
    while (this.#due.length > 0 && this.#due[0].at <= now) this.#marked(this.#due.shift().name);
  }
}
