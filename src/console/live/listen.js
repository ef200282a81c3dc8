/** Listens in to a call: the caller left, the assistant right, about a second late. */

import { stream } from "../api.js";
import { WavStream } from "./wav_stream.js";

/**
 * Begins at once. An error comes only from the beginning: what ends later just ends.
 *
 * @param ended Told when there is no more to hear.
 * @returns what stops it.
 */
export async function listenIn(callSid, ended) {
  const stop = new AbortController();
  // The browser brings it to the loudspeaker's rate, and does it well.
  const context = new AudioContext({ sampleRate: 8_000 });
  const close = () => {
    stop.abort();
    if (context.state !== "closed") context.close();
  };
  try {
    await context.audioWorklet.addModule(new URL("listen_worklet.js", import.meta.url));
    const player = new AudioWorkletNode(context, "listen", { numberOfInputs: 0, outputChannelCount: [2] });
    player.connect(context.destination);
    const body = await stream(`calls/${encodeURIComponent(callSid)}/audio`, stop.signal);
    pass(body, player.port).catch(() => {}).finally(() => {
      close();
      ended();
    });
  } catch (error) {
    close();
    throw error;
  }
  return close;
}

async function pass(body, port) {
  const wav = new WavStream();
  for (const reader = body.getReader();;) {
    const { done, value } = await reader.read();
    if (done) return;
    const samples = wav.samples(value);
    if (samples.length > 0) port.postMessage(samples, [samples.buffer]);
  }
}
