import { BYTES_PER_MS } from "../audio/line_format.js";
import type { Cancel, Clock } from "../clock.ts";
import type { HeardItem } from "../model/model_interface.ts";
import { AudioQueue } from "./audio_queue.ts";
import { Playhead } from "./playhead.ts";
import { Segments } from "./segments.ts";

/** Send the next piece when the lead at the far end falls to this (ms); the lead is then 200 ms on average. */
const LOW_LEAD_MS = 150;
/** Maximum length of a piece, and so of audio without a mark (ms). */
const PIECE_MS = 100;
/** Delay before sending to a congested line again (ms). */
const CONGESTED_RETRY_MS = 100;
/** Maximum audio accepted and not yet heard (ms); see {@linkcode Playout.enqueue}. */
export const PLAYOUT_LIMIT_MS = 300_000;

/** The far end of the playout: a media stream that plays audio in order and echoes marks. */
export interface PlayoutLine {
  /** Plays µ-law bytes after everything sent before. */
  media(audio: Uint8Array): void;
  /** Sends a mark. It returns to {@linkcode Playout.markEchoed} once all audio sent before it has been played. */
  mark(name: string): void;
  /** Discards everything sent and not yet played. */
  clear(): void;
  /** True while the network is slower than the audio. */
  readonly congested: boolean;
}

/** Receives the playout's progress. */
export interface PlayoutObserver {
  /** The first audio of an item was sent to the line. */
  sendingStarted(itemId: string): void;
  /** The first mark after audio of an item returned: the caller hears it. */
  playbackStarted(itemId: string): void;
  /** A mark after audio of an item returned: the caller heard the item up to there. */
  playbackProgressed(itemId: string): void;
  /** A mark did not return. */
  markLost(name: string): void;
}

/** The current state of a playout. */
export interface PlayoutStatus {
  /** Audio queued here and not yet sent (ms). */
  readonly queuedMs: number;
  /** Audio sent and not yet heard (ms). */
  readonly leadMs: number;
  /** The item the caller hears now. */
  readonly itemId: string | undefined;
  /** How much of `itemId` the caller has heard (ms); 0 without an item. */
  readonly heardMs: number;
}

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
  /** Callbacks of {@linkcode whenPlayed}, in order of position. */
  #awaited: { readonly position: number; readonly then: () => void }[] = [];
  /** Fires when the first awaited position must have been played, also if no mark returns. */
  #cancelOverdue: Cancel | undefined;

  constructor(clock: Clock, observer: PlayoutObserver) {
    this.#clock = clock;
    this.#observer = observer;
    this.#playhead = new Playhead(clock, (name) => observer.markLost(name));
  }

  /** Starts to play on `line`, beginning with the audio queued so far. */
  attach(line: PlayoutLine): void {
    this.#line = line;
    this.#pump();
    this.#watchMarks();
  }

  /** The line was lost: discards the audio that was not heard. Another line may be attached later. */
  detach(): void {
    this.#line = undefined;
    this.#cutAt(Math.floor(this.#playhead.position()));
  }

  /**
   * Queues µ-law audio of a model item.
   *
   * @returns false if more than {@linkcode PLAYOUT_LIMIT_MS} would be unheard. Nothing is queued then.
   */
  enqueue(itemId: string, audio: Uint8Array): boolean {
    if (this.#closed || audio.length === 0) return true;
    const unheard = this.#accepted - this.#playhead.position() + audio.length;
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
    this.#runPlayed(position);
  }

  /** Whole milliseconds of an item that the caller has heard, never more than was accepted. */
  heardMs(itemId: string): number {
    return this.#segments.msBefore(this.#playhead.position(), itemId);
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
    if (this.#playhead.position() >= this.#accepted) return then();
    this.#awaited.push({ position: this.#accepted, then });
    if (!this.#cancelOverdue) this.#watchMarks();
  }

  /**
   * Barge-in: stops playback and clears the far end.
   *
   * @param open The item the model is still generating, if any. It is returned even if all its audio so far was heard,
   * because more is on the way that will not be played.
   * @returns The item at the playhead and each later item, in order, with the milliseconds heard; empty if nothing was left.
   */
  interrupt(open?: string): HeardItem[] {
    const playhead = Math.floor(this.#playhead.position());
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
      heardMs: itemId === undefined ? 0 : this.#segments.msBefore(playhead, itemId),
    };
  }

  /** Audio accepted since the playout began, and the part of it that was not heard (ms). */
  get progress(): { readonly acceptedMs: number; readonly unheardMs: number } {
    const unheard = this.#accepted - this.#playhead.position();
    return { acceptedMs: this.#accepted / BYTES_PER_MS, unheardMs: unheard / BYTES_PER_MS };
  }

  /** Bytes queued here and not yet sent. */
  get queued(): number {
    return this.#accepted - this.#playhead.sent;
  }

  /** Ends the playout. Nothing is sent afterwards. */
  close(): void {
    this.#closed = true;
    this.#stopTimer();
    this.#cancelOverdue?.();
    this.#queue.clear();
    this.#line = undefined;
  }

  /** Discards all audio after the playhead, here and at the far end. */
  #cutAt(playhead: number): void {
    this.#stopTimer();
    const isSent = this.#playhead.sent > playhead;
    // First, because `clear` may return its marks at once.
    this.#playhead.cutAt(playhead);
    const heard = this.#awaited.filter(({ position }) => position <= playhead);
    this.#awaited = [];
    this.#watchMarks();
    if (isSent) this.#line?.clear();
    this.#segments.cutAt(playhead);
    this.#queue.clear();
    this.#accepted = playhead;
    for (const { then } of heard) then();
  }

  #runPlayed(position: number): void {
    while (this.#awaited[0] && this.#awaited[0].position <= position) this.#awaited.shift()?.then();
    this.#watchMarks();
  }

  #watchMarks(): void {
    this.#cancelOverdue?.();
    this.#cancelOverdue = undefined;
    const next = this.#awaited[0];
    if (!next || !this.#line || this.#closed) return;
    this.#cancelOverdue = this.#clock.after(
      Math.max(1, this.#playhead.overdueInMs(next.position)),
      () => this.#runPlayed(this.#playhead.position()),
    );
  }

  #pump(): void {
    this.#stopTimer();
    const line = this.#line;
    if (!line || this.queued === 0) return;
    if (line.congested) {
      this.#cancelTimer = this.#clock.after(CONGESTED_RETRY_MS, () => this.#pump());
      return;
    }
    const playhead = this.#playhead;
    playhead.beginSending();
    while (this.queued > 0 && playhead.leadMs <= LOW_LEAD_MS) this.#sendPiece(line);
    if (this.queued > 0) {
      this.#cancelTimer = this.#clock.after(playhead.leadMs - LOW_LEAD_MS, () => this.#pump());
    }
  }

  #sendPiece(line: PlayoutLine): void {
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
