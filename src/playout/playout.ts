import { BYTES_PER_MS } from "../audio/line_format.js";
import type { Cancel, Clock } from "../clock.ts";
import type { HeardItem } from "../model/model_interface.ts";
import { AudioQueue } from "./audio_queue.ts";
import { PlayedCallbacks } from "./played_callbacks.ts";
import { Playhead } from "./playhead.ts";
import type { PlayoutLine, PlayoutObserver, PlayoutStatus } from "./playout_line.ts";
import { KEEP_BYTES, OVERLAP_MS, resumePosition } from "./resume_point.ts";
import { Segments } from "./segments.ts";

/** Send the next piece when the lead at the far end falls to this (ms); the lead is then 200 ms on average. */
const LOW_LEAD_MS = 150;
/** Maximum length of a piece, and so of audio without a mark (ms). */
const PIECE_MS = 100;
/** Delay before a retry on a congested line (ms). */
const CONGESTED_RETRY_MS = 100;
/** Maximum audio accepted and not yet heard (ms); see {@linkcode Playout.enqueue}. */
export const PLAYOUT_LIMIT_MS = 300_000;

export type { PlayoutLine, PlayoutObserver, PlayoutStatus };

/**
 * The playback of one call: a paced queue of µ-law audio, keyed by model item, and the playhead that follows it.
 *
 * It keeps about 200 ms of audio at the far end and the rest here, so a barge-in is instant and the heard milliseconds are
 * known. `docs/design/playout-and-barge-in.md` explains positions, clocks and races.
 */
export class Playout {
  readonly #clock: Clock;
  readonly #observer: PlayoutObserver;
  #line: PlayoutLine | undefined;
  #closed = false;
  #cancelTimer: Cancel | undefined;

  readonly #queue = new AudioQueue();
  readonly #playhead: Playhead;
  /** Position up to which audio was accepted. */
  #accepted = 0;
  readonly #segments = new Segments();
  readonly #played: PlayedCallbacks;
  #paused = false;
  /** The highest position heard before a pause: audio before it is repeated afterwards. */
  #heardBefore = 0;

  constructor(clock: Clock, observer: PlayoutObserver) {
    this.#clock = clock;
    this.#observer = observer;
    this.#playhead = new Playhead(clock, (name) => observer.markLost(name));
    const overdueInMs = (position: number) =>
      this.#line && !this.#paused ? this.#playhead.overdueInMs(position) : undefined;
    this.#played = new PlayedCallbacks(clock, overdueInMs, () => this.#played.run(this.#heard()));
  }

  /** Starts to play on `line`, beginning with the audio queued so far. */
  attach(line: PlayoutLine): void {
    this.#line = line;
    this.#pump();
    this.#played.watch();
  }

