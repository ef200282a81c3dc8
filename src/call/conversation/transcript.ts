import type { Span, Turn } from "../../records/call_record.ts";
import type { TurnLatency } from "../../telemetry/turn_latency.ts";
import type { CallEventStream } from "../call_event_stream.ts";

/** Prefix of the ids of notes; the model's items have other ids. */
const NOTE = "parley-note-";
/** Most of a conversation that the next session is given (characters): about 1,500 tokens. */
const MAX_TEXT = 6_000;

interface Item {
  speaker: Turn["speaker"] | undefined;
  atMs: number;
  text: string | undefined;
  /** Whether the text is complete. */
  done: boolean;
  heardMs?: number;
  totalMs?: number;
  interrupted?: true;
  latency?: TurnLatency;
  spoken?: Span;
  generated?: Span;
  played?: Span;
}

/** A turn while the call runs. */
export interface LiveTurn extends Turn {
  readonly id: string;
  /** The transcript so far. */
  readonly text: string;
  readonly done: boolean;
}

/**
 * The turns of a call, in the order of the conversation: transcripts arrive late, the caller's often after the answer.
 * `docs/design/records.md` has the rules. Times are milliseconds from the stream's start. Emits "turn changed".
 */
export class Transcript {
  readonly #items = new Map<string, Item>();
  /** Ids of all items, including notes and function calls. */
  readonly #order: string[] = [];
  readonly #events: CallEventStream;
  #notes = 0;

  constructor(events: CallEventStream) {
    this.#events = events;
  }

  /**
   * Adds an item of the model's conversation, or moves a known one to its place.
   *
   * @param previous Id of the item before it, if any.
   * @param speaker Missing for a note or a function call.
   */
  addItem(
    itemId: string,
    previous: string | undefined,
    speaker: Turn["speaker"] | undefined,
    atMs: number,
  ): void {
    const oldIndex = this.#order.indexOf(itemId);
    if (oldIndex >= 0) this.#order.splice(oldIndex, 1);
    let place = previous === undefined ? -1 : this.#order.indexOf(previous);
    // Notes added after the previous item were added before this one.
    while (place >= 0 && this.#order[place + 1]?.startsWith(NOTE)) place++;
    this.#order.splice(place < 0 ? this.#order.length : place + 1, 0, itemId);
    const item = this.#items.get(itemId);
    if (item) item.speaker = speaker;
    else this.#items.set(itemId, { speaker, atMs, text: undefined, done: false });
    this.#emit(itemId);
  }

  appendText(itemId: string, speaker: Turn["speaker"], delta: string, atMs: number): void {
    const item = this.#item(itemId, speaker, atMs);
    if (item.done) return;
    item.text = (item.text ?? "") + delta;
    this.#emit(itemId);
  }

  /** Sets an item's complete text. */
  setText(itemId: string, speaker: Turn["speaker"], text: string, atMs: number): void {
    const item = this.#item(itemId, speaker, atMs);
    item.text = text.trim();
    item.done = true;
    this.#emit(itemId);
  }

  /** Adds a note to the model that nobody said. */
  addNote(text: string, atMs: number): void {
    const itemId = `${NOTE}${++this.#notes}`;
    this.#order.push(itemId);
    this.#items.set(itemId, { speaker: undefined, atMs, text, done: true });
  }

  /** Whether an item's complete text is known, and not empty. */
  hasText(itemId: string): boolean {
    const { text = "", done } = this.#items.get(itemId) ?? {};
    return done === true && text !== "";
  }

  /**
   * Removes a turn of the caller's whose audio is given to another session again.
   *
   * @returns whether it was removed.
   */
  revert(itemId: string): boolean {
    const item = this.#items.get(itemId);
    if (!item) return false;
    item.done = true;
    this.#emit(itemId);
    this.#items.delete(itemId);
    return true;
  }

  /** Sets when the caller started or stopped speaking. */
  setSpoken(itemId: string, edge: Partial<Span>, atMs: number): void {
    const item = this.#item(itemId, "caller", atMs);
    item.spoken = { ...item.spoken ?? { fromMs: atMs, toMs: atMs }, ...edge };
  }

  /** Audio of an item arrived from the model. */
  generated(itemId: string, atMs: number): void {
    const item = this.#item(itemId, "assistant", atMs);
    item.generated = { fromMs: item.generated?.fromMs ?? atMs, toMs: atMs };
  }

  /** Audio of an item was sent to the caller, or has been heard until now. */
  played(itemId: string, atMs: number): void {
    const item = this.#items.get(itemId);
    if (item) item.played = { fromMs: item.played?.fromMs ?? atMs, toMs: atMs };
  }

  /** Sets how much of an item's audio the caller heard (ms), and whether it was interrupted now. */
  heard(itemId: string, heardMs: number, totalMs: number, interrupted: boolean, atMs: number): void {
    const item = this.#item(itemId, "assistant", atMs);
    item.heardMs = heardMs;
    item.totalMs = totalMs;
    if (interrupted) {
      item.interrupted = true;
      this.played(itemId, atMs);
    }
    this.#emit(itemId);
  }

  setLatency(itemId: string, latency: TurnLatency, atMs: number): void {
    this.#item(itemId, "assistant", atMs).latency = latency;
  }

  /** Whether anything was said and heard. */
  get hasSpeech(): boolean {
    return this.#items.values().some((item) => item.speaker && item.text && wasHeard(item));
  }

  /** The last turns and notes, as text for the model; empty when the call has none. */
  get text(): string {
    const lines = this.#order.map((itemId) => this.#items.get(itemId)).flatMap((item) => {
      if (!item || !wasHeard(item)) return [];
      const { text } = splitAtHeard(item);
      const speaker = item.speaker === "caller" ? "Caller" : item.speaker === "assistant" ? "You" : "Note";
      return text === "" ? [] : [`${speaker}: ${text}`];
    });
    return lastLines(lines, MAX_TEXT);
  }

  /** All turns, for the record, without answers the caller heard nothing of. */
  get turns(): Turn[] {
    return this.#order.map((itemId) => this.#items.get(itemId)).flatMap((item) =>
      item?.speaker && wasHeard(item) ? [turnOf(item, item.speaker)] : []
    );
  }

  /** All turns, for watchers of the call. */
  get liveTurns(): LiveTurn[] {
    return this.#order.flatMap((itemId) => this.#liveTurn(itemId) ?? []);
  }

  #item(itemId: string, speaker: Turn["speaker"], atMs: number): Item {
    const existing = this.#items.get(itemId);
    if (existing) {
      existing.speaker ??= speaker;
      return existing;
    }
    this.addItem(itemId, undefined, speaker, atMs);
    return this.#item(itemId, speaker, atMs);
  }

  #emit(itemId: string): void {
    const turn = this.#liveTurn(itemId);
    if (turn) this.#events.emit({ type: "turn changed", turn });
  }

  #liveTurn(itemId: string): LiveTurn | undefined {
    const item = this.#items.get(itemId);
    if (!item?.speaker) return undefined;
    const previous = this.#order.slice(0, this.#order.indexOf(itemId)).findLast((id) => !id.startsWith(NOTE));
    const { text, unheard } = splitAtHeard(item);
    return {
      ...turnOf(item, item.speaker),
      id: itemId,
      ...(previous === undefined ? {} : { previous }),
      text,
      done: item.done,
      ...(unheard === "" ? {} : { unheard }),
    };
  }
}

