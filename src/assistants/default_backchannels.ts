/** What a listener says without taking the turn, in any language. */
const ANY_LANGUAGE = ["mhm", "mm", "mm hmm", "hm", "hmm", "uh huh", "aha", "ah", "oh", "ok", "okay"];

/** The same, by language (ISO 639-1). None may be a whole answer of its own, such as "no". */
const BY_LANGUAGE: Readonly<Record<string, readonly string[]>> = {
  ar: ["نعم", "أيوه", "طيب", "تمام"],
  cs: ["jo", "ano", "dobře", "jasně"],
  da: ["ja", "nå", "nemlig", "klart"],
  de: ["ja", "ja ja", "jap", "genau", "achso", "ach so", "stimmt", "gut", "alles klar", "verstehe"],
  en: ["yeah", "yes", "yep", "yup", "right", "sure", "i see", "got it", "all right", "alright", "cool"],
  es: ["sí", "ya", "claro", "vale", "ajá", "bueno", "entiendo", "de acuerdo"],
  fi: ["joo", "niin", "kyllä", "selvä"],
  fr: ["oui", "ouais", "d'accord", "voilà", "ah bon", "je vois", "bien sûr"],
  hi: ["हाँ", "हां", "अच्छा", "ठीक है", "जी"],
  it: ["sì", "certo", "va bene", "d'accordo", "esatto", "capisco", "ho capito"],
  ja: ["はい", "はいはい", "ええ", "うん", "うんうん", "そうですね", "なるほど"],
  ko: ["네", "네네", "예", "응", "그렇군요"],
  nl: ["ja", "ja ja", "jawel", "klopt", "precies", "oké", "goed", "snap ik"],
  no: ["ja", "akkurat", "riktig", "greit"],
  pl: ["tak", "no tak", "jasne", "dobrze", "rozumiem"],
  pt: ["sim", "pois", "claro", "tá", "está bem", "certo", "entendi"],
  ru: ["да", "угу", "ага", "так", "понятно", "хорошо"],
  sv: ["ja", "jo", "just det", "precis", "okej"],
  tr: ["evet", "hı hı", "tamam", "anladım"],
  uk: ["так", "угу", "ага", "добре", "зрозуміло"],
  zh: ["嗯", "嗯嗯", "对", "对对", "是", "是的", "好", "好的"],
};

/**
 * The backchannels of some languages.
 *
 * @param languages BCP 47. Without any, those of every language: the caller's is not known.
 */
export function defaultBackchannels(languages: readonly string[]): string[] {
  const codes = languages.length > 0
    ? languages.map((language) => language.split("-", 1)[0] ?? "")
    : Object.keys(BY_LANGUAGE);
  return [...new Set([...ANY_LANGUAGE, ...codes.flatMap((code) => BY_LANGUAGE[code] ?? [])])];
}
