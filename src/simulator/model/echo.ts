import { type AudioFormat, bytesPerMs, rateOf, toBytes, transcode } from "./audio.ts";
import { chime } from "./chime.ts";
import type { StoredItem } from "./conversation.ts";
import type { HeardTurn } from "./input.ts";
import type { Mind, Speech } from "./plan.ts";

/** Greets with a chime and says back what it hears. */
export const echo: Mind = {
  respond: ({ unanswered, format }) => ({
    pieces: [answerTo(unanswered, format)],
    delayMs: 0,
    end: { type: "completed" },
  }),
};

/** What there is to say to the caller's last turn: the same again, or a chime when nothing was said. */
function answerTo(item: StoredItem | undefined, format: AudioFormat): Speech {
  const heard = item?.heard;
  if (!heard || heard.speech.length === 0) {
    return { type: "speech", audio: toBytes(format, chime(rateOf(format))), transcript: "(a chime)" };
  }
  return {
    type: "speech",
    audio: transcode(heard.speech, heard.format, format),
    transcript: `You said: ${transcriptOf(heard)}`,
  };
}

/** All a stand-in can tell of what it heard: how long it was. */
export function transcriptOf({ speech, format }: HeardTurn): string {
  return `(${(speech.length / bytesPerMs(format) / 1000).toFixed(1)} s of speech)`;
}
