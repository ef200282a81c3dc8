import { type AudioFormat, bytesPerMs, rateOf, toBytes, transcode } from "./model_audio.ts";
import type { StoredItem } from "./conversation_items.ts";
import type { TurnAudio } from "./input_audio_buffer.ts";
import type { ModelBehavior, Speech } from "./model_behavior.ts";

/** Greets with a chime and repeats the caller's speech. */
export const echoModel: ModelBehavior = {
  planResponse: ({ unanswered, format }) => ({
    items: [repeat(unanswered, format)],
    delayMs: 0,
    end: { type: "completed" },
  }),
};

function repeat(item: StoredItem | undefined, format: AudioFormat): Speech {
  const turnAudio = item?.turnAudio;
  if (!turnAudio || turnAudio.speech.length === 0) {
    return { type: "speech", audio: toBytes(format, chime(rateOf(format))), transcript: "(a chime)" };
  }
  return {
    type: "speech",
    audio: transcode(turnAudio.speech, turnAudio.format, format),
    transcript: `You said: ${transcriptOf(turnAudio)}`,
  };
}

/** The duration of the speech, as a substitute for its text. */
export function transcriptOf({ speech, format }: TurnAudio): string {
  return `(${(speech.length / bytesPerMs(format) / 1000).toFixed(1)} s of speech)`;
}

/** A rising fourth: frequency and start of each note (s). */
const NOTES = [{ hertz: 587.33, at: 0 }, { hertz: 783.99, at: 0.18 }];
const SECONDS = 1;
const ATTACK_SECONDS = 0.008;
const FADE_SECONDS = 0.15;

/**
 * A soft two-note chime of one second at `rate` samples per second: 16-bit PCM that begins and ends in
 * silence.
 */
export function chime(rate: number): Int16Array<ArrayBuffer> {
  return Int16Array.from({ length: rate * SECONDS }, (_, index) => {
    const time = index / rate;
    const tone = NOTES.reduce((sum, note) => sum + strike(note.hertz, time - note.at), 0);
    return Math.round(7000 * tone * Math.min(1, (SECONDS - time) / FADE_SECONDS));
  });
}

/** The sample of a note `time` seconds after its start: it rises without a click and decays. */
function strike(hertz: number, time: number): number {
  if (time < 0) return 0;
  const envelope = Math.min(1, time / ATTACK_SECONDS) * Math.exp(-4 * time);
  return envelope * (Math.sin(2 * Math.PI * hertz * time) + 0.25 * Math.sin(4 * Math.PI * hertz * time));
}
