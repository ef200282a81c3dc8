/** µ-law at 8 kHz: bytes, which are samples, in one millisecond. */
const BYTES_PER_MS = 8;
/** A place is known to within one frame: Twilio's marks come between its frames. */
const FRAME_BYTES = 20 * BYTES_PER_MS;
/** A mark, or the echoes of a clear, that come so much later than they must are lost. */
const OVERDUE_BYTES = 2_000 * BYTES_PER_MS;
/** Marks so far ahead are looked at when a piece is placed. */
const LOOK_AHEAD_BYTES = 2_000 * BYTES_PER_MS;

/** A place in time where playing was broken off. */
interface Cut {
  /** When that was asked for. */
  readonly askedAt: number;
  /** When it happened; not known until the echoes are back. */
  at?: number;
  /** The mark whose echo tells; none, if it does not come back. */
  lastMark: string | undefined;
}

/** What was sent up to one mark. */
interface Piece {
  readonly sentAt: number;
  readonly chunks: Uint8Array[];
  bytes: number;
  mark?: string;
  echoedAt?: number;
  /** Its mark is back, or one behind it. */
  passed: boolean;
  cut?: Cut;
}

/** Audio whose place is known. */
interface Placed {
  readonly from: number;
  readonly audio: Uint8Array;
}

/**
 * The assistant's side: finds out when each piece that was sent was heard. All places are bytes of µ-law on the call's
 * time line. `docs/design/recordings.md` has the rules.
 */
export class HeardPieces {
  #waiting: Piece[] = [];
  #placed: Placed[] = [];
  /** Nothing that waits was heard before. */
  #placedTo = 0;
  /** From the sending of a piece to its being heard where nothing was before it: the way there and back. */
  #delay = 0;
  /** Back since the last of the caller's frames. */
  #fresh: Piece[] = [];

  sent(audio: Uint8Array, at: number): void {
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
    this.#fresh.push(piece);
    for (let i = index; i >= 0; i--) {
      const before = this.#waiting[i];
      if (!before || before.passed) break;
      before.passed = true;
    }
    if (piece.cut?.lastMark === name) piece.cut.at = at;
  }

  /** A frame of the caller's that ends at `end` is here: what was read before it was sent before. */
  frame(end: number): void {
    for (const piece of this.#fresh) {
      piece.echoedAt = Math.min(piece.echoedAt ?? end, end);
      if (piece.cut?.lastMark === piece.mark && piece.cut?.at !== undefined) piece.cut.at = piece.echoedAt;
    }
    if (this.#fresh.length > 0) this.#fresh = [];
  }

  /** `clear` was sent: what is unheard is cut where the echoes say. */
  cleared(askedAt: number): void {
    const unheard = this.#waiting.filter((piece) => !piece.passed && !piece.cut);
    const cut: Cut = { askedAt, lastMark: unheard.findLast(({ mark }) => mark !== undefined)?.mark };
    if (cut.lastMark === undefined) cut.at = askedAt + this.#delay;
    for (const piece of unheard) piece.cut = cut;
  }

  /** The stream is gone: nothing is heard after `at`. */
  broken(at: number): void {
    for (const piece of this.#waiting) {
      const { cut, passed } = piece;
      if (cut && cut.at === undefined) {
        cut.lastMark = undefined;
        cut.at = Math.min(at, cut.askedAt + this.#delay);
      } else if (!cut && !passed) piece.cut = { askedAt: at, at, lastMark: undefined };
    }
  }

  /** How far everything is known, `until` at most. `now` is the place of this moment. */
  certainUntil(until: number, now: number): number {
    for (let head = this.#waiting[0]; head; head = this.#waiting[0]) {
      const earliest = Math.max(this.#placedTo, head.sentAt);
      if (earliest >= until) break;
      if (!this.#isKnown(head, now)) return earliest;
      const start = this.#startOf(head);
      // More marks may be back until its turn comes.
      if (start >= until) break;
      this.#place(head, start);
    }
    return until;
  }

  /** Copies what was heard from `from` on; ask in order. */
  copy(into: Uint8Array, from: number): void {
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
      if (now < cut.askedAt + this.#delay + OVERDUE_BYTES) return head.passed && head.echoedAt !== undefined;
      cut.lastMark = undefined;
      cut.at = cut.askedAt + this.#delay;
      return true;
    }
    return head.passed ||
      now > Math.max(this.#placedTo, head.sentAt + this.#delay) + head.bytes + OVERDUE_BYTES;
  }

  /** Where the oldest piece began to be heard: as late as the marks allow, or as early as can be without one. */
  #startOf(head: Piece): number {
    let start = this.#latestStart(head);
    // Where no mark tells: as soon as it could be.
    if (start === Infinity) start = Math.max(this.#placedTo, this.#likelyStart(head));
    const follows = head.sentAt + this.#delay <= this.#placedTo;
    const earliest = Math.max(this.#placedTo, head.sentAt);
    // Marks are exact to a frame: that much is no pause, and nothing is heard before it is sent.
    if (start < earliest && start >= earliest - FRAME_BYTES) return earliest;
    return follows && start <= this.#placedTo + FRAME_BYTES ? this.#placedTo : start;
  }

  /** The latest place that the marks of its run allow: each was back when its piece had ended, or later. */
  #latestStart(head: Piece): number {
    let latest = Infinity;
    let bytes = 0;
    for (const piece of this.#run(head)) {
      bytes += piece.bytes;
      if (tells(piece)) latest = Math.min(latest, piece.echoedAt - bytes);
    }
    return latest;
  }

  #likelyStart(head: Piece): number {
    const { cut } = head;
    if (cut?.at === undefined || cut.lastMark === undefined) return head.sentAt + this.#delay;
    // `clear` took as long as the piece did …
    const start = head.sentAt + cut.at - cut.askedAt;
    // … and what the last of the echoes stands for had not ended before.
    let bytes = 0;
    for (const { mark, bytes: more } of this.#run(head)) {
      bytes += more;
      if (mark === cut.lastMark) return Math.max(start, cut.at - bytes);
    }
    return start;
  }

  /** The oldest piece and those that were sent behind it without a pause, to be heard without one. */
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
    // What comes after a cut was not there before.
    if (cut && this.#waiting[0]?.cut !== cut) this.#placedTo = Math.max(this.#placedTo, cut.at ?? 0);
  }
}

/** Whether its mark tells when it had been heard; the echoes of a clear come with the cut, heard or not. */
function tells(piece: Piece): piece is Piece & { echoedAt: number } {
  const { cut, echoedAt } = piece;
  return echoedAt !== undefined && !(cut?.at !== undefined && echoedAt > cut.at - FRAME_BYTES);
}
