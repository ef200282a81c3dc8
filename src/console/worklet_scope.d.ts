/**
 * Globals of an audio worklet, which TypeScript's DOM library lacks. Source:
 * https://webaudio.github.io/web-audio-api/#AudioWorkletGlobalScope
 */

/** Sample rate of the audio context (Hz). */
declare const sampleRate: number;

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  /** Fills 128 samples of each output. Each input and output is a list of channels. Returns false to end. */
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
