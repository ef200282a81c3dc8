/**
 * Twilio's end of a media stream, as the caller hears it: audio that was sent is buffered and played in real time,
 * marks come back when all before them was heard, `clear` empties the buffer. A state machine over a clock, no sockets.
 */

import { MULAW_SILENCE } from "../../audio/g711.ts";
import type { Cancel, Clock } from "../../clock.ts";

/** µ-law at 8000 Hz: 8 bytes are a millisecond. */
export const BYTES_PER_MS = 8;
/** More than 10 minutes in the buffer, and Twilio discards (warning 31931). */
const MOST_BUFFERED = 10 * 60 * 1000 * BYTES_PER_MS;

/** Moments are counted in samples since the line opened, which are bytes, so that nothing is ever rounded twice. */
export class Line {
  readonly #clock: Clock;
  readonly #openedAt: number;
  readonly #onMark: (name: string) => void;
  /** What is yet to be pulled by {@linkcode play}, in order, each with the sample it begins at. */
  #audio: { from: number; bytes: Uint8Array }[] = [];
  /** Where the buffered audio ends; in the past when nothing is buffered. */
  #end = 0;
  #played = 0;
  #marks: { name: string; due: number }[] = [];
  #cancel: Cancel | undefined;

  /** Opens the line now. `onMark` is called once for each mark, when it comes back. */
  constructor(clock: Clock, onMark: (name: string) => void) {
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#onMark = onMark;
  }

  /** How much audio waits to be heard, in ms. */
  get bufferedMs(): number {
    return Math.max(0, this.#end - this.#now()) / BYTES_PER_MS;
  }

  /** Buffers µ-law audio behind what is buffered. False if there is no room: then it is discarded. */
  media(bytes: Uint8Array): boolean {
    const from = Math.max(this.#end, this.#now());
    if (from + bytes.length - this.#now() > MOST_BUFFERED) return false;
    this.#audio.push({ from, bytes });
    this.#end = from + bytes.length;
    return true;
  }

  /** Sends the mark back when all audio before it was played: at once if nothing is buffered. */
  mark(name: string): void {
    this.#marks.push({ name, due: this.#end });
    this.#returnMarks();
  }

  /** Forgets all audio that was not heard yet, and sends back every pending mark at once. */
  clear(): void {
    const now = this.#now();
    this.#audio = this.#audio
      .filter(({ from }) => from < now)
      .map(({ from, bytes }) => ({ from, bytes: bytes.subarray(0, now - from) }));
    this.#end = Math.min(this.#end, now);
    this.#returnMarks();
  }

  /** What was heard in the next `samples` samples, as µ-law. Ask only for what lies in the past. */
  play(samples: number): Uint8Array {
    const heard = new Uint8Array(samples).fill(MULAW_SILENCE);
    const until = this.#played + samples;
    for (const { from, bytes } of this.#audio) {
      if (from >= until) break;
      const skip = Math.max(0, this.#played - from);
      const at = Math.max(from - this.#played, 0);
      heard.set(bytes.subarray(skip, skip + samples - at), at);
    }
    this.#audio = this.#audio.filter(({ from, bytes }) => from + bytes.length > until);
    this.#played = until;
    return heard;
  }

  /** Ends the line: no mark comes back any more. */
  close(): void {
    this.#cancel?.();
    this.#marks = [];
  }

  #now(): number {
    // A clock in floating-point milliseconds can lie a hair under the sample it means.
    return Math.floor((this.#clock.now() - this.#openedAt) * BYTES_PER_MS + 1e-6);
  }

  #returnMarks(): void {
    this.#cancel?.();
    const now = this.#now();
    for (let mark = this.#marks[0]; mark && (mark.due <= now || this.#end <= now); mark = this.#marks[0]) {
      this.#marks.shift();
      this.#onMark(mark.name);
    }
    const next = this.#marks[0];
    if (next) this.#cancel = this.#clock.after((next.due - now) / BYTES_PER_MS, () => this.#returnMarks());
  }
}
