import { kept } from "../support/kept_stretch.ts";
import { HeardAudio, type Stretch } from "../../src/recording/heard_audio.ts";
import { Playout } from "../../src/playout/playout.ts";
import { Line } from "../../src/simulator/caller/line.ts";
import { FakeClock } from "../support/fake_clock.ts";

export const FRAME_MS = 20;
const FRAME_BYTES = 160;
const SILENCE = 0xff;

/** One way through a network: in order, each message late by `delay` (ms); what is sent at once travels together. */
class Way {
  #sentAt = -Infinity;
  #last = 0;
  constructor(readonly clock: FakeClock, readonly delay: () => number) {}

  send(deliver: () => void): void {
    if (this.clock.now() > this.#sentAt) this.#last = Math.max(this.#last, this.clock.now() + this.delay());
    this.#sentAt = this.clock.now();
    this.clock.after(this.#last - this.clock.now(), deliver);
  }
}

/** Numbers from 0 to 1 that are the same every time (mulberry32). */
export function randomFrom(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let bits = Math.imul(seed ^ seed >>> 15, seed | 1);
    bits ^= bits + Math.imul(bits ^ bits >>> 7, bits | 61);
    return ((bits ^ bits >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Sound of which no eight bytes come twice, and which is never silent. */
export function noise(random: () => number, ms: number): Uint8Array {
  return Uint8Array.from({ length: ms * 8 }, () => Math.floor(random() * SILENCE));
}

export interface RigOptions {
  readonly seed?: number;
  /** Each way (ms). */
  readonly delay?: (random: () => number) => number;
  /** Which marks Twilio returns. */
  readonly echoes?: (name: string) => boolean;
  /** How much later than it should Twilio returns a mark (ms). */
  readonly slowness?: (random: () => number) => number;
  readonly dropFrame?: (index: number) => boolean;
}

/**
 * A call on a fake clock: a playout and what records it at one end of a network, Twilio's end with the caller's ear at
 * the other.
 */
export class Rig {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly stretches: Stretch[] = [];
  /** What the caller said and heard, frame by frame, and silence where there was no stream. */
  readonly spoken: Uint8Array[] = [];
  readonly ear: Uint8Array[] = [];
  readonly heard: HeardAudio;
  readonly playout: Playout;
  readonly #options: RigOptions;
  readonly #out: Way;
  readonly #back: Way;
  #line: Line;
  #frames = 0;
  #streaming = true;
  /** What is on its way for a stream that is gone is lost. */
  #stream = 0;
  /** How late the latest stretch was (ms), seen from the last frame that had come. */
  lateMs = 0;

  constructor(options: RigOptions = {}) {
    this.#options = options;
    this.random = randomFrom(options.seed ?? 1);
    const delay = () => options.delay?.(this.random) ?? 20;
    this.#out = new Way(this.clock, delay);
    this.#back = new Way(this.clock, delay);
    this.heard = new HeardAudio(this.clock, 0, (stretch) => this.stretches.push(kept(stretch)));
    this.playout = new Playout(this.clock, {
      sending: () => {},
      hearing: () => {},
      heardOn: () => {},
      markLost: () => {},
    });
    this.#line = this.#open();
    this.#attach();
    this.#schedule(this.clock.now());
  }

  /** What was recorded. */
  get recorded(): { caller: Uint8Array; assistant: Uint8Array } {
    return {
      caller: joined(this.stretches.map(({ caller }) => caller)),
      assistant: joined(this.stretches.map(({ assistant }) => assistant)),
    };
  }

  /** What there was to be heard. */
  get truth(): { caller: Uint8Array; assistant: Uint8Array } {
    return { caller: joined(this.spoken), assistant: joined(this.ear) };
  }

  /** The assistant says something new of so many milliseconds, all at once or in as many parts. */
  say(ms: number): void {
    this.playout.enqueue("item", noise(this.random, ms));
  }

  /** The stream is taken down for so long. */
  away(ms: number): void {
    this.#streaming = false;
    this.#stream++;
    this.playout.detach();
    this.heard.detached();
    this.clock.advance(ms);
    this.#streaming = true;
    this.#frames = 0;
    this.#line = this.#open();
    this.#attach();
    this.#schedule(this.clock.now());
  }

  end(): void {
    this.playout.close();
    this.heard.end();
    this.#streaming = false;
    this.#line.close();
  }

  #open(): Line {
    const { echoes = () => true, slowness } = this.#options;
    const slow = new Way(this.clock, () => slowness?.(this.random) ?? 0);
    const back = (name: string) =>
      this.#receive(() => (this.heard.markEchoed(name), this.playout.markEchoed(name)));
    return new Line(this.clock, (name) => {
      if (!echoes(name)) return;
      if (slowness) slow.send(() => back(name));
      else back(name);
    });
  }

  #attach(): void {
    const line = this.#line;
    this.heard.attached();
    this.playout.attach({
      congested: false,
      media: (audio) => {
        this.heard.sent(audio);
        this.#out.send(() => line.media(audio));
      },
      mark: (name) => {
        this.heard.markSent(name);
        this.#out.send(() => line.mark(name));
      },
      clear: () => {
        this.heard.cleared();
        this.#out.send(() => line.clear());
      },
    });
  }

  #receive(deliver: () => void): void {
    const stream = this.#stream;
    this.#back.send(() => {
      if (stream === this.#stream) deliver();
    });
  }

  #schedule(from: number): void {
    this.clock.after(from + FRAME_MS - this.clock.now(), () => {
      if (!this.#streaming) return;
      const frame = noise(this.random, FRAME_MS);
      const timestamp = this.#frames++ * FRAME_MS;
      const isDropped = this.#options.dropFrame?.(this.#frames) ?? false;
      this.spoken.push(isDropped ? frame.fill(SILENCE) : frame);
      this.ear.push(this.#line.play(FRAME_BYTES));
      if (!isDropped) {
        const payload = frame.toBase64();
        this.#receive(() => {
          this.heard.callerFrame(payload, timestamp);
          const last = this.stretches.at(-1);
          const out = last ? last.atMs + last.caller.length / 8 : 0;
          this.lateMs = Math.max(this.lateMs, timestamp + FRAME_MS - out);
        });
      }
      this.#schedule(from + FRAME_MS);
    });
  }
}

