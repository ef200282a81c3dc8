import { assertEquals } from "@std/assert";
import type twilio from "twilio";
import { SAY_LANGUAGES, sayLanguage } from "../../src/twilio/say_language.ts";
import { load } from "../assistants/support.ts";

type SayLanguage = NonNullable<
  NonNullable<Parameters<InstanceType<typeof twilio.twiml.VoiceResponse>["say"]>[0]>["language"]
>;

// Checked by the type checker: neither list has a language that the other lacks.
const ours: readonly SayLanguage[] = SAY_LANGUAGES;
type Missing = Exclude<SayLanguage, (typeof SAY_LANGUAGES)[number]>;
const missing: [Missing] extends [never] ? true : Missing = true;

Deno.test("SAY_LANGUAGES are those of the twilio package", () => {
  assertEquals([ours.length, missing], [new Set(ours).size, true]);
});

Deno.test("sayLanguage() returns the nearest language that Twilio can speak, or undefined", () => {
  const cases: Record<string, string | undefined> = {
    "es-MX": "es-MX",
    "es-mx": "es-MX",
    es: "es-ES",
    "es-419": "es-US",
    "es-CO": "es-US",
    en: "en-US",
    "en-JM": "en-US",
    pt: "pt-BR",
    de: "de-DE",
    "de-CH": "de-DE",
    zh: "zh-CN",
    ar: "arb",
    no: "nb-NO",
    sw: undefined,
    eo: undefined,
  };
  for (const [code, language] of Object.entries(cases)) assertEquals(sayLanguage(code), language, code);
});

Deno.test("loadAssistants() warns of an announcement in a language that Twilio cannot speak", () => {
  const { warnings } = load({
    assistants: {
      one: {
        language: "sw",
        recording: { consent: "Simu hii inarekodiwa." },
        languages: {
          eo: { key: "1", offer: "Por Esperanto, premu unu." },
          de: { key: "2", offer: "Deutsch: zwei." },
        },
      },
    },
  });
  assertEquals(warnings.map((warning) => warning.replace(/^\S+ /, "")), [
    'assistants.one.recording: Twilio has no voice for "sw", so an English voice speaks the announcement',
    'assistants.one.languages.eo: Twilio has no voice for "eo", so an English voice speaks the announcement',
  ]);
});