  /** The line was lost: discards the audio that was not heard. Another line may be attached later. */
  detach(): void {
    this.#line = undefined;
    this.#cutAt(Math.floor(this.#heard()));
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Stops playback now and clears the far end. Audio is queued until {@linkcode resume}, which repeats a little. */
  pause(): void {
    if (this.#paused || this.#closed) return;
    this.#paused = true;
    const playhead = Math.floor(this.#playhead.position());
    this.#heardBefore = Math.max(this.#heardBefore, playhead);
    const isSent = this.#moveTo(playhead);
    if (isSent) this.#line?.clear();
    this.#played.run(this.#heardBefore);
  }

  /**
   * Goes on after a pause.
   *
   * @param overlapMs What is repeated at least (at most 300 ms); never anything before the item that was heard.
   * @returns How much is repeated (ms).
   */
  resume(overlapMs = OVERLAP_MS): number {
    if (!this.#paused || this.#closed) return 0;
    this.#paused = false;
    const heard = this.#heardBefore;
    const start = this.#segments.startAt(heard);
    const position = Math.min(this.#playhead.sent, resumePosition(this.#queue, heard, start, overlapMs));
    this.#moveTo(position);
    this.#pump();
    this.#played.watch();
    return Math.round((heard - position) / BYTES_PER_MS);
  }

  /**
   * Queues µ-law audio of a model item.
   *
   * @returns false if more than {@linkcode PLAYOUT_LIMIT_MS} would be unheard. Nothing is queued then.
   */
  enqueue(itemId: string, audio: Uint8Array): boolean {
    if (this.#closed || audio.length === 0) return true;
    const unheard = this.#accepted - this.#heard() + audio.length;
    if (unheard > PLAYOUT_LIMIT_MS * BYTES_PER_MS) return false;
    this.#queue.push(audio);
    this.#segments.add(itemId, this.#accepted, audio.length);
    this.#accepted += audio.length;
    if (!this.#cancelTimer) this.#pump();
    return true;
  }

  /** A mark returned. Marks that are not outstanding (cleared, or never sent) are ignored. */
  markEchoed(name: string): void {
    const position = this.#playhead.markEchoed(name);
    if (position === undefined) return;
    for (const itemId of this.#segments.reach("hearing", position)) this.#observer.playbackStarted(itemId);
    const itemId = this.#segments.itemAt(position - 1);
    if (itemId !== undefined) this.#observer.playbackProgressed(itemId);
    this.#played.run(position);
  }

  /** Whole milliseconds of an item that the caller has heard, never more than was accepted. */
  heardMs(itemId: string): number {
    return this.#segments.msBefore(this.#heard(), itemId);
  }

  /** Whole milliseconds of an item that were queued, heard or not. */
  acceptedMs(itemId: string): number {
    return this.#segments.msBefore(this.#accepted, itemId);
  }

  /**
   * Calls `then` once all audio accepted so far has been heard: now, or when the mark after it returns, or 2 s after it
   * must have been played. Audio that is interrupted first is never reported.
   */
  whenPlayed(then: () => void): void {
    if (this.#heard() >= this.#accepted) return then();
    this.#played.add(this.#accepted, then);
  }

  /**
   * Barge-in: stops playback and clears the far end.
   *
   * @param open The item the model is still generating, if any. It is returned even if all its audio so far was heard,
   * because more is on the way that will not be played.
   * @returns The item at the playhead and each later item, in order, with the milliseconds heard; empty if nothing was left.
   */
  interrupt(open?: string): HeardItem[] {
    const playhead = Math.floor(this.#heard());
    const heardMs = (itemId: string) => this.#segments.msBefore(playhead, itemId);
    // A fraction of a millisecond counts neither as heard nor as unheard.
    const unheard = this.#segments.itemsAfter(playhead)
      .filter((itemId) => heardMs(itemId) < this.acceptedMs(itemId));
    const cut = new Set(open === undefined ? unheard : [...unheard, open]);
    const items = [...cut].map((itemId) => ({ itemId, heardMs: heardMs(itemId) }));
    if (playhead < this.#accepted) this.#cutAt(playhead);
    return items;
  }

  get status(): PlayoutStatus {
    const playhead = this.#playhead.position();
    const leadMs = (this.#playhead.sent - playhead) / BYTES_PER_MS;
    const itemId = leadMs > 0 ? this.#segments.itemAt(playhead) : undefined;
    return {
      queuedMs: this.queued / BYTES_PER_MS,
      leadMs: Math.max(0, Math.round(leadMs)),
      itemId,
      heardMs: itemId === undefined ? 0 : this.heardMs(itemId),
    };
  }

  /** Audio accepted since the playout began, and the part of it that was not heard (ms). */
  get progress(): { readonly acceptedMs: number; readonly unheardMs: number; readonly paused: boolean } {
    const unheardMs = (this.#accepted - this.#heard()) / BYTES_PER_MS;
    return { acceptedMs: this.#accepted / BYTES_PER_MS, unheardMs, paused: this.#paused };
  }

  /** Bytes queued here and not yet sent. */
  get queued(): number {
    return this.#accepted - this.#playhead.sent;
  }

  /** Ends the playout. Nothing is sent afterwards. */
  close(): void {
    this.#closed = true;
    this.#stopTimer();
    this.#line = undefined;
    this.#played.watch();
    this.#queue.clear(this.#accepted);
  }

  /** Discards all audio after `position`, here and at the far end. */
  #cutAt(position: number): void {
    const isSent = this.#moveTo(position);
    const heard = this.#played.discard(position);
    if (isSent) this.#line?.clear();
    this.#segments.cutAt(position);
    this.#queue.clear(position);
    this.#accepted = position;
    for (const then of heard) then();
  }

  /** Goes to `position` and forgets all marks, which `clear` returns. Returns whether the far end has audio to clear. */
  #moveTo(position: number): boolean {
    this.#stopTimer();
    const isSent = this.#playhead.sent > Math.floor(this.#playhead.position());
    this.#playhead.moveTo(position);
    this.#queue.seek(position);
    return isSent;
  }

  /** The position up to which everything was heard, now or before a pause. */
  #heard(): number {
    return Math.max(this.#heardBefore, this.#playhead.position());
  }

  #pump(): void {
    this.#stopTimer();
    const line = this.#line;
    if (!line || this.#paused || this.queued === 0) return;
    if (line.congested) {
      this.#cancelTimer = this.#clock.after(CONGESTED_RETRY_MS, () => this.#pump());
      return;
    }
    const playhead = this.#playhead;
    playhead.beginSending();
    while (this.queued > 0 && playhead.leadMs <= LOW_LEAD_MS) this.#sendPiece(line);
    if (this.queued === 0) return;
    this.#cancelTimer = this.#clock.after(playhead.leadMs - LOW_LEAD_MS, () => this.#pump());
  }

  #sendPiece(line: PlayoutLine): void {
    this.#queue.keep(this.#heard() - KEEP_BYTES);
    const piece = this.#queue.read(Math.min(PIECE_MS * BYTES_PER_MS, this.queued));
    line.media(piece);
    line.mark(this.#playhead.audioSent(piece.length));
    for (const itemId of this.#segments.reach("sending", this.#playhead.sent)) {
      this.#observer.sendingStarted(itemId);
    }
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
