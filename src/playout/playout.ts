import type { Cancel, Clock } from "../clock.ts";
import { AudioQueue } from "./audio_queue.ts";

/** µ-law at 8 kHz: bytes, which are samples, in one millisecond. */
const BYTES_PER_MS = 8;
/** Another piece goes out when the far end has no more than this left (ms), so that it has 200 ms on average. */
const LOW_LEAD_MS = 150;
/** Longest piece sent at once, and so the longest stretch without a mark (ms). */
const PIECE_MS = 100;
/** A mark not echoed this long (ms) after its audio must have been played is lost. */
const MARK_OVERDUE_MS = 2_000;
/** Wait before trying a congested line again (ms). */
const CONGESTED_RETRY_MS = 100;
/** Most audio held that has not been heard yet (ms); see {@linkcode Playout.enqueue}. */
export const PLAYOUT_LIMIT_MS = 300_000;

/** Where played audio goes: a media stream that plays what it gets in order and echoes marks. */
export interface PlayoutLine {
  /** Plays µ-law bytes after everything sent before. */
  media(audio: Uint8Array): void;
  /** Comes back to {@linkcode Playout.markEchoed} once all audio sent before it has been played. */
  mark(name: string): void;
  /** Throws away everything sent and not yet played. */
  clear(): void;
  /** True while the network takes less than it is given. */
  readonly congested: boolean;
}

/** What the playout reports while it works. */
export interface PlayoutObserver {
  /** The first audio of an item has been handed to the line. */
  sending(itemId: string): void;
  /** The first mark after audio of an item is back: the caller is hearing it. */
  hearing(itemId: string): void;
  /** A mark after audio of an item is back: so far it has been heard. */
  heardOn(itemId: string): void;
  /** A mark never came back. */
  markLost(name: string): void;
}

/** How much of a model item the caller heard, in whole milliseconds. */
export interface Heard {
  readonly itemId: string;
  readonly heardMs: number;
}

/** A piece of the line of bytes that belongs to one item. */
interface Stretch {
  readonly itemId: string;
  readonly start: number;
  end: number;
  state: "queued" | "sending" | "hearing";
}

interface Mark {
  readonly name: string;
  readonly position: number;
}

/**
 * What one caller hears: a paced queue of µ-law audio, keyed by model item, and the playhead that follows it.
 *
 * Keeps about 200 ms at the far end and the rest here, so that a barge-in is instant and what was heard is known.
 * `docs/design/playout-and-barge-in.md` explains positions, clocks and races.
 */
export class Playout {
  readonly #clock: Clock;
  readonly #observer: PlayoutObserver;
  #line: PlayoutLine | undefined;
  #closed = false;
  #timer: Cancel | undefined;

  readonly #queue = new AudioQueue();
  #accepted = 0;
  #sent = 0;
  #stretches: Stretch[] = [];

  /** The send clock: `position` was sent at `at` to a line with nothing left to play. */
  #run = { position: 0, at: 0 };
  /** The last echoed mark. */
  #echo = { position: 0, at: 0 };
  #marks: Mark[] = [];
  #markCount = 0;
  /** Who waits for something to be heard, in order. */
  #awaited: { readonly position: number; readonly then: () => void }[] = [];

  constructor(clock: Clock, observer: PlayoutObserver) {
    this.#clock = clock;
    this.#observer = observer;
  }

  /** Starts to play on `line`, with what has been queued so far. */
  attach(line: PlayoutLine): void {
    this.#line = line;
    this.#pump();
  }

  /** The line is gone, and with it what was not heard. Another may come. */
  detach(): void {
    this.#line = undefined;
    this.#cutAt(Math.floor(this.#playhead()));
  }

