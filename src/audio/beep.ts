import { encodeMulaw, sineAmplitude } from "./g711.js";
import { LINE_RATE } from "./line_format.js";

const HERTZ = 1_000;
const MS = 500;
/** Power (dBm0). */
const PEAK = sineAmplitude(-12);
/** Fade-in and fade-out (ms), so that it does not click. */
const RAMP_MS = 5;

/** The tone before a voicemail, as µ-law at 8 kHz. */
export function voicemailBeep(): Uint8Array<ArrayBuffer> {
  const samples = new Int16Array(MS * LINE_RATE / 1_000);
  const ramp = RAMP_MS * LINE_RATE / 1_000;
  for (let i = 0; i < samples.length; i++) {
    const fade = Math.min(1, i / ramp, (samples.length - i) / ramp);
    samples[i] = Math.round(fade * PEAK * Math.sin(2 * Math.PI * HERTZ * i / LINE_RATE));
  }
  return encodeMulaw(samples);
}
