/** Plays a call in progress: the caller on the left, the assistant on the right, about a second late. */

import { stream } from "../api_client.js";
import { WavStreamReader } from "./wav_stream_reader.js";

/**
 * Starts listening. Errors after the start end it silently.
 *
 * @param {string} callSid
 * @param {() => void} onEnd Called when listening ends, also after the returned function stopped it.
 * @returns {Promise<() => void>} Stops listening.
 * @throws {import("../api_client.js").ApiError}
 */
export async function listenIn(callSid, onEnd) {
  const abort = new AbortController();
  // The browser resamples to the rate of the loudspeaker.
  const context = new AudioContext({ sampleRate: 8_000 });
  const stop = () => {
    abort.abort();
    if (context.state !== "closed") context.close();
  };
  try {
    await context.audioWorklet.addModule(new URL("listen_worklet.js", import.meta.url));
    const player = new AudioWorkletNode(context, "listen", { numberOfInputs: 0, outputChannelCount: [2] });
    player.connect(context.destination);
    const body = await stream(`calls/${encodeURIComponent(callSid)}/audio`, abort.signal);
    pipe(body, player.port).catch(() => {}).finally(() => {
      stop();
      onEnd();
    });
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

/** @param {ReadableStream<Uint8Array>} body @param {MessagePort} port */
async function pipe(body, port) {
  const wav = new WavStreamReader();
  for (const reader = body.getReader();;) {
    const { done, value } = await reader.read();
    if (done) return;
    const samples = wav.push(value);
    if (samples.length > 0) port.postMessage(samples, [samples.buffer]);
  }
}
