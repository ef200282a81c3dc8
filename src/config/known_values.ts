/** Models, voices and key shapes that Parley knows, to find mistakes before the first call. */

import { nearestName } from "../nearest_name.ts";

/** The host whose models and voices are known; other servers have their own. */
const OPENAI_HOST = "api.openai.com";

/** Source: openai 7.55.0, RealtimeAudioConfigOutput.voice */
const VOICES = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"];
/** Speech-to-speech models. Source: openai 7.55.0, RealtimeSessionCreateRequest.model */
const MODELS = [
  "gpt-realtime-2.1",
  "gpt-realtime-2.1-mini",
  "gpt-realtime-2",
  "gpt-realtime-1.5",
  "gpt-realtime",
  "gpt-realtime-mini",
];
/** Models of other kinds, and the preview models, which were shut down on 2026-05-07. */
const NOT_SPEAKING = /^(gpt-4|gpt-3|gpt-audio|o\d|whisper|tts|dall|text-|gpt-.*transcribe)/;
/** Shut down on 2027-01-20. Source: https://developers.openai.com/api/docs/deprecations */
const RETIRING = /^gpt-realtime(-mini)?(-2025-08-28|-2025-12-15)?$/;

/** A possible mistake in a value; `certain` if the value cannot be right. */
export interface NameProblem {
  readonly text: string;
  readonly certain: boolean;
}

/** Whether OpenAI itself serves this Realtime URL. */
export function isOpenAi(realtimeUrl: string | undefined): boolean {
  return realtimeUrl !== undefined && new URL(realtimeUrl).hostname === OPENAI_HOST;
}

/** Finds a mistake in the name of an OpenAI model. */
export function findModelProblem(model: string): NameProblem | undefined {
  const problem = `found ${JSON.stringify(model)}`;
  if (NOT_SPEAKING.test(model)) {
    return {
      certain: true,
      text: `${problem}, which is not a speech-to-speech model in service; use ${MODELS[0]}`,
    };
  }
  if (RETIRING.test(model)) {
    return { certain: false, text: `${problem}, which OpenAI shuts down on 2027-01-20; use ${MODELS[0]}` };
  }
  if (MODELS.includes(model.replace(/-\d{4}-\d\d-\d\d$/, "")) || model.startsWith("gpt-live-")) {
    return undefined;
  }
  return unknownNameProblem(problem, model, MODELS);
}

/** Finds a mistake in the name of an OpenAI voice. Ids of custom voices are accepted. */
export function findVoiceProblem(voice: string): NameProblem | undefined {
  if (VOICES.includes(voice) || voice.startsWith("voice_")) return undefined;
  return unknownNameProblem(`found ${JSON.stringify(voice)}`, voice, VOICES);
}

/** A name that resembles a known one is certainly misspelled; any other may be new. */
function unknownNameProblem(problem: string, name: string, knownNames: readonly string[]): NameProblem {
  const suggestion = nearestName(name, knownNames, 2);
  return suggestion === undefined
    ? {
      certain: false,
      text: `${problem}, which OpenAI did not list on 2026-11-21; known: ${knownNames.join(", ")}`,
    }
    : { certain: true, text: `${problem}, which OpenAI does not list; did you mean ${suggestion}?` };
}
