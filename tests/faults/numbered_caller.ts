import { FRAME_BYTES, FRAME_MS } from "../../src/audio/line_format.js";
import type { Cancel, Clock } from "../../src/clock.ts";
import { ClockedLine } from "../../src/simulator/twilio/clocked_line.js";
import type { EndpointOptions, StreamEndpoint } from "../../src/simulator/twilio/stream_runner.js";
import { StreamWire } from "../../src/simulator/twilio/stream_wire.js";
import { type CallScript, FAULTY_UTTERANCE, PATIENCE_MS } from "./call_script.ts";
import type { Phase } from "./fault.ts";
import { FrameNumberReader, isAudible, numberedFrame } from "./numbered_audio.ts";
import type { Reply, Voice } from "./voice.ts";

/** A frame sent to Parley; its number is its index. */
export interface SentFrame {
  readonly at: number;
  /** Index of the utterance; undefined for silence. */
  readonly utterance: number | undefined;
}

export interface CallerOptions {
  readonly clock: Clock;
  readonly script: CallScript;
  readonly voice: Voice;
  /** The caller sees or hears that a phase has begun. */
  readonly onPhase: (phase: Phase) => void;
  readonly onFinished: () => void;
}

/** Frames after which the caller is said to be in an utterance, or to hear a reply. */
const WELL_INTO_FRAMES = 25;
/** Silence after the greeting that counts as listening (ms). */
const LISTENING_MS = 500;

