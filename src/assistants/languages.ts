import type { Assistant, Language } from "./assistant.ts";

/** The languages of an assistant (BCP 47), starting with its first language. */
export function languagesOf({ language, languages }: Assistant): string[] {
  return [...new Set([...(language === undefined ? [] : [language]), ...languages.map(({ code }) => code)])];
}

/**
 * Applies a language to an assistant: voice, greeting, consent, added instructions, and the language of
 * transcription.
 *
 * @param assistant As loaded from the file, not already changed by this function.
 * @param code One of its languages; any other value selects its first language. Without a first language,
 * nothing changes.
 */
export function localizeAssistant(assistant: Assistant, code = assistant.language): Assistant {
  const spoken = languagesOf(assistant).find((each) => each === code) ?? assistant.language;
  if (spoken === undefined) return assistant;
  const entry: Partial<Language> = assistant.languages.find(({ code }) => code === spoken) ?? {};
  const { voice, greeting, instructions, consent } = entry;
  return Object.freeze({
    ...assistant,
    language: spoken,
    voice: voice ?? assistant.voice,
    greeting: greeting ?? assistant.greeting,
    ...localizeSpeech(assistant, entry, spoken),
    instructions: [assistant.instructions, instructions, `Speak ${languageName(spoken)}.`]
      .filter((part) => part !== undefined).join("\n\n"),
    transcription: localizeTranscription(assistant, spoken),
    ...(assistant.recording && consent !== undefined ? { recording: { consent, language: spoken } } : {}),
  });
}

/** Recorded speech is in the first language, unless the entry of a language has its own. */
function localizeSpeech(
  { language, ...assistant }: Assistant,
  entry: Partial<Language>,
  spoken: string,
): Pick<Assistant, "greetingAudio" | "disclosure"> {
  const { greetingAudio, disclosure } = assistant;
  const isFirst = spoken === language;
  const hasOwnAudio = typeof greetingAudio === "object";
  return {
    greetingAudio: entry.greetingAudio ??
      (hasOwnAudio && (!isFirst || entry.greeting !== undefined) ? undefined : greetingAudio),
    disclosure: entry.disclosure ??
      (typeof disclosure === "object" && !isFirst ? disclosure.text : disclosure),
  };
}

/** `transcription.language` in the file applies to the first language only. */
function localizeTranscription(
  { transcription, language }: Assistant,
  spoken: string,
): Assistant["transcription"] {
  if (transcription === "off") return transcription;
  const { language: configured, ...rest } = transcription;
  if (configured !== undefined && spoken === language) return transcription;
  const [iso = ""] = spoken.split("-");
  // Transcription models accept ISO 639-1 codes only: two letters.
  return Object.freeze(iso.length === 2 ? { ...rest, language: iso } : rest);
}

const NAMES = new Intl.DisplayNames(["en"], { type: "language" });

/** `Mexican Spanish` for `es-MX`. */
function languageName(code: string): string {
  return NAMES.of(code) ?? code;
}
