import type { Assistant } from "./assistant.ts";

/** The languages an assistant can go on in, its first one before the others. */
export function languagesOf({ language, languages }: Assistant): string[] {
  return [...new Set([...(language === undefined ? [] : [language]), ...languages.map(({ code }) => code)])];
}

/**
 * The assistant as it is in one of its languages: its voice, greeting and consent, instructions added, told to speak it, and heard in
 * it. Give it the assistant as it was read. Without `code`, or with one it does not have, its first language; an assistant that names none is left as it is.
 */
export function inLanguage(assistant: Assistant, code = assistant.language): Assistant {
  const spoken = languagesOf(assistant).find((each) => each === code) ?? assistant.language;
  if (spoken === undefined) return assistant;
  const { voice, greeting, instructions, consent } =
    assistant.languages.find(({ code }) => code === spoken) ?? {};
  return Object.freeze({
    ...assistant,
    language: spoken,
    voice: voice ?? assistant.voice,
    greeting: greeting ?? assistant.greeting,
    instructions: [assistant.instructions, instructions, `Speak ${nameOf(spoken)}.`]
      .filter((part) => part !== undefined).join("\n\n"),
    transcription: hearing(assistant, spoken),
    ...(assistant.recording && consent !== undefined ? { recording: { consent, language: spoken } } : {}),
  });
}

/** A language that is set for the transcription is that of the assistant's first one. */
function hearing({ transcription, language }: Assistant, spoken: string): Assistant["transcription"] {
  if (transcription === "off") return transcription;
  const { language: set, ...rest } = transcription;
  if (set !== undefined && spoken === language) return transcription;
  const [iso = ""] = spoken.split("-");
  // The transcription knows ISO 639-1 only: two letters.
  return Object.freeze(iso.length === 2 ? { ...rest, language: iso } : rest);
}

const NAMES = new Intl.DisplayNames(["en"], { type: "language" });

/** `es-MX` is Mexican Spanish. */
function nameOf(code: string): string {
  return NAMES.of(code) ?? code;
}
