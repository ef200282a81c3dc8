import { BYTES_PER_MS } from "../../src/audio/line_format.js";

/** Samples that must be equal to recognize a place of the answer. */
const WINDOW = 160;
/** What a resume may repeat, with a margin to notice more than that (ms). */
const SEARCH_MS = 2_000;

/** What the caller heard of an answer, by comparing samples. */
export interface HeardAnswer {
  /** Where the answer begins and ends in what was heard (ms); NaN if nothing of it was heard. */
  readonly startMs: number;
  readonly endMs: number;
  /** How much of the answer was heard from its start on without a gap (ms). */
  readonly heardMs: number;
  readonly complete: boolean;
  /** Most that one resume repeated, and skipped (ms). */
  readonly repeatedMs: number;
  readonly skippedMs: number;
  /** Silences of more than 40 ms within the answer, after the sound: when each began, and its length (ms). */
  readonly gaps: readonly { readonly atMs: number; readonly ms: number }[];
  /** When the first sound came that is not of the answer (ms); undefined if there is none. */
  readonly otherMs: number | undefined;
}

/** µ-law without zeros: any silence that a caller hears is then not of this audio. */
export function withoutSilence(mulaw: Uint8Array, random: () => number): Uint8Array {
  return mulaw.map((code) => (code & 0x7f) === 0x7f ? (random() < 0.5 ? 0xfe : 0x7e) : code);
}

/**
 * @param heard Samples that the caller heard.
 * @param answer The samples of {@linkcode withoutSilence}.
 * @param soundMs When the caller made the sound.
 */
export function compareWithAnswer(heard: Int16Array, answer: Int16Array, soundMs: number): HeardAnswer {
  let place = 0, at = heard.findIndex((sample) => sample !== 0);
  const startMs = at < 0 ? NaN : at / BYTES_PER_MS;
  let end = at, repeated = 0, skipped = 0, furthest = 0, other: number | undefined;
  const gaps: { atMs: number; ms: number }[] = [];
  while (at >= 0 && at < heard.length) {
    if (heard[at] === answer[place]) {
      place++;
      end = ++at;
      furthest = Math.max(furthest, place);
      continue;
    }
    const silentFrom = at;
    while (at < heard.length && heard[at] === 0) at++;
    if (at >= heard.length) break;
    const next = find(answer, heard, at, place);
    if (next === undefined) {
      other ??= at;
      break;
    }
    const silentMs = (at - silentFrom) / BYTES_PER_MS;
    const atMs = silentFrom / BYTES_PER_MS;
    if (silentMs > 40 && atMs > soundMs) gaps.push({ atMs, ms: silentMs });
    repeated = Math.max(repeated, place - next);
    skipped = Math.max(skipped, next - place);
    place = next;
  }
  return {
    startMs,
    endMs: end / BYTES_PER_MS,
    heardMs: furthest / BYTES_PER_MS,
    complete: furthest === answer.length,
    repeatedMs: repeated / BYTES_PER_MS,
    skippedMs: skipped / BYTES_PER_MS,
    gaps,
    otherMs: other === undefined ? undefined : other / BYTES_PER_MS,
  };
}

/** The place of the answer, nearest to `near`, that is heard from `at` on. */
function find(answer: Int16Array, heard: Int16Array, at: number, near: number): number | undefined {
  const length = Math.min(WINDOW, heard.length - at);
  const matches = (place: number) => {
    for (let i = 0; i < length; i++) if (answer[place + i] !== heard[at + i]) return false;
    return true;
  };
  for (let distance = 0; distance <= SEARCH_MS * BYTES_PER_MS; distance++) {
    if (near - distance >= 0 && matches(near - distance)) return near - distance;
    if (matches(near + distance)) return near + distance;
  }
  return undefined;
}
