import { chime } from "./chime.ts";
import { type AudioFormat, bytesPerMs, rateOf, toBytes, transcode } from "./audio.ts";
import type { StoredItem } from "./conversation.ts";
import type { HeardTurn } from "./input.ts";
import type { Speech } from "./response.ts";

/** What there is to say to the caller's last turn: the same again, or a chime when nothing was said. */
export function answerTo(item: StoredItem | undefined, format: AudioFormat): Speech {
  const heard = item?.heard;
  if (!heard || heard.speech.length === 0) {
    return { audio: toBytes(format, chime(rateOf(format))), transcript: "(a chime)" };
  }
  return {
    audio: transcode(heard.speech, heard.format, format),
    transcript: `You said: ${transcriptOf(heard)}`,
  };
}

/** All a stand-in can tell of what it heard: how long it was. */
export function transcriptOf({ speech, format }: HeardTurn): string {
  return `(${(speech.length / bytesPerMs(format) / 1000).toFixed(1)} s of speech)`;
}
