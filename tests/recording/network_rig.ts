import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS } from "../../src/audio/line_format.js";
import { Playout } from "../../src/playout/playout.ts";
import { AudioAligner, type AudioSlice } from "../../src/recording/audio_aligner.ts";
import { ClockedLine } from "../../src/simulator/twilio/clocked_line.js";
import { copySlice } from "../support/copy_slice.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { randomFrom } from "../support/random.ts";

const SILENCE = 0xff;

/** One direction of a network: keeps the order and delays each message by `delay` (ms). Messages of one moment arrive together. */
class NetworkPath {
  #sentAt = -Infinity;
  #last = 0;
  constructor(readonly clock: FakeClock, readonly delay: () => number) {}

  send(deliver: () => void): void {
    if (this.clock.now() > this.#sentAt) this.#last = Math.max(this.#last, this.clock.now() + this.delay());
    this.#sentAt = this.clock.now();
    this.clock.after(this.#last - this.clock.now(), deliver);
  }
}

/** µ-law noise without silence, in which no sequence of eight bytes occurs twice. */
export function noise(random: () => number, ms: number): Uint8Array {
  const audio = new Uint8Array(ms * BYTES_PER_MS);
  for (let i = 0; i < audio.length; i++) audio[i] = Math.floor(random() * SILENCE);
  return audio;
}

export interface NetworkRigOptions {
  readonly seed?: number;
  /** Delay of each direction (ms). */
  readonly delay?: (random: () => number) => number;
  /** Whether Twilio returns a mark. */
  readonly echoes?: (name: string) => boolean;
  /** Delay of returned marks (ms). */
  readonly markDelay?: (random: () => number) => number;
  readonly dropFrame?: (index: number) => boolean;
}

/** A call on a fake clock: a playout and an aligner at one end of a network, Twilio and the caller at the other. */
export class NetworkRig {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly slices: AudioSlice[] = [];
  /** Audio from the caller, and assistant audio as the caller heard it, in frames; silence without a stream. */
  readonly spoken: Uint8Array[] = [];
  readonly played: Uint8Array[] = [];
  readonly aligner: AudioAligner;
  readonly playout: Playout;
  readonly #options: NetworkRigOptions;
  readonly #out: NetworkPath;
  readonly #back: NetworkPath;
  #line: ClockedLine;
  #frames = 0;
  #streaming = true;
  /** Counts streams: messages on their way for an earlier stream are lost. */
  #stream = 0;
  /** Maximum delay of slices behind the last caller frame (ms). */
  lateMs = 0;

  constructor(options: NetworkRigOptions = {}) {
    this.#options = options;
    this.random = randomFrom(options.seed ?? 1);
    const delay = () => options.delay?.(this.random) ?? 20;
    this.#out = new NetworkPath(this.clock, delay);
    this.#back = new NetworkPath(this.clock, delay);
    this.aligner = new AudioAligner(this.clock, 0, (slice) => this.slices.push(copySlice(slice)));
    this.playout = new Playout(this.clock, {
      sendingStarted: () => {},
      playbackStarted: () => {},
      playbackProgressed: () => {},
      markLost: () => {},
    });
    this.#line = this.#open();
    this.#attach();
    this.#schedule(this.clock.now());
  }

  /** The recorded sides. */
  get recorded(): { caller: Uint8Array; assistant: Uint8Array } {
    return {
      caller: joined(this.slices.map(({ caller }) => caller)),
      assistant: joined(this.slices.map(({ assistant }) => assistant)),
    };
  }

  /** The sides as they were heard. */
  get expected(): { caller: Uint8Array; assistant: Uint8Array } {
    return { caller: joined(this.spoken), assistant: joined(this.played) };
  }

  /** Enqueues `ms` of assistant audio. */
  speak(ms: number): void {
    this.playout.enqueue("item", noise(this.random, ms));
  }

  /** Takes the stream down for `ms`. */
  loseStream(ms: number): void {
    this.#streaming = false;
    this.#stream++;
    this.playout.detach();
    this.aligner.streamLost();
    this.clock.advance(ms);
    this.#streaming = true;
    this.#frames = 0;
    this.#line = this.#open();
    this.#attach();
    this.#schedule(this.clock.now());
  }

  end(): void {
    this.playout.close();
    this.aligner.end();
    this.#streaming = false;
    this.#line.close();
  }

  #open(): ClockedLine {
    const { echoes = () => true, markDelay: slowness } = this.#options;
    const slow = new NetworkPath(this.clock, () => slowness?.(this.random) ?? 0);
    const back = (name: string) =>
      this.#receive(() => (this.aligner.markEchoed(name), this.playout.markEchoed(name)));
    return new ClockedLine(this.clock, (name) => {
      if (!echoes(name)) return;
      if (slowness) slow.send(() => back(name));
      else back(name);
    });
  }

  #attach(): void {
    const line = this.#line;
    this.aligner.streamStarted();
    this.playout.attach({
      congested: false,
      media: (audio) => {
        this.aligner.audioSent(audio);
        this.#out.send(() => line.media(audio));
      },
      mark: (name) => {
        this.aligner.markSent(name);
        this.#out.send(() => line.mark(name));
      },
      clear: () => {
        this.aligner.clearSent();
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
      this.played.push(this.#line.take(FRAME_BYTES));
      if (!isDropped) {
        const payload = frame.toBase64();
        this.#receive(() => {
          this.aligner.callerFrame(payload, timestamp);
          const last = this.slices.at(-1);
          const out = last ? last.atMs + last.caller.length / 8 : 0;
          this.lateMs = Math.max(this.lateMs, timestamp + FRAME_MS - out);
        });
      }
      this.#schedule(from + FRAME_MS);
    });
  }
}

/** How a recording compares with what was heard. */
export interface Comparison {
  /** The share of the heard audio that was recorded, and the share of the recording that was heard. */
  readonly recordedShare: number;
  readonly heardShare: number;
  /** Maximum offset in both directions (ms). */
  readonly earlyMs: number;
  readonly lateMs: number;
}

/** Every eighth byte of the recording is looked up. */
const STRIDE = 8;

/** Compares audio that does not repeat itself, one millisecond at a time. */
export function compare(recorded: Uint8Array, heard: Uint8Array): Comparison {
  const places = new Map<number, number>();
  const views = [recorded, heard].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  const [recordedView, heardView] = views as [DataView, DataView];
  // 53 of the 64 bits, which a number holds exactly.
  const keyOf = (view: DataView, at: number) =>
    view.getUint32(at) * 2 ** 21 + (view.getUint32(at + 4) >>> 11);
  let audible = 0;
  for (let at = 0; at + 8 <= heard.length; at++) {
    if (heard[at] === SILENCE || heard[at + 7] === SILENCE) continue;
    places.set(keyOf(heardView, at), at);
    audible++;
  }
  let matches = 0, audibleRecorded = 0, earlyMs = 0, lateMs = 0;
  for (let at = 0; at + 8 <= recorded.length; at += STRIDE) {
    if (recorded[at] === SILENCE || recorded[at + 7] === SILENCE) continue;
    audibleRecorded++;
    const place = places.get(keyOf(recordedView, at));
    if (place === undefined) continue;
    matches++;
    earlyMs = Math.max(earlyMs, (place - at) / 8);
    lateMs = Math.max(lateMs, (at - place) / 8);
  }
  return {
    recordedShare: audible === 0 ? 1 : Math.min(1, matches * STRIDE / audible),
    heardShare: audibleRecorded === 0 ? 1 : matches / audibleRecorded,
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
