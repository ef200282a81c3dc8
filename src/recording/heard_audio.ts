import { MULAW_SILENCE } from "../audio/g711.ts";
import type { Cancel, Clock } from "../clock.ts";
import { CallerSide } from "./caller_side.ts";
import { HeardPieces } from "./heard_pieces.ts";
import { Quickest } from "./min_delay_tracker.ts";

/** µ-law at 8 kHz: bytes, which are samples, in one millisecond. */
const BYTES_PER_MS = 8;
/** Stretches are whole frames of 20 ms. */
const FRAME_BYTES = 20 * BYTES_PER_MS;
/** What was heard last is kept so long: more marks may come that tell where it belongs. */
const HOLD_BYTES = 300 * BYTES_PER_MS;
/** The shortest stretch, but for the last. */
const LEAST_BYTES = 100 * BYTES_PER_MS;
/** The longest. */
const MOST_BYTES = 1_000 * BYTES_PER_MS;
/** Further ahead of our own clock no timestamp is believed. */
const AHEAD_LIMIT_BYTES = 10_000 * BYTES_PER_MS;
/** Nor further back in a stream that keeps its order. */
const BACK_LIMIT_BYTES = 1_000 * BYTES_PER_MS;
/** The tone of a key is heard a little longer than the key is pressed. */
const TONE_BYTES = 300 * BYTES_PER_MS;
/** Between two stretches while there is no stream (ms). */
const AWAY_MS = 500;

/**
 * A piece of the call as both sides heard it: µ-law at 8 kHz, 8 bytes a millisecond, both of one length. Its arrays are used
 * again for the next one: who keeps them copies them.
 */
export interface Stretch {
  /** Where it begins (ms since the call's first stream began). Each begins where the one before ended. */
  readonly atMs: number;
  /** What the caller said. */
  readonly caller: Uint8Array;
  /** What the caller heard of the assistant. */
  readonly assistant: Uint8Array;
}

/**
 * Turns what passes on a media stream into the two sides of the call as they were heard, on Twilio's own time line.
 * `docs/design/recordings.md` says how that is found out.
 *
 * It is told everything in the order in which it is sent or read, allocates little, awaits nothing and never throws.
 * From the beginning of a call: create it at 0 when the first stream begins, and say {@linkcode HeardAudio.attached}. In
 * mid-call: create it, and say no more while there is a stream; where there is none, say {@linkcode HeardAudio.detached}.
 */
export class HeardAudio {
  readonly #clock: Clock;
  readonly #heard: (stretch: Stretch) => void;
  readonly #pieces = new HeardPieces();
  /** All places are bytes on the call's time line. Here the stream's timestamps are 0; not known at first in mid-call … */
  #zero: number | undefined;
  /** … here the last frame ended … */
  #line: number;
  /** … and so far all was handed out. */
  #out: number;
  /** Our own clock's lead over the line: at the beginning of the stream, and by its quickest frames since. */
  #beginning: number;
  readonly #lead = new Quickest();
  /** The caller's frames that were not. */
  readonly #caller: CallerSide;
  /** A frame, a stretch's two sides: made once. */
  #frame = new Uint8Array(FRAME_BYTES);
  readonly #sides = { caller: new Uint8Array(MOST_BYTES), assistant: new Uint8Array(MOST_BYTES) };
  /** Here the caller's side is silent. */
  readonly #muted = new Spans();
  /** Runs while there is no stream. */
  #away: Cancel | undefined;
  #ended = false;

  /**
   * @param startMs Where on the call's time line it begins (ms since its first stream began).
   * @param heard Given each stretch as soon as both sides are certain, about half a second late.
   */
  constructor(clock: Clock, startMs: number, heard: (stretch: Stretch) => void) {
    this.#clock = clock;
    this.#heard = heard;
    this.#out = this.#line = Math.round(startMs) * BYTES_PER_MS;
    this.#caller = new CallerSide(this.#out);
    this.#beginning = this.#time() - this.#line;
  }

