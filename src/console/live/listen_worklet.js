/** Plays the samples it receives, on the audio thread. */

/// <reference path="../worklet_scope.d.ts" />

import { JitterBuffer } from "./jitter_buffer.js";

class ListenProcessor extends AudioWorkletProcessor {
  #buffer = new JitterBuffer();

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#buffer.push(data);
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, [output]) {
    const [left, right] = output ?? [];
    if (left && right) this.#buffer.read(left, right);
    return true;
  }
}

registerProcessor("listen", ListenProcessor);
