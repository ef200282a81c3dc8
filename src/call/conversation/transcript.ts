import type { Span, Turn } from "../../records/call_record.ts";
import type { TurnLatency } from "../../telemetry/turn_latency.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import { type CallTimeline, NOT_RECORDED } from "../call_timeline.ts";
import { lastLines, splitAtHeard } from "./heard_text.ts";

/** Prefix of the ids of notes; the model's items have other ids. */
const NOTE_PREFIX = "parley-note-";
/** Maximum length of the conversation that the next session gets (characters): about 1,500 tokens. */
const MAX_TEXT = 6_000;

/** An item of the conversation: a turn, or without a speaker a note or a function call. */
interface Item extends Omit<Mutable<Turn>, "speaker"> {
  speaker: Turn["speaker"] | undefined;
  /** Whether the text is complete. */
  done: boolean;
  /** When the caller started to speak, for a model that does not report it for each item. */
  readonly speechAtMs: number;
  /** When the last text arrived. */
  textAtMs: number;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A turn while the call runs. */
export interface LiveTurn extends Turn {
  readonly id: string;
  /** The transcript so far. */
  readonly text: string;
  readonly done: boolean;
}

/**
 * The turns of a call, in the order of the conversation: transcripts arrive late, the caller's often after the answer.
 * `docs/design/records.md` has the rules. Emits "turn changed".
 *
 * A turn that a pause of the recording overlaps is shown without its text.
 */
export class Transcript {
  readonly #items = new Map<string, Item>();
  /** Ids of all items, including notes and function calls. */
  readonly #order: string[] = [];
  readonly #timeline: Pick<CallTimeline, "atMs" | "isPrivate">;
  readonly #events: CallEventStream;
  #notes = 0;
  #callerStartedMs = 0;

  constructor(timeline: Pick<CallTimeline, "atMs" | "isPrivate">, events: CallEventStream) {
    this.#timeline = timeline;
    this.#events = events;
    events.on("caller started speaking", () => this.#callerStartedMs = timeline.atMs);
  }

  /**
   * Adds an item of the model's conversation, or moves a known one to its place.
   *
   * @param previous Id of the item before it, if any.
   * @param speaker Missing for a note or a function call.
   */
  addItem(itemId: string, previous: string | undefined, speaker: Turn["speaker"] | undefined): void {
    const oldIndex = this.#order.indexOf(itemId);
    if (oldIndex >= 0) this.#order.splice(oldIndex, 1);
    let place = previous === undefined ? -1 : this.#order.indexOf(previous);
    // Notes added after the previous item were added before this one.
    while (place >= 0 && this.#order[place + 1]?.startsWith(NOTE_PREFIX)) place++;
    this.#order.splice(place < 0 ? this.#order.length : place + 1, 0, itemId);
    const item = this.#items.get(itemId);
    if (item) item.speaker = speaker;
    else this.#items.set(itemId, this.#newItem(speaker));
    this.#emit(itemId);
  }

  appendText(itemId: string, speaker: Turn["speaker"], delta: string): void {
    const item = this.#item(itemId, speaker);
    if (item.done) return;
    item.text = (item.text ?? "") + delta;
    item.textAtMs = this.#timeline.atMs;
    this.#emit(itemId);
  }

  /** Sets an item's complete text. */
  setText(itemId: string, speaker: Turn["speaker"], text: string): void {
    const item = this.#item(itemId, speaker);
    item.text = text.trim();
    item.textAtMs = this.#timeline.atMs;
    item.done = true;
    this.#emit(itemId);
  }

  /** Adds a note for the model, which nobody said. */
  addNote(text: string): void {
    const itemId = `${NOTE_PREFIX}${++this.#notes}`;
    this.#order.push(itemId);
    this.#items.set(itemId, { ...this.#newItem(undefined), text, done: true });
  }

  /** Whether an item's complete text is known, not empty, and recorded. */
  hasText(itemId: string): boolean {
    const item = this.#items.get(itemId);
    return item?.done === true && !!item.text && !this.#isPrivate(item);
  }

  /**
   * Removes a turn of the caller's whose audio is sent to another session again.
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
  setSpoken(itemId: string, edge: Partial<Span>): void {
    const item = this.#item(itemId, "caller");
    const { atMs } = this.#timeline;
    item.spoken = { ...item.spoken ?? { fromMs: atMs, toMs: atMs }, ...edge };
  }

  /** Audio of an item arrived from the model. */
  audioGenerated(itemId: string): void {
    const item = this.#item(itemId, "assistant");
    item.generated = this.#extend(item.generated);
  }

  /** Audio of an item was sent to the caller, or has been heard until now. */
  audioPlayed(itemId: string): void {
    const item = this.#items.get(itemId);
    if (item) item.played = this.#extend(item.played);
  }

  /** Sets how much of an item's audio the caller heard (ms), and whether it was interrupted now. */
  setHeard(itemId: string, heardMs: number, totalMs: number, interrupted: boolean): void {
    const item = this.#item(itemId, "assistant");
    item.heardMs = heardMs;
    item.totalMs = totalMs;
    if (interrupted) {
      item.interrupted = true;
      this.audioPlayed(itemId);
    }
    this.#emit(itemId);
  }

  setLatency(itemId: string, latency: TurnLatency): void {
    this.#item(itemId, "assistant").latency = latency;
  }

  /** Whether anything was said and heard. */
  get hasSpeech(): boolean {
    return this.#items.values().some((item) => item.speaker && item.text && wasHeard(item));
  }

  /** The last turns and notes, as text for the model; empty when the call has none. */
  get text(): string {
    const lines = this.#order.map((itemId) => this.#items.get(itemId)).flatMap((item) => {
      if (!item || !wasHeard(item)) return [];
      const { text } = this.#textOf(item);
      const speaker = item.speaker === "caller" ? "Caller" : item.speaker === "assistant" ? "You" : "Note";
      return text === "" ? [] : [`${speaker}: ${text}`];
    });
    return lastLines(lines, MAX_TEXT);
  }