/** Speaks the script over the streams of one call, and notes every sound of both sides. */
export class NumberedCaller {
  readonly sent: SentFrame[] = [];
  /** Times of the assistant's frames, by number. */
  readonly heard = new Map<number, number>();
  /** Times at which one of the two could be heard. */
  readonly sounds: number[] = [];
  /** Times at which a stream of the call ended. */
  readonly streamEnds: number[] = [];
  warnings = 0;
  streams = 0;
  readonly #options: CallerOptions;
  #utterance = -1;
  #framesLeft = 0;
  #waitingSince: number;
  #lastHeardAt = 0;
  /** When the end of the assistant's turn was heard; undefined while it is awaited. */
  #turnEndAt: number | undefined;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#waitingSince = options.clock.now();
  }

  /** The caller's end of another stream of this call. */
  readonly createEndpoint = (options: EndpointOptions): StreamEndpoint => {
    this.streams++;
    return new NumberedStream(options, this.#options.clock, this);
  };

  /** The next frame to send, or undefined to hang up. */
  nextFrame(): Uint8Array | undefined {
    const now = this.#options.clock.now();
    if (this.#framesLeft === 0 && this.#isMyTurn(now) && !this.#startUtterance(now)) return undefined;
    const isSpeaking = this.#framesLeft > 0;
    if (isSpeaking) this.#speakFrame(now);
    const frame = numberedFrame(this.sent.length, isSpeaking);
    this.sent.push({ at: now, utterance: isSpeaking ? this.#utterance : undefined });
    return frame;
  }

  /** @param frame 20 ms that the caller hears. @param numbers Of the assistant's frames in it. */
  hear(frame: Uint8Array, numbers: readonly number[]): void {
    const { clock, voice, onPhase } = this.#options;
    const now = clock.now();
    if (isAudible(frame)) this.sounds.push(now);
    for (const number of numbers) {
      this.heard.set(number, now);
      this.#lastHeardAt = now;
      const reply = voice.replyOf(number);
      if (!reply) continue;
      if (number === reply.endFrame - 1 && reply.isFinal) this.#turnEndAt = now;
      if (number - reply.firstFrame === WELL_INTO_FRAMES) {
        const phase = phaseOf(reply);
        if (phase) onPhase(phase);
      }
    }
    const isListening = this.#utterance < 0 && this.#turnEndAt !== undefined &&
      now - this.#turnEndAt >= LISTENING_MS;
    if (isListening) onPhase("listening");
  }

  /** The caller hears Twilio: ringing, or a sentence. */
  hearTwilio(): void {
    this.sounds.push(this.#options.clock.now());
  }

  #isMyTurn(now: number): boolean {
    const { pauseMs } = this.#options.script.utterances[this.#utterance + 1] ?? { pauseMs: 600 };
    if (this.#turnEndAt !== undefined) return now - Math.max(this.#turnEndAt, this.#lastHeardAt) >= pauseMs;
    return now - Math.max(this.#waitingSince, this.#lastHeardAt) >= PATIENCE_MS;
  }

  /** @returns Whether there is one. */
  #startUtterance(now: number): boolean {
    const next = this.#options.script.utterances[++this.#utterance];
    if (!next) {
      this.#options.onFinished();
      return false;
    }
    this.#framesLeft = next.ms / FRAME_MS;
    this.#turnEndAt = undefined;
    this.#waitingSince = now + next.ms;
    return true;
  }

  #speakFrame(now: number): void {
    this.sounds.push(now);
    this.#framesLeft--;
    this.#waitingSince = now;
    const { ms = 0 } = this.#options.script.utterances[this.#utterance] ?? {};
    const spoken = ms / FRAME_MS - this.#framesLeft;
    if (this.#utterance === FAULTY_UTTERANCE && spoken === WELL_INTO_FRAMES) {
      this.#options.onPhase("speaking");
    }
  }
}

function phaseOf({ request, answers }: Reply): Phase | undefined {
  if (request === "greeting" || request === "goodbye") return request;
  return answers.includes(FAULTY_UTTERANCE) ? "answering" : undefined;
}

/** One stream: sends and plays a frame every 20 ms; after a stall of the program, those that were missed. */
class NumberedStream implements StreamEndpoint {
  readonly #wire: StreamWire;
  readonly #line: ClockedLine;
  readonly #reader = new FrameNumberReader();
  readonly #clock: Clock;
  readonly #caller: NumberedCaller;
  readonly #startedAt: number;
  #frames = 0;
  #cancel: Cancel = () => {};
  #ended = false;

  constructor({ send, parameters, ...ids }: EndpointOptions, clock: Clock, caller: NumberedCaller) {
    this.#clock = clock;
    this.#caller = caller;
    this.#line = new ClockedLine(clock, (name) => this.#wire.returnMark(name));
    this.#startedAt = clock.now();
    this.#wire = new StreamWire({
      ids,
      parameters,
      send,
      playback: this.#line,
      onWarning: () => caller.warnings++,
    });
  }

  start(): void {
    this.#wire.start();
    this.#schedule();
  }

  receive(data: unknown): void {
    this.#wire.receive(data);
  }

  press(digit: string): void {
    this.#wire.press(digit);
  }

  stop(): void {
    this.#wire.stop();
    this.end();
  }

  end(): void {
    if (!this.#ended) this.#caller.streamEnds.push(this.#clock.now());
    this.#ended = true;
    this.#wire.end();
    this.#line.close();
    this.#cancel();
  }

  #schedule(): void {
    const dueAt = this.#startedAt + (this.#frames + 1) * FRAME_MS;
    this.#cancel = this.#clock.after(dueAt - this.#clock.now(), () => this.#passTime());
  }

  #passTime(): void {
    const elapsedMs = this.#clock.now() - this.#startedAt + 1e-6;
    while (!this.#ended && elapsedMs >= (this.#frames + 1) * FRAME_MS) this.#passFrame();
    if (!this.#ended) this.#schedule();
  }

  #passFrame(): void {
    const heard = this.#line.take(FRAME_BYTES);
    this.#caller.hear(heard, this.#reader.feed(heard));
    const frame = this.#caller.nextFrame();
    if (frame) this.#wire.sendFrame(frame, this.#frames * FRAME_MS);
    this.#frames++;
  }
}
