import { createHash } from "node:crypto";
import { placeholderNames } from "../placeholders.ts";
import type { Assistant, SpeechFile } from "./assistant.ts";
import { callInterruptions } from "./assistant_interruptions.ts";
import type { CallAssistant, Persona, RecordedSpeech, SpokenAudio } from "./call_assistant.ts";
import { recordedAudio } from "./recorded_audio.ts";

/** Greetings as the model spoke them. */
export interface GreetingCache {
  find(key: string): SpokenAudio | undefined;
  add(key: string, greeting: SpokenAudio): void;
}

export interface CallGreetingOptions {
  /** In the language in which the call begins. */
  readonly assistant: Assistant;
  readonly persona: Persona;
  /** Whether the model knows something of the call that other calls do not have. */
  readonly isParticular: boolean;
  readonly cache: GreetingCache | undefined;
}

/** How a call begins: what is played, and what the model is asked to say after it. */
export function callGreeting(
  { assistant, persona: { session, greeting }, isParticular, cache }: CallGreetingOptions,
): Pick<CallAssistant, "greeting" | "recordedSpeech" | "keepGreeting" | "interruptions"> {
  const { disclosure, greetingAudio, language } = assistant;
  const interruptions = callInterruptions(assistant);
  const first = typeof disclosure === "object" ? readRecorded(disclosure) : undefined;
  const before: RecordedSpeech[] = first ? [{ part: "disclosure", ...first, isProtected: true }] : [];
  const byModel = { greeting, recordedSpeech: before, interruptions };
  const recorded = (speech: SpokenAudio) => ({
    greeting: "",
    recordedSpeech: [
      ...before,
      { part: "greeting", ...speech, isProtected: interruptions.protectGreeting } as const,
    ],
    // The recorded speech has a protection of its own, and what the model says is not the greeting.
    interruptions: { ...interruptions, protectGreeting: false },
  });
  if (typeof greetingAudio === "object") {
    const speech = readRecorded(greetingAudio);
    return speech ? recorded(speech) : byModel;
  }
  const mayCache = greetingAudio === "cache" && greeting !== "" && !isParticular &&
    greetingVariables(assistant).length === 0;
  if (!cache || !mayCache) return byModel;
  // Everything on which the sound of the greeting depends.
  const { url, model, voice, speed, instructions } = session;
  const key = createHash("sha256")
    .update(JSON.stringify([url, model, voice, speed, language, instructions, greeting])).digest("hex");
  const cached = cache.find(key);
  return cached ? recorded(cached) : { ...byModel, keepGreeting: (spoken) => cache.add(key, spoken) };
}

/** Names of the placeholders on which the words of the greeting may depend. */
export function greetingVariables(
  { instructions, greeting, disclosure }: Pick<Assistant, "instructions" | "greeting" | "disclosure">,
): string[] {
  return placeholderNames({ instructions, greeting, disclosure });
}

function readRecorded(speech: SpeechFile): SpokenAudio | undefined {
  const audio = recordedAudio(speech);
  return audio && { text: speech.text, audio };
}
