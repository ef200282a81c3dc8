/** The audio of a phone call between a sound device of any rate and Twilio's 8 kHz µ-law line. */

import { decodeMulaw, encodeMulaw, MULAW_SILENCE } from "../../audio/g711.js";
import { FRAME_BYTES, LINE_RATE } from "../../audio/line_format.js";
import { soundDeviceFilter } from "../../audio/low_pass.js";
import { Resampler } from "../../audio/resampler.js";
import { PlaybackLine } from "../../simulator/twilio/playback_line.js";

/** The sample of each µ-law byte. */
const DECODED = decodeMulaw(Uint8Array.from({ length: 256 }, (_, byte) => byte));

/** The caller's side. Encodes the microphone's audio into frames of 20 ms. */
export class MicrophoneEncoder {
  #resampler;
  #onFrame;
  #frame = new Uint8Array(FRAME_BYTES);
  #filled = 0;
  #peak = 0;

  /**
   * @param {number} rate Samples per second of the microphone.
   * @param {(frame: Uint8Array<ArrayBuffer>, peak: number) => void} onFrame Called with 160 bytes of µ-law,
   *   which the receiver may keep, and their peak level from 0 to 1.
   */
  constructor(rate, onFrame) {
    this.#resampler = new Resampler(soundDeviceFilter(rate, LINE_RATE));
    this.#onFrame = onFrame;
  }

  /** @param {Float32Array} samples Any number, from -1 to 1; louder ones are clipped. */
  push(samples) {
    const pcm = Int16Array.from(
      samples,
      (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))),
    );
    const line = this.#resampler.process(pcm);
    const bytes = encodeMulaw(line);
    for (let i = 0; i < bytes.length; i++) {
      this.#frame[this.#filled++] = bytes[i] ?? MULAW_SILENCE;
      this.#peak = Math.max(this.#peak, Math.abs(line[i] ?? 0));
      if (this.#filled < FRAME_BYTES) continue;
      this.#onFrame(this.#frame, Math.min(1, this.#peak / 32_767));
      this.#frame = new Uint8Array(FRAME_BYTES);
      this.#filled = this.#peak = 0;
    }
  }
}

/** The assistant's side: a {@linkcode PlaybackLine} played at the rate of the sound device. */
export class LinePlayer {
  #line;
  #resampler;

  /**
   * @param {number} rate Samples per second of the device.
   * @param {(name: string) => void} onMark Called for each mark when the audio before it has become audible.
   */
  constructor(rate, onMark) {
    this.#line = new PlaybackLine(onMark);
    this.#resampler = new Resampler(soundDeviceFilter(LINE_RATE, rate));
    this.setOutputLatency(0);
  }

  /** Audio not yet played (ms). */
  get bufferedMs() {
    return this.#line.buffered * 1_000 / LINE_RATE;
  }

  /** @param {number} seconds Delay of the loudspeaker. */
  setOutputLatency(seconds) {
    this.#line.delay = Math.round(seconds * LINE_RATE + this.#resampler.delayMs * LINE_RATE / 1_000);
  }

  /**
   * Buffers µ-law.
   *
   * @param {Uint8Array} bytes
   * @returns {boolean} False when the buffer is full and the audio was discarded.
   */
  media(bytes) {
    return this.#line.media(bytes);
  }

  /** @param {string} name */
  mark(name) {
    this.#line.mark(name);
  }

  /** Discards the buffered audio and returns all marks. */
  clear() {
    this.#line.clear();
  }

  /**
   * Plays the next samples.
   *
   * @param {Float32Array} out
   * @returns {number} Their peak level, from 0 to 1.
   */
  play(out) {
    const pcm = new Int16Array(out.length);
    this.#resampler.pullInto(pcm, () => DECODED[this.#line.next()] ?? 0);
    let peak = 0;
    for (let i = 0; i < out.length; i++) {
      const sample = (pcm[i] ?? 0) / 32_768;
      out[i] = sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    return peak;
  }
}