  /** A frame of the caller's: base64 µ-law, and its place in the stream (ms). */
  callerFrame(payload: string, timestamp: number): void {
    if (this.#ended || this.#away) return;
    let audio = this.#decode(payload);
    const limit = this.#time() - this.#beginning + AHEAD_LIMIT_BYTES;
    let at = this.#zero === undefined
      ? Math.max(this.#line, this.#now() - audio.length)
      : this.#zero + Math.round(timestamp * BYTES_PER_MS);
    const believed = at >= this.#line - BACK_LIMIT_BYTES && at + audio.length <= limit;
    if (!believed) at = this.#line;
    // More than there was time to say.
    if (at + audio.length > limit) return;
    if (!believed || this.#zero === undefined) {
      this.#zero = at - Math.round(timestamp * BYTES_PER_MS);
      this.#lead.forget();
    }
    if (at < this.#line) {
      audio = audio.subarray(this.#line - at);
      at = this.#line;
    }
    if (audio.length === 0) return;
    this.#caller.put(at, audio);
    this.#line = at + audio.length;
    this.#lead.add(this.#time() - this.#line, this.#clock.now());
    this.#pieces.frame(this.#line);
    const until = this.#line - HOLD_BYTES;
    if (until - this.#out >= LEAST_BYTES) this.#handOut(until);
  }

  /** µ-law was sent, to be heard after all that was sent before. It is kept, not copied: nobody may write into it. */
  sent(audio: Uint8Array): void {
    if (!this.#ended) this.#pieces.sent(audio, this.#now());
  }

  /** A mark was sent behind what was sent so far. */
  markSent(name: string): void {
    this.#pieces.markSent(name);
  }

  /** `clear` was sent. */
  cleared(): void {
    this.#pieces.cleared(this.#now());
  }

  /** A mark is back. */
  markEchoed(name: string): void {
    if (!this.#ended) this.#pieces.markEchoed(name, this.#now());
  }

  /** A stream begins now: the first, or another after {@linkcode HeardAudio.detached}. */
  attached(): void {
    if (this.#ended) return;
    // The first stream begins where everything does.
    if (this.#away || this.#zero !== undefined) this.#break();
    this.#zero = this.#line;
    this.#beginning = this.#time() - this.#line;
    this.#lead.forget();
    this.#away?.();
    this.#away = undefined;
  }

  /** The stream is gone; until there is another one, both sides are silent. */
  detached(): void {
    if (this.#ended || this.#away) return;
    this.#break();
    this.#wait();
  }

  /** The caller's side is silent from now on (secret digits); or no longer, once the last tone has died away. */
  muteCaller(muted: boolean): void {
    this.#muted.set(muted, this.#now() + (muted ? 0 : TONE_BYTES));
  }

  /** It is over: hands out all that is left, and nothing after that. */
  end(): void {
    if (this.#ended) return;
    this.#break();
    this.#away?.();
    this.#handOut(this.#line + FRAME_BYTES - 1);
    this.#ended = true;
  }

  /** The place of this moment, as the quickest frames have it: what is read now was sent then, or earlier. */
  #now(): number {
    return Math.max(this.#line, this.#time() - (this.#lead.least ?? this.#beginning));
  }

  /** Our own clock, in bytes. */
  #time(): number {
    return Math.round(this.#clock.now() * BYTES_PER_MS);
  }

  /** What the stream brought ends here. */
  #break(): void {
    this.#line = this.#now();
    this.#pieces.broken(this.#line);
  }

  #wait(): void {
    this.#away = this.#clock.after(AWAY_MS, () => {
      this.#break();
      this.#handOut(this.#line);
      this.#wait();
    });
  }

  /** Hands out what is certain, in whole frames, `until` a place at most. */
  #handOut(until: number): void {
    const certain = this.#pieces.certainUntil(until, this.#now());
    const end = certain - (certain - this.#out) % FRAME_BYTES;
    while (this.#out < end) {
      const length = Math.min(MOST_BYTES, end - this.#out);
      const caller = this.#sides.caller.subarray(0, length);
      const assistant = this.#sides.assistant.subarray(0, length).fill(MULAW_SILENCE);
      this.#caller.take(caller);
      this.#pieces.copy(assistant, this.#out);
      this.#muted.silence(caller, this.#out);
      const atMs = this.#out / BYTES_PER_MS;
      this.#out += length;
      this.#heard({ atMs, caller, assistant });
    }
  }

  /** Base64, or nothing where it is none. */
  #decode(base64: string): Uint8Array {
    if (base64.length > this.#frame.length) this.#frame = new Uint8Array(base64.length);
    try {
      return this.#frame.subarray(0, this.#frame.setFromBase64(base64).written);
    } catch {
      return this.#frame.subarray(0, 0);
    }
  }
}

/** Stretches of the time line, of which the last may still go on. */
class Spans {
  #spans: { readonly from: number; to: number }[] = [];

  /** Begins one at a place, or ends it there. */
  set(on: boolean, at: number): void {
    const last = this.#spans.at(-1);
    const goesOn = last?.to === Infinity;
    if (on && last && last.to >= at) last.to = Infinity;
    else if (on) this.#spans.push({ from: at, to: Infinity });
    else if (last && goesOn) last.to = at;
  }

  /** Silences audio that begins at a place, wherever a span covers it; ask in order. */
  silence(audio: Uint8Array, at: number): void {
    if (this.#spans.length === 0) return;
    for (const { from, to } of this.#spans) {
      audio.fill(MULAW_SILENCE, Math.max(0, from - at), Math.max(0, to - at));
    }
    this.#spans = this.#spans.filter(({ to }) => to > at + audio.length);
  }
}
