import { assert, assertEquals } from "@std/assert";
import { languagesOf, localizeAssistant } from "../../src/assistants/languages.ts";
import { loadOne } from "./support.ts";

const ENTRY = {
  instructions: "Be kind.",
  greeting: "Greet.",
  voice: "marin",
  language: "en",
  transcription: { language: "en", prompt: "P" },
  languages: {
    es: { voice: "cedar", greeting: "Saluda.", instructions: "Use usted.", key: "2", offer: "Oprima dos." },
    "pt-BR": {},
    en: { key: "1", offer: "Press one." },
    haw: {},
  },
};

Deno.test("localizeAssistant() applies voice, greeting, instructions and transcription language", () => {
  const assistant = loadOne(ENTRY);
  const in_ = (code?: string) => {
    const { language, voice, greeting, instructions, transcription } = localizeAssistant(assistant, code);
    return [language, voice, greeting, instructions, transcription];
  };
  const heard = (language: string) => ({ model: "gpt-transcribe", prompt: "P", language });
  const english = ["en", "marin", "Greet.", "Be kind.\n\nSpeak English.", heard("en")];
  assertEquals(in_("es"), [
    "es",
    "cedar",
    "Saluda.",
    "Be kind.\n\nUse usted.\n\nSpeak Spanish.",
    heard("es"),
  ]);
  assertEquals(in_("pt-BR"), [
    "pt-BR",
    "marin",
    "Greet.",
    "Be kind.\n\nSpeak Brazilian Portuguese.",
    heard("pt"),
  ]);
  assertEquals(in_("haw"), [
    "haw",
    "marin",
    "Greet.",
    "Be kind.\n\nSpeak Hawaiian.",
    { model: "gpt-transcribe", prompt: "P" },
  ]);
  assertEquals(in_(), english);
  for (const unknown of ["xx", "constructor", ""]) assertEquals(in_(unknown), english, unknown);
  assert(Object.isFrozen(localizeAssistant(assistant, "es")));
  assertEquals(languagesOf(assistant), ["en", "es", "pt-BR", "haw"]);
});

Deno.test("localizeAssistant() keeps the transcription setting of the first language, and off in all languages", () => {
  const swiss = loadOne({ ...ENTRY, language: "de-CH", transcription: { language: "fr" } });
  assertEquals(localizeAssistant(swiss).transcription, { model: "gpt-transcribe", language: "fr" });
  assertEquals(localizeAssistant(swiss, "es").transcription, { model: "gpt-transcribe", language: "es" });
  assertEquals(localizeAssistant(loadOne({ ...ENTRY, transcription: "off" }), "es").transcription, "off");
});

Deno.test("localizeAssistant() changes nothing without a first language, until a language is chosen", () => {
  const { language: _, ...entry } = ENTRY;
  const assistant = loadOne(entry);
  assertEquals(localizeAssistant(assistant), assistant);
  assertEquals(localizeAssistant(assistant, "xx"), assistant);
  assertEquals(localizeAssistant(assistant, "es").voice, "cedar");
});

Deno.test("languages have a choice if they have a key and an offer", () => {
  const { languages } = loadOne(ENTRY);
  assertEquals(languages.map(({ code, choice }) => [code, choice]), [
    ["es", { key: "2", offer: "Oprima dos." }],
    ["pt-BR", undefined],
    ["en", { key: "1", offer: "Press one." }],
    ["haw", undefined],
  ]);
});