function turnOf(item: Item, speaker: Turn["speaker"]): Turn {
  const { text, atMs, heardMs, totalMs, interrupted, latency, spoken, generated, played } = item;
  return {
    speaker,
    ...(text === undefined ? {} : { text: splitAtHeard(item).text }),
    atMs,
    ...(heardMs === undefined ? {} : { heardMs }),
    ...(totalMs === undefined ? {} : { totalMs }),
    ...(interrupted ? { interrupted } : {}),
    ...(latency ? { latency } : {}),
    ...(spoken ? { spoken } : {}),
    ...(generated ? { generated } : {}),
    ...(played ? { played } : {}),
  };
}

/** The last lines that have at most `maxLength` characters together; of one that is longer, its end. */
function lastLines(lines: readonly string[], maxLength: number): string {
  let first = lines.length - 1;
  let length = lines[first]?.length ?? 0;
  while (first > 0 && length + 1 + (lines[first - 1]?.length ?? 0) <= maxLength) {
    length += 1 + (lines[--first]?.length ?? 0);
  }
  const text = lines.slice(Math.max(0, first)).join("\n").slice(-maxLength);
  // Never from the middle of a character.
  return text.replace(/^[\uDC00-\uDFFF]/, "");
}

/** False for an answer the caller heard nothing of. */
function wasHeard({ speaker, heardMs }: Item): boolean {
  return speaker !== "assistant" || heardMs !== 0;
}

/** Finds words in any language, also in those without spaces. */
const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });

/** Splits an interrupted text in proportion to the audio heard, after the last word that was heard whole. */
function splitAtHeard(
  { text = "", interrupted, heardMs = 0, totalMs = 0 }: Item,
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
