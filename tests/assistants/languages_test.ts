import { assert, assertEquals } from "@std/assert";
import { inLanguage, languagesOf } from "../../src/assistants/languages.ts";
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

Deno.test("an assistant in a language has its voice and greeting, speaks it, and is heard in it", () => {
  const assistant = loadOne(ENTRY);
  const in_ = (code?: string) => {
    const { language, voice, greeting, instructions, transcription } = inLanguage(assistant, code);
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
  assert(Object.isFrozen(inLanguage(assistant, "es")));
  assertEquals(languagesOf(assistant), ["en", "es", "pt-BR", "haw"]);
});

Deno.test("what was set for the transcription of the first language is kept, and off stays off", () => {
  const swiss = loadOne({ ...ENTRY, language: "de-CH", transcription: { language: "fr" } });
  assertEquals(inLanguage(swiss).transcription, { model: "gpt-transcribe", language: "fr" });
  assertEquals(inLanguage(swiss, "es").transcription, { model: "gpt-transcribe", language: "es" });
  assertEquals(inLanguage(loadOne({ ...ENTRY, transcription: "off" }), "es").transcription, "off");
});

Deno.test("an assistant that names no language is left as it is, until one is chosen", () => {
  const { language: _, ...entry } = ENTRY;
  const assistant = loadOne(entry);
  assertEquals(inLanguage(assistant), assistant);
  assertEquals(inLanguage(assistant, "xx"), assistant);
  assertEquals(inLanguage(assistant, "es").voice, "cedar");
});

Deno.test("the choice before the assistant speaks is a key and a sentence", () => {
  const { languages } = loadOne(ENTRY);
  assertEquals(languages.map(({ code, choice }) => [code, choice]), [
    ["es", { key: "2", offer: "Oprima dos." }],
    ["pt-BR", undefined],
    ["en", { key: "1", offer: "Press one." }],
    ["haw", undefined],
  ]);
});
