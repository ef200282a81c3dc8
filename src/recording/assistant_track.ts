import { BYTES_PER_MS, FRAME_BYTES } from "../audio/line_format.js";

/** A mark that has not returned this long after the end of its audio is lost. */
const OVERDUE_BYTES = 2_000 * BYTES_PER_MS;
/** How far ahead marks are considered when a piece is placed. */
const LOOK_AHEAD_BYTES = 2_000 * BYTES_PER_MS;

/** A `clear`, or the loss of a stream: the position at which playback stopped. */
interface Cut {
  readonly requestedAt: number;
  /** When playback stopped. Unknown until the marks returned by the `clear` are back. */
  at?: number;
  /** The last mark the `clear` returns, which shows when it took effect; undefined if it will not return. */
  lastMark: string | undefined;
}

/** Audio sent up to one mark. */
interface Piece {
  readonly sentAt: number;
  readonly chunks: Uint8Array[];
  bytes: number;
  mark?: string;
  echoedAt?: number;
  /** Its mark, or a later one, returned. */
  passed: boolean;
  cut?: Cut;
}

/** Audio with a known position. */
interface PlacedAudio {
  readonly from: number;
  readonly audio: Uint8Array;
}

/**
 * The assistant's side of the call: determines when each piece of audio that was sent was heard. Positions are bytes of µ-law
 * on the call's timeline. `docs/design/recordings.md` has the rules.
 */
export class AssistantTrack {
  #waiting: Piece[] = [];
  #placed: PlacedAudio[] = [];
  /** End of the placed audio: no waiting piece was heard before it. */
  #placedTo = 0;
  /** From sending a piece to an idle line until it is heard: the network round trip. */
  #delay = 0;
  /** Pieces whose marks returned since the last caller frame. */
  #justEchoed: Piece[] = [];

  audioSent(audio: Uint8Array, at: number): void {
    if (audio.length === 0) return;
    const last = this.#waiting.at(-1);
    if (last && last.mark === undefined && !last.cut) {
      last.chunks.push(audio);
      last.bytes += audio.length;
    } else {
      this.#waiting.push({ sentAt: at, chunks: [audio], bytes: audio.length, passed: false });
    }
  }

  markSent(name: string): void {
    const last = this.#waiting.at(-1);
    if (last && !last.cut) last.mark ??= name;
  }

  markEchoed(name: string, at: number): void {
    const index = this.#waiting.findIndex(({ mark, echoedAt }) => mark === name && echoedAt === undefined);
    const piece = this.#waiting[index];
    if (!piece) return;
    piece.echoedAt = at;
    this.#justEchoed.push(piece);
    for (let i = index; i >= 0; i--) {
      const before = this.#waiting[i];
      if (!before || before.passed) break;
      before.passed = true;
    }
    if (piece.cut?.lastMark === name) piece.cut.at = at;
  }

