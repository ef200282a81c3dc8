import { BYTES_PER_MS, FRAME_BYTES } from "../audio/line_format.js";

/** A mark that has not returned this long after the end of its audio is lost. */
const OVERDUE_BYTES = 2_000 * BYTES_PER_MS;
/** Audio of a run whose marks count when its first part is placed. */
const LOOK_AHEAD_BYTES = 2_000 * BYTES_PER_MS;

/** The end of playback by a `clear`, or by the loss of the stream. */
interface Cut {
  /** When `clear` was sent, or the stream was lost. */
  readonly requestedAt: number;
  /** When playback stopped; unknown until `lastMark` returns. */
  at?: number;
  /** The last mark that the `clear` makes Twilio return, which shows when it took effect; undefined if none will. */
  lastMark: string | undefined;
}

/** Audio sent before one mark, and after the mark before it. */
interface SentAudio {
  /** When its first chunk was sent. */
  readonly sentAt: number;
  readonly chunks: Uint8Array[];
  /** Length of all chunks. */
  bytes: number;
  /** Name of its mark; undefined until the mark is sent. */
  mark?: string;
  /** When its mark returned. */
  echoedAt?: number;
  /** Whether its mark, or the mark of later audio, returned. */
  markPassed: boolean;
  cut?: Cut;
}

/** Audio with a known position. */
interface PlacedAudio {
  readonly from: number;
  readonly audio: Uint8Array;
}

/**
 * The assistant's side of a recording: works out from the marks when the caller heard the audio that was sent. All times are
 * positions: bytes of µ-law on the call's timeline. `docs/design/recordings.md` has the rules.
 */
export class AssistantTrack {
  /** Sent audio without a position yet, oldest first. */
  #unplaced: SentAudio[] = [];
  #placed: PlacedAudio[] = [];
  /** End of the placed audio: the caller heard all unplaced audio later. */
  #placedTo = 0;
  /** Time from sending audio until its start is heard, if nothing else plays: about the network round trip. */
  #delay = 0;
  /** Audio whose mark returned since the last caller frame. */
  #echoedSinceFrame: SentAudio[] = [];

  /** µ-law was sent, to be played after everything sent before. The array is kept. */
  audioSent(audio: Uint8Array, at: number): void {
    if (audio.length === 0) return;
    const last = this.#unplaced.at(-1);
    if (last && last.mark === undefined && !last.cut) {
      last.chunks.push(audio);
      last.bytes += audio.length;
    } else {
      this.#unplaced.push({ sentAt: at, chunks: [audio], bytes: audio.length, markPassed: false });
    }
  }

  /** A mark was sent after the audio so far. */
  markSent(name: string): void {
    const last = this.#unplaced.at(-1);
    if (last && !last.cut) last.mark ??= name;
  }

  /** A mark returned. {@linkcode AssistantTrack.callerFrameReceived} corrects `at`. */
  markEchoed(name: string, at: number): void {
    const index = this.#unplaced.findIndex(({ mark, echoedAt }) => mark === name && echoedAt === undefined);
    const sent = this.#unplaced[index];
    if (!sent) return;
    sent.echoedAt = at;
    this.#echoedSinceFrame.push(sent);
    for (let i = index; i >= 0; i--) {
      const before = this.#unplaced[i];
      if (!before || before.markPassed) break;
      before.markPassed = true;
    }
    if (sent.cut?.lastMark === name) sent.cut.at = at;
  }