/** Where sound that was heard lies in a recording. */
export interface Comparison {
  /** Of what was heard, the share that is in the recording; of the recording, the share that was heard. */
  readonly found: number;
  readonly true: number;
  /** By how much it lies too early and too late (ms). */
  readonly earlyMs: number;
  readonly lateMs: number;
}

/** Of the recording each so-manyth byte is looked up. */
const STRIDE = 8;

/** Compares sound that does not repeat itself, a millisecond at a time. */
export function compare(recorded: Uint8Array, heard: Uint8Array): Comparison {
  const places = new Map<string, number>();
  const keyOf = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 8));
  let sounding = 0;
  for (let at = 0; at + 8 <= heard.length; at++) {
    if (heard[at] === SILENCE || heard[at + 7] === SILENCE) continue;
    places.set(keyOf(heard, at), at);
    sounding++;
  }
  let found = 0, kept = 0, earlyMs = 0, lateMs = 0;
  for (let at = 0; at + 8 <= recorded.length; at += STRIDE) {
    if (recorded[at] === SILENCE || recorded[at + 7] === SILENCE) continue;
    kept++;
    const place = places.get(keyOf(recorded, at));
    if (place === undefined) continue;
    found++;
    earlyMs = Math.max(earlyMs, (place - at) / 8);
    lateMs = Math.max(lateMs, (at - place) / 8);
  }
  return {
    found: sounding === 0 ? 1 : Math.min(1, found * STRIDE / sounding),
    true: kept === 0 ? 1 : found / kept,
    earlyMs,
    lateMs,
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
