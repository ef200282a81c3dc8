import type { Span, Turn } from "../../records/call_record.ts";
import type { TurnLatency } from "../../telemetry/turn_latency.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import { type CallTimeline, NOT_RECORDED } from "../call_timeline.ts";
import type { FunctionCall, HistoryItem } from "../../model/model_interface.ts";
import { historyLines } from "../../model/history_text.ts";
import { lastLines } from "./heard_text.ts";
import { isDisclosure, isRecordedItem } from "./recorded_speech.ts";
import { callItems, isPrivate, textOf, type TranscriptItem, wasHeard } from "./transcript_item.ts";

/** Prefix of the ids of notes and of function calls; the model's items have other ids. */
const NOTE_PREFIX = "parley-note-";
/** Maximum length of the conversation that the next session gets (characters): about 1,500 tokens. */
const MAX_TEXT = 6_000;

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
  readonly #items = new Map<string, TranscriptItem>();
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

  /**
   * Adds a function call of the model.
   *
   * @param fromMs When the model began to write it (ms of the call).
   */
  addFunctionCall(call: FunctionCall, fromMs = this.#timeline.atMs): void {
    const itemId = `${NOTE_PREFIX}${++this.#notes}`;
    this.#order.push(itemId);
    this.#items.set(itemId, { ...this.#newItem(undefined), atMs: fromMs, call: { call }, done: true });
  }

  /** Sets the result of a function call. What a pause of the recording overlaps is left out. */
  setFunctionResult(callId: string, output: string): void {
    const item = this.#items.values().toArray().findLast(({ call }) => call?.call.callId === callId);
    if (!item?.call) return;
    const isPrivate = this.#timeline.isPrivate(item.atMs, this.#timeline.atMs);
    item.call = {
      call: isPrivate ? { ...item.call.call, arguments: "{}" } : item.call.call,
      output: isPrivate ? NOT_RECORDED : output,
    };
  }

  /** Whether an item's complete text is known, not empty, and recorded. */
  hasText(itemId: string): boolean {
    const item = this.#items.get(itemId);
    return item?.done === true && !!item.text && !isPrivate(item, this.#timeline);
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

  /** Whether anything was said and heard, apart from the disclosure. */
  get hasSpeech(): boolean {
    return this.#items.entries().some(([itemId, item]) =>
      item.speaker && item.text && wasHeard(item) && !isDisclosure(itemId)
    );
  }

  /** The last turns, notes and function calls, as text for the model; empty when the call has none. */
  get text(): string {
    return lastLines(historyLines(this.history.flat()), MAX_TEXT);
  }

  /** Turns as the caller heard them, notes and function calls: in order, each as the items for another session. */
  get history(): readonly (readonly HistoryItem[])[] {
    return this.#order.flatMap((itemId): HistoryItem[][] => {
      const item = this.#items.get(itemId);
      if (!item || !wasHeard(item)) return [];
      if (item.call) return [callItems(item.call, item.atMs, this.#timeline)];
      const { text } = textOf(item, this.#timeline);
      const name = isRecordedItem(itemId) ? { name: itemId } : {};
      return text === "" ? [] : [[{ type: item.speaker ?? "note", text, ...name }]];
    });
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

  #newItem(speaker: TranscriptItem["speaker"]): TranscriptItem {
    const { atMs } = this.#timeline;
    return { speaker, atMs, textAtMs: atMs, speechAtMs: this.#callerStartedMs, done: false };
  }

  #item(itemId: string, speaker: Turn["speaker"]): TranscriptItem {
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
    const { text, unheard } = textOf(item, this.#timeline);
    return {
      ...this.#turnOf(item, item.speaker),
      id: itemId,
      ...(previous === undefined ? {} : { previous }),
      text,
      done: item.done,
      ...(unheard === "" ? {} : { unheard }),
    };
  }

  #turnOf(item: TranscriptItem, speaker: Turn["speaker"]): Turn {
    const { done: _done, speechAtMs: _speechAtMs, textAtMs: _textAtMs, call: _call, ...turn } = item;
    return {
      ...turn,
      speaker,
      ...(item.text === undefined ? {} : { text: textOf(item, this.#timeline).text }),
    };
  }
}