  /** A caller frame that ends at `end` was read. Twilio sent the marks that were read before it at `end` or earlier. */
  callerFrameReceived(end: number): void {
    for (const sent of this.#echoedSinceFrame) {
      sent.echoedAt = Math.min(sent.echoedAt ?? end, end);
      if (sent.cut?.lastMark === sent.mark && sent.cut?.at !== undefined) sent.cut.at = sent.echoedAt;
    }
    if (this.#echoedSinceFrame.length > 0) this.#echoedSinceFrame = [];
  }

  /** `clear` was sent. The marks that Twilio then returns show where the unheard audio was cut. */
  clearSent(requestedAt: number): void {
    const unheard = this.#unplaced.filter((sent) => !sent.markPassed && !sent.cut);
    const cut: Cut = { requestedAt, lastMark: unheard.findLast(({ mark }) => mark !== undefined)?.mark };
    if (cut.lastMark === undefined) cut.at = requestedAt + this.#delay;
    for (const sent of unheard) sent.cut = cut;
  }

  /** The stream was lost: nothing is heard after `at`. */
  streamLost(at: number): void {
    for (const sent of this.#unplaced) {
      const { cut, markPassed } = sent;
      if (cut && cut.at === undefined) {
        cut.lastMark = undefined;
        cut.at = Math.min(at, cut.requestedAt + this.#delay);
      } else if (!cut && !markPassed) sent.cut = { requestedAt: at, at, lastMark: undefined };
    }
  }

  /**
   * Places sent audio, oldest first, as long as the marks say where.
   *
   * @param now The present position.
   * @returns the position before which the track will not change, at most `until`.
   */
  placeUntil(until: number, now: number): number {
    for (let head = this.#unplaced[0]; head; head = this.#unplaced[0]) {
      const earliest = Math.max(this.#placedTo, head.sentAt);
      if (earliest >= until) break;
      if (!this.#isCertain(head, now)) return earliest;
      const start = this.#startOf(head);
      // Placed later, because more marks may return until then.
      if (start >= until) break;
      this.#place(head, start);
    }
    return until;
  }

  /** Copies the audio heard from position `from` on to `into`, and leaves gaps unchanged. `from` must ascend from call to call. */
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

  /** Whether the marks that place it have returned, or are lost. */
  #isCertain(head: SentAudio, now: number): boolean {
    const { cut } = head;
    if (cut) {
      if (cut.at !== undefined) return true;
      if (now < cut.requestedAt + this.#delay + OVERDUE_BYTES) {
        return head.markPassed && head.echoedAt !== undefined;
      }
      cut.lastMark = undefined;
      cut.at = cut.requestedAt + this.#delay;
      return true;
    }
    return head.markPassed ||
      now > Math.max(this.#placedTo, head.sentAt + this.#delay) + head.bytes + OVERDUE_BYTES;
  }

  /** When the oldest audio started to be heard: as late as the marks allow, or without marks as early as possible. */
  #startOf(head: SentAudio): number {
    let start = this.#latestStart(head);
    if (start === Infinity) start = Math.max(this.#placedTo, this.#likelyStart(head));
    const follows = head.sentAt + this.#delay <= this.#placedTo;
    const earliest = Math.max(this.#placedTo, head.sentAt);
    // Marks are exact to one frame: a smaller gap is not a pause. Nothing is heard before it is sent.
    if (start < earliest && start >= earliest - FRAME_BYTES) return earliest;
    return follows && start <= this.#placedTo + FRAME_BYTES ? this.#placedTo : start;
  }

  /** The latest start that the marks of its run allow: a mark returns when the audio before it has ended, or later. */
  #latestStart(head: SentAudio): number {
    let latest = Infinity;
    let bytes = 0;
    for (const sent of this.#run(head)) {
      bytes += sent.bytes;
      if (hasMarkTime(sent)) latest = Math.min(latest, sent.echoedAt - bytes);
    }
    return latest;
  }

  /** The start when no mark shows it: after the usual delay, or the delay of the `clear` that cut it. */
  #likelyStart(head: SentAudio): number {
    const { cut } = head;
    if (cut?.at === undefined || cut.lastMark === undefined) return head.sentAt + this.#delay;
    // The audio took as long to arrive as the `clear` did.
    const start = head.sentAt + cut.at - cut.requestedAt;
    // The audio before the last returned mark ended at the cut or later.
    let bytes = 0;
    for (const { mark, bytes: more } of this.#run(head)) {
      bytes += more;
      if (mark === cut.lastMark) return Math.max(start, cut.at - bytes);
    }
    return start;
  }

  /** The oldest audio, and what was sent after it without a pause, and so is heard without one. */
  *#run(head: SentAudio): Generator<SentAudio> {
    let end = head.sentAt;
    for (const sent of this.#unplaced) {
      if (sent.cut !== head.cut || sent.sentAt > end || end - head.sentAt > LOOK_AHEAD_BYTES) return;
      yield sent;
      end += sent.bytes;
    }
  }

  #place(head: SentAudio, start: number): void {
    this.#unplaced.shift();
    const { cut, sentAt } = head;
    if (!cut && head.markPassed && sentAt > this.#placedTo) {
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
    if (cut && this.#unplaced[0]?.cut !== cut) this.#placedTo = Math.max(this.#placedTo, cut.at ?? 0);
  }
}

/** Whether its mark shows when it was heard. A `clear` also returns the marks of audio that was not heard. */
function hasMarkTime(sent: SentAudio): sent is SentAudio & { echoedAt: number } {
  const { cut, echoedAt } = sent;
  return echoedAt !== undefined && !(cut?.at !== undefined && echoedAt > cut.at - FRAME_BYTES);
}
