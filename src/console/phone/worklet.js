/** Both sides of the call on the audio thread, where time goes on however busy or hidden the page is. */

import { Line, Microphone } from "./line.js";

/** What the page is told after each frame of 20 ms, and what it tells, is in `sound.js`. */
class PhoneProcessor extends AudioWorkletProcessor {
  #microphone;
  #line;
  #silence = new Float32Array(128);
  #muted = false;
  #closed = false;
  /** The loudest sample played since the page was told. */
  #played = 0;

  constructor() {
    super();
    this.#line = new Line(sampleRate, (mark) => this.port.postMessage({ mark }));
    this.#microphone = new Microphone(sampleRate, (frame, spoken) => {
      this.port.postMessage({ frame, spoken, played: this.#played, bufferedMs: this.#line.buffered / 8 }, [
        frame.buffer,
      ]);
      this.#played = 0;
    });
    this.port.onmessage = ({ data }) => this.#told(data);
  }

  process([[heard]], [[played]]) {
    if (this.#closed) return false;
    if (this.#silence.length !== played.length) this.#silence = new Float32Array(played.length);
    // Without a microphone the caller is silent, and time goes on all the same.
    this.#microphone.hear(this.#muted || !heard ? this.#silence : heard);
    this.#played = Math.max(this.#played, this.#line.play(played));
    return true;
  }

  #told({ media, mark, clear, muted, latency, closed }) {
    if (media && !this.#line.media(media)) this.port.postMessage({ discarded: true });
    if (mark !== undefined) this.#line.mark(mark);
    if (clear) this.#line.clear();
    if (muted !== undefined) this.#muted = muted;
    if (latency !== undefined) this.#line.latency = Math.round(latency * sampleRate);
    if (closed) this.#closed = true;
  }
}

registerProcessor("phone", PhoneProcessor);
