/** Plays what it is sent, on the browser's audio thread. */

import { JitterBuffer } from "./jitter_buffer.js";

class Listen extends AudioWorkletProcessor {
  #buffer = new JitterBuffer();

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#buffer.put(data);
  }

  process(_inputs, [[left, right]]) {
    this.#buffer.take(left, right);
    return true;
  }
}

registerProcessor("listen", Listen);