  /** A caller frame that ends at `end` was read. Marks read before it were sent earlier, so their positions are at most `end`. */
  callerFrameReceived(end: number): void {
    for (const piece of this.#justEchoed) {
      piece.echoedAt = Math.min(piece.echoedAt ?? end, end);
      if (piece.cut?.lastMark === piece.mark && piece.cut?.at !== undefined) piece.cut.at = piece.echoedAt;
    }
    if (this.#justEchoed.length > 0) this.#justEchoed = [];
  }

  /** `clear` was sent. The marks it returns will show where unheard audio was cut. */
  clearSent(requestedAt: number): void {
    const unheard = this.#waiting.filter((piece) => !piece.passed && !piece.cut);
    const cut: Cut = { requestedAt, lastMark: unheard.findLast(({ mark }) => mark !== undefined)?.mark };
    if (cut.lastMark === undefined) cut.at = requestedAt + this.#delay;
    for (const piece of unheard) piece.cut = cut;
  }

  /** The stream was lost: nothing is heard after `at`. */
  streamLost(at: number): void {
    for (const piece of this.#waiting) {
      const { cut, passed } = piece;
      if (cut && cut.at === undefined) {
        cut.lastMark = undefined;
        cut.at = Math.min(at, cut.requestedAt + this.#delay);
      } else if (!cut && !passed) piece.cut = { requestedAt: at, at, lastMark: undefined };
    }
  }

  /**
   * Places pieces, in order, while their positions are known.
   *
   * @param now The position of this moment.
   * @returns The position up to which the track is final, at most `until`.
   */
  resolveUntil(until: number, now: number): number {
    for (let head = this.#waiting[0]; head; head = this.#waiting[0]) {
      const earliest = Math.max(this.#placedTo, head.sentAt);
      if (earliest >= until) break;
      if (!this.#isKnown(head, now)) return earliest;
      const start = this.#startOf(head);
      // More marks may return before its turn.
      if (start >= until) break;
      this.#place(head, start);
    }
    return until;
  }

  /** Copies the audio heard from position `from` on into `into`; gaps are left alone. Positions must ascend. */
  copyInto(into: Uint8Array, from: number): void {
    const until = from + into.length;
    for (let next = this.#placed[0]; next && next.from < until; next = this.#placed[0]) {
      const skip = Math.max(0, from - next.from);
      const at = Math.max(0, next.from - from);
      into.set(next.audio.subarray(skip, skip + into.length - at), at);
      if (next.from + next.audio.length > until) break;
      this.#placed.shift();
    }
  }

  #isKnown(head: Piece, now: number): boolean {
    const { cut } = head;
    if (cut) {
      if (cut.at !== undefined) return true;
      if (now < cut.requestedAt + this.#delay + OVERDUE_BYTES) {
        return head.passed && head.echoedAt !== undefined;
      }
      cut.lastMark = undefined;
      cut.at = cut.requestedAt + this.#delay;
      return true;
    }
    return head.passed ||
      now > Math.max(this.#placedTo, head.sentAt + this.#delay) + head.bytes + OVERDUE_BYTES;
  }

  /** The position where the oldest piece started to be heard: as late as the marks allow, or without marks as early as possible. */
  #startOf(head: Piece): number {
    let start = this.#latestStart(head);
    if (start === Infinity) start = Math.max(this.#placedTo, this.#likelyStart(head));
    const follows = head.sentAt + this.#delay <= this.#placedTo;
    const earliest = Math.max(this.#placedTo, head.sentAt);
    // Marks are exact to one frame: a smaller gap is not a pause, and nothing is heard before it is sent.
    if (start < earliest && start >= earliest - FRAME_BYTES) return earliest;
    return follows && start <= this.#placedTo + FRAME_BYTES ? this.#placedTo : start;
  }

  /** The latest start that the marks of its run allow: each returned when its piece had ended, or later. */
  #latestStart(head: Piece): number {
    let latest = Infinity;
    let bytes = 0;
    for (const piece of this.#run(head)) {
      bytes += piece.bytes;
      if (hasMarkTime(piece)) latest = Math.min(latest, piece.echoedAt - bytes);
    }
    return latest;
  }

  #likelyStart(head: Piece): number {
    const { cut } = head;
    if (cut?.at === undefined || cut.lastMark === undefined) return head.sentAt + this.#delay;
    // The `clear` took as long to arrive as the piece did.
    const start = head.sentAt + cut.at - cut.requestedAt;
    // The piece of the last returned mark had not ended earlier.
    let bytes = 0;
    for (const { mark, bytes: more } of this.#run(head)) {
      bytes += more;
      if (mark === cut.lastMark) return Math.max(start, cut.at - bytes);
    }
    return start;
  }

  /** The oldest piece and those sent after it without a pause, which are heard without a pause. */
  *#run(head: Piece): Generator<Piece> {
    let end = head.sentAt;
    for (const piece of this.#waiting) {
      if (piece.cut !== head.cut || piece.sentAt > end || end - head.sentAt > LOOK_AHEAD_BYTES) return;
      yield piece;
      end += piece.bytes;
    }
  }

  #place(head: Piece, start: number): void {
    this.#waiting.shift();
    const { cut, sentAt } = head;
    if (!cut && head.passed && sentAt > this.#placedTo) {
      this.#delay = Math.max(0, start - sentAt);
    }
    const cutAt = cut?.at ?? Infinity;
    let from = start;
    for (const chunk of head.chunks) {
      const skip = Math.max(0, this.#placedTo - from);
      const audio = chunk.subarray(skip, Math.max(skip, cutAt - from));
      if (audio.length > 0) this.#placed.push({ from: from + skip, audio });
      from += chunk.length;
    }
    this.#placedTo = Math.max(this.#placedTo, Math.min(from, cutAt));
    // Audio sent after a cut was not heard before it.
    if (cut && this.#waiting[0]?.cut !== cut) this.#placedTo = Math.max(this.#placedTo, cut.at ?? 0);
  }
}

/** Whether the piece's mark shows when it was heard. A `clear` also returns the marks of audio that was not heard. */
function hasMarkTime(piece: Piece): piece is Piece & { echoedAt: number } {
  const { cut, echoedAt } = piece;
  return echoedAt !== undefined && !(cut?.at !== undefined && echoedAt > cut.at - FRAME_BYTES);
}
