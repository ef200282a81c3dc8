/** The languages of `<Say>`. Source: twilio 6.2.0, VoiceResponse.SayLanguage */
// deno-fmt-ignore
export const SAY_LANGUAGES = [
  "af-ZA", "am-ET", "ar-AE", "ar-XA", "arb", "bg-BG", "bn-IN", "ca-ES", "cmn-CN", "cmn-TW", "cs-CZ", "cy-GB",
  "da-DK", "de-AT", "de-DE", "el-GR", "en-AU", "en-CA", "en-GB", "en-GB-WLS", "en-IE", "en-IN", "en-NZ",
  "en-US", "en-ZA", "es-ES", "es-MX", "es-US", "fi-FI", "fil-PH", "fr-CA", "fr-FR", "fr-BE", "gu-IN", "he-IL",
  "hi-IN", "hu-HU", "id-ID", "is-IS", "it-IT", "ja-JP", "kn-IN", "ko-KR", "lv-LV", "ml-IN", "mr-IN", "ms-MY",
  "nb-NO", "nl-BE", "nl-NL", "pa-IN", "pl-PL", "pt-BR", "pt-PT", "ro-RO", "ru-RU", "sk-SK", "sr-RS", "sv-SE",
  "ta-IN", "te-IN", "th-TH", "tr-TR", "uk-UA", "vi-VN", "yue-HK", "zh-CN", "zh-HK", "zh-TW",
] as const;
export type SayLanguage = (typeof SAY_LANGUAGES)[number];

/** The usual variety of languages with more than one. */
const USUAL: Readonly<Record<string, SayLanguage | undefined>> = {
  ar: "arb",
  cmn: "cmn-CN",
  de: "de-DE",
  en: "en-US",
  es: "es-ES",
  fr: "fr-FR",
  nl: "nl-NL",
  no: "nb-NO",
  pt: "pt-BR",
  tl: "fil-PH",
  zh: "zh-CN",
};

/**
 * The language of `<Say>` that is nearest to a BCP 47 code, because codes such as `es` are not among Twilio's; undefined when
 * Twilio has none.
 */
export function sayLanguage(code: string): SayLanguage | undefined {
  const same = SAY_LANGUAGES.find((each) => each.toLowerCase() === code.toLowerCase());
  if (same) return same;
  const [language = "", region] = code.toLowerCase().split("-");
  // Spanish of any American country is nearer to es-US than to es-ES.
  if (language === "es" && region !== undefined) return "es-US";
  return USUAL[language] ?? SAY_LANGUAGES.find((each) => each.split("-")[0] === language);
}
