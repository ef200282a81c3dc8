import type { Turn } from "../../records/call_record.ts";

/** The last lines with at most `maxLength` characters in total. If the last line alone is longer, its end. */
export function lastLines(lines: readonly string[], maxLength: number): string {
  let first = lines.length - 1;
  let length = lines[first]?.length ?? 0;
  while (first > 0 && length + 1 + (lines[first - 1]?.length ?? 0) <= maxLength) {
    length += 1 + (lines[--first]?.length ?? 0);
  }
  const text = lines.slice(Math.max(0, first)).join("\n").slice(-maxLength);
  // Never from the middle of a character.
  return text.replace(/^[\uDC00-\uDFFF]/, "");
}

/** Finds words in any language, also in those without spaces. */
const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });

/** Splits an interrupted text in proportion to the audio heard, after the last word that was heard whole. */
export function splitAtHeard(
  { text = "", interrupted, heardMs = 0, totalMs = 0 }: Omit<Partial<Turn>, "speaker">,
): { text: string; unheard: string } {
  if (!interrupted || heardMs > 0 && heardMs >= totalMs) return { text, unheard: "" };
  const length = heardMs > 0 ? Math.floor(text.length * heardMs / totalMs) : 0;
  let end = 0;
  for (const { index, segment, isWordLike } of WORDS.segment(text)) {
    if (index > length) break;
    // Punctuation belongs to the word before it.
    if (isWordLike || segment.trim() === "") end = index;
  }
  return { text: text.slice(0, end).trimEnd(), unheard: text.slice(end).trimStart() };
}