  /** All turns for the record, except answers of which the caller heard nothing. */
  get turns(): Turn[] {
    return this.#order.map((itemId) => this.#items.get(itemId)).flatMap((item) =>
      item?.speaker && wasHeard(item) ? [this.#turnOf(item, item.speaker)] : []
    );
  }

  /** All turns, for watchers of the call. */
  get liveTurns(): LiveTurn[] {
    return this.#order.flatMap((itemId) => this.#liveTurn(itemId) ?? []);
  }

  #newItem(speaker: Item["speaker"]): Item {
    const { atMs } = this.#timeline;
    return { speaker, atMs, textAtMs: atMs, speechAtMs: this.#callerStartedMs, done: false };
  }

  #item(itemId: string, speaker: Turn["speaker"]): Item {
    const existing = this.#items.get(itemId);
    if (existing) {
      existing.speaker ??= speaker;
      return existing;
    }
    this.addItem(itemId, undefined, speaker);
    return this.#item(itemId, speaker);
  }

  #extend(span: Span | undefined): Span {
    const { atMs } = this.#timeline;
    return { fromMs: span?.fromMs ?? atMs, toMs: atMs };
  }

  /** Whether any of the item was said, generated or heard while the recording was paused. */
  #isPrivate({ speaker, atMs, speechAtMs, textAtMs, done, spoken, generated, played }: Item): boolean {
    // The author of a note leaves out what must not be recorded.
    if (!speaker) return false;
    const said = spoken ?? { fromMs: Math.min(speechAtMs, atMs), toMs: atMs };
    const spans = speaker === "assistant"
      ? [{ fromMs: atMs, toMs: textAtMs }, generated, played]
      // The text of a complete turn arrives after the turn; that of another one while it is spoken.
      : [done ? said : { ...said, toMs: textAtMs }];
    return spans.some((span) => span && this.#timeline.isPrivate(span.fromMs, span.toMs));
  }

  #textOf(item: Item): { text: string; unheard: string } {
    return item.text && this.#isPrivate(item) ? { text: NOT_RECORDED, unheard: "" } : splitAtHeard(item);
  }

  #emit(itemId: string): void {
    const turn = this.#liveTurn(itemId);
    if (turn) this.#events.emit({ type: "turn changed", turn });
  }

  #liveTurn(itemId: string): LiveTurn | undefined {
    const item = this.#items.get(itemId);
    if (!item?.speaker) return undefined;
    const previous = this.#order.slice(0, this.#order.indexOf(itemId)).findLast((id) =>
      !id.startsWith(NOTE_PREFIX)
    );
    const { text, unheard } = this.#textOf(item);
    return {
      ...this.#turnOf(item, item.speaker),
      id: itemId,
      ...(previous === undefined ? {} : { previous }),
      text,
      done: item.done,
      ...(unheard === "" ? {} : { unheard }),
    };
  }

  #turnOf(item: Item, speaker: Turn["speaker"]): Turn {
    const { done: _done, speechAtMs: _speechAtMs, textAtMs: _textAtMs, ...turn } = item;
    return { ...turn, speaker, ...(item.text === undefined ? {} : { text: this.#textOf(item).text }) };
  }
}

/** False for an answer the caller heard nothing of. */
function wasHeard({ speaker, heardMs }: Item): boolean {
  return speaker !== "assistant" || heardMs !== 0;
}
