/** Both sides of a phone call on the audio thread, which keeps time while the page is busy or hidden. */

/// <reference path="../worklet_scope.d.ts" />

import { LinePlayer, MicrophoneEncoder } from "./phone_line.js";

/** @import { PageMessage, WorkletMessage } from "./phone_types.ts" */

class PhoneProcessor extends AudioWorkletProcessor {
  /** @type {MicrophoneEncoder} */
  #microphone;
  /** @type {LinePlayer} */
  #player;
  #silence = new Float32Array(128);
  #muted = false;
  #closed = false;
  /** Peak of the samples played since the last frame. */
  #playedPeak = 0;

  constructor() {
    super();
    this.#player = new LinePlayer(sampleRate, (mark) => this.#post({ type: "mark", mark }));
    this.#microphone = new MicrophoneEncoder(sampleRate, (frame, callerPeak) => {
      const { bufferedMs } = this.#player;
      this.#post({ type: "frame", frame, callerPeak, assistantPeak: this.#playedPeak, bufferedMs }, [
        frame.buffer,
      ]);
      this.#playedPeak = 0;
    });
    this.port.onmessage = ({ data }) => this.#receive(data);
  }

  /** @param {Float32Array[][]} inputs @param {Float32Array[][]} outputs */
  process([input], [output]) {
    if (this.#closed) return false;
    const played = output?.[0];
    if (!played) return true;
    if (this.#silence.length !== played.length) this.#silence = new Float32Array(played.length);
    // Without a microphone, frames of silence are sent.
    this.#microphone.push(this.#muted ? this.#silence : input?.[0] ?? this.#silence);
    this.#playedPeak = Math.max(this.#playedPeak, this.#player.play(played));
    return true;
  }

  /** @param {PageMessage} message */
  #receive(message) {
    switch (message.type) {
      case "media":
        this.#player.media(message.bytes);
        break;
      case "mark":
        this.#player.mark(message.name);
        break;
      case "clear":
        this.#player.clear();
        break;
      case "mute":
        this.#muted = message.muted;
        break;
      case "latency":
        this.#player.setOutputLatency(message.seconds);
        break;
      case "close":
        this.#closed = true;
    }
  }

  /** @param {WorkletMessage} message @param {Transferable[]} [transfer] */
  #post(message, transfer = []) {
    this.port.postMessage(message, transfer);
  }
}

registerProcessor("phone", PhoneProcessor);
