/** Longest phrase of a list (words). */
const MAX_PHRASE = 3;

/** Makes phrases comparable: no case, accents or punctuation, and no letter more than twice in a row. */
export function normalizePhrase(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ").replaceAll(/(.)\1{2,}/gu, "$1$1").trim();
}

/** Normalizes a list of phrases for {@linkcode isBackchannel}. */
export function backchannelSet(phrases: Iterable<string>): ReadonlySet<string> {
  return new Set(Array.from(phrases, normalizePhrase).filter((phrase) => phrase !== ""));
}

/**
 * Whether a text consists only of listed phrases, such as "Mhm, mhm." or "Yeah, okay".
 *
 * @param list From {@linkcode backchannelSet}.
 */
export function isBackchannel(text: string, list: ReadonlySet<string>): boolean {
  const words = normalizePhrase(text).split(" ").filter((word) => word !== "");
  if (words.length === 0) return false;
  for (let at = 0; at < words.length;) {
    let length = MAX_PHRASE;
    while (length > 0 && !list.has(words.slice(at, at + length).join(" "))) length--;
    if (length === 0) return false;
    at += length;
  }
  return true;
}