  /**
   * Queues µ-law audio of a model item.
   *
   * @returns false when that would make more than {@linkcode PLAYOUT_LIMIT_MS} unheard: nothing of it was taken.
   */
  enqueue(itemId: string, audio: Uint8Array): boolean {
    if (this.#closed || audio.length === 0) return true;
    const unheard = this.#accepted - this.#playhead() + audio.length;
    if (unheard > PLAYOUT_LIMIT_MS * BYTES_PER_MS) return false;
    this.#queue.push(audio);
    const last = this.#stretches.at(-1);
    if (last?.itemId === itemId) last.end += audio.length;
    else {
      const start = this.#accepted;
      this.#stretches.push({ itemId, start, end: start + audio.length, state: "queued" });
    }
    this.#accepted += audio.length;
    if (!this.#timer) this.#pump();
    return true;
  }

  /** Takes a mark that came back. A name that is not out (already cleared, or never ours) changes nothing. */
  markEchoed(name: string): void {
    const index = this.#marks.findIndex((mark) => mark.name === name);
    const mark = this.#marks[index];
    if (!mark) return;
    for (const skipped of this.#marks.slice(0, index)) this.#observer.markLost(skipped.name);
    this.#marks.splice(0, index + 1);
    this.#echo = { position: mark.position, at: this.#clock.now() };
    this.#announce("hearing", mark.position);
    const item = this.#stretches.findLast(({ start }) => start < mark.position);
    if (item) this.#observer.heardOn(item.itemId);
    while (this.#awaited[0] && this.#awaited[0].position <= mark.position) this.#awaited.shift()?.then();
  }

  /** Whole milliseconds of an item that the caller has heard by now, never more than arrived of it. */
  heardMs(itemId: string): number {
    return this.#heardMs(itemId, this.#playhead());
  }

  /** Whole milliseconds of an item that were accepted. */
  acceptedMs(itemId: string): number {
    return this.#heardMs(itemId, this.#accepted);
  }

  /** Runs `then` once all audio accepted so far has been heard: at once, or when the mark after it is back; never, if it is cut. */
  whenHeard(then: () => void): void {
    if (this.#playhead() >= this.#accepted) return then();
    this.#awaited.push({ position: this.#accepted, then });
  }

  /**
   * Barge-in: stops at once and clears the far end.
   *
   * @param open The item the model is still making, if any: told of even when all that came of it was heard, since more
   * is on the way that will not be played.
   * @returns the item being heard and each later one, in order, with what was heard of it; empty if nothing was left.
   */
  interrupt(open?: string): Heard[] {
    const playhead = Math.floor(this.#playhead());
    const cut = new Set(this.#stretches.filter(({ end }) => end > playhead).map(({ itemId }) => itemId));
    if (open !== undefined) cut.add(open);
    const heard = [...cut].map((itemId) => ({ itemId, heardMs: this.#heardMs(itemId, playhead) }));
    if (playhead < this.#accepted) this.#cutAt(playhead);
    return heard;
  }

  /** What is being heard now, and how much waits (ms): here, and at the far end. */
  get head(): { queuedMs: number; farMs: number; itemId: string | undefined; heardMs: number } {
    const playhead = this.#playhead();
    const farMs = (this.#sent - playhead) / BYTES_PER_MS;
    const itemId = farMs > 0 ? this.#stretches.findLast(({ start }) => start <= playhead)?.itemId : undefined;
    return {
      queuedMs: this.queued / BYTES_PER_MS,
      farMs: Math.max(0, Math.round(farMs)),
      itemId,
      heardMs: itemId === undefined ? 0 : this.#heardMs(itemId, playhead),
    };
  }

  /** Bytes queued here, not yet sent. */
  get queued(): number {
    return this.#accepted - this.#sent;
  }

  /** Ends the playout; nothing is sent afterwards. */
  close(): void {
    this.#closed = true;
    this.#stopTimer();
    this.#queue.clear();
    this.#line = undefined;
  }

  /** Drops whatever lies behind the playhead, here and at the far end. */
  #cutAt(playhead: number): void {
    this.#stopTimer();
    this.#marks = [];
    const heard = this.#awaited.filter(({ position }) => position <= playhead);
    this.#awaited = [];
    if (this.#sent > playhead) this.#line?.clear();
    this.#stretches = this.#stretches.filter(({ start }) => start < playhead);
    const last = this.#stretches.at(-1);
    if (last) {
      last.end = Math.min(last.end, playhead);
      last.state = "hearing";
    }
    this.#queue.clear();
    this.#accepted = this.#sent = playhead;
    for (const { then } of heard) then();
  }

  /** Position up to which the caller has heard everything; see the design note, "Two clocks". */
  #playhead(): number {
    const now = this.#clock.now();
    const sendClock = this.#sendClock(now);
    for (let mark = this.#marks[0]; mark; mark = this.#marks[0]) {
      if (sendClock - mark.position <= MARK_OVERDUE_MS * BYTES_PER_MS) break;
      this.#marks.shift();
      this.#observer.markLost(mark.name);
    }
    let head = Math.min(this.#sent, sendClock);
    if (this.#echo.position > this.#run.position) {
      head = Math.min(head, this.#echo.position + (now - this.#echo.at) * BYTES_PER_MS);
    }
    const next = this.#marks[0];
    if (next) head = Math.min(head, next.position);
    return head;
  }

  /** Position the far end has used up if it played without a pause since the run began. */
  #sendClock(now: number): number {
    return this.#run.position + (now - this.#run.at) * BYTES_PER_MS;
  }

  #pump(): void {
    this.#stopTimer();
    const line = this.#line;
    if (!line || this.#sent === this.#accepted) return;
    if (line.congested) {
      this.#timer = this.#clock.after(CONGESTED_RETRY_MS, () => this.#pump());
      return;
    }
    const now = this.#clock.now();
    if (this.#sendClock(now) >= this.#sent) this.#run = { position: this.#sent, at: now };
    const leadMs = () => (this.#sent - this.#sendClock(now)) / BYTES_PER_MS;
    while (this.#sent < this.#accepted && leadMs() <= LOW_LEAD_MS) this.#sendPiece(line);
    if (this.#sent < this.#accepted) {
      this.#timer = this.#clock.after(leadMs() - LOW_LEAD_MS, () => this.#pump());
    }
  }

  #sendPiece(line: PlayoutLine): void {
    const piece = this.#queue.take(Math.min(PIECE_MS * BYTES_PER_MS, this.#accepted - this.#sent));
    line.media(piece);
    this.#sent += piece.length;
    const mark = { name: `parley-${++this.#markCount}`, position: this.#sent };
    this.#marks.push(mark);
    line.mark(mark.name);
    this.#announce("sending", this.#sent);
  }

  /** Tells the observer of each stretch that begins before `position` and was not yet told of. */
  #announce(state: "sending" | "hearing", position: number): void {
    const before = state === "sending" ? "queued" : "sending";
    for (let i = this.#stretches.length - 1; i >= 0; i--) {
      const stretch = this.#stretches[i];
      if (!stretch || stretch.state === state && stretch.end < position) break;
      if (stretch.start >= position || stretch.state !== before) continue;
      stretch.state = state;
      this.#observer[state](stretch.itemId);
    }
  }

  #heardMs(itemId: string, playhead: number): number {
    let bytes = 0;
    for (const { itemId: id, start, end } of this.#stretches) {
      if (id === itemId) bytes += Math.max(0, Math.min(playhead, end) - start);
    }
    return Math.floor(bytes / BYTES_PER_MS);
  }

  #stopTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }
}
