/** The simulated caller: Twilio's end of one media stream, with a caller who speaks and listens. */

import { decodeMulaw } from "../../audio/g711.js";
import { FRAME_BYTES, FRAME_MS } from "../../audio/line_format.js";
import type { Cancel, Clock } from "../../clock.ts";
import { ClockedLine } from "../twilio/clocked_line.js";
import type { EndpointOptions, StreamEndpoint } from "../twilio/stream_runner.js";
import { StreamWire } from "../twilio/stream_wire.js";
import { SpeechTracker } from "./speech_tracker.ts";
import type { AddEntry } from "./timeline.ts";

/** The caller's behavior on a stream, frame by frame. */
export interface Role {
  /** For a progress line: "speaks", "waits for the answer". */
  readonly status: string;
  /** Reason of the hang-up; undefined before it. */
  readonly hangUpReason: string | undefined;
  /** The µ-law frame of `bytes` bytes from `nowMs` of the stream on; undefined when the caller hangs up. */
  nextFrame(nowMs: number, bytes: number): Uint8Array | undefined;
}

/** The part of the stream that a role uses. */
export interface Handset {
  readonly assistantSpeech: SpeechTracker;
  /** Start of the stream on the clock (ms). */
  readonly startedAt: number;
  /** @param key 0 to 9, *, #, A to D. */
  press(key: string): void;
}

export interface CallerOptions extends EndpointOptions {
  clock: Clock;
  createRole: (handset: Handset) => Role;
  /** Called when the caller hangs up, after `stop` was sent. */
  onHangUp(): void;
  addEntry: AddEntry;
}

export interface Progress {
  /** Milliseconds since the media stream's start. */
  elapsedMs: number;
  /** The caller's activity: "waits for the greeting", "speaks", … */
  status: string;
  /** Audio buffered at Twilio (ms). */
  bufferedMs: number;
}

/** Messages of a stream in both directions; `mediaMs` is the audio received. */
export type StreamCounts = StreamWire["counts"];

/**
 * Speaks on one media stream from {@linkcode SimulatedCaller.start} until either side ends it. Every 20 ms
 * one frame is sent and one recorded; after a stall of the program the missed frames follow immediately, so
 * that the schedule never drifts.
 */
export class SimulatedCaller implements StreamEndpoint {
  readonly streamSid: string;
  /** Audio buffered at Twilio at the end of each frame, while there was some (ms). */
  readonly leads: number[] = [];
  maxLeadMs = 0;
  /** Start of the stream on the clock (ms). */
  readonly startedAt: number;
  readonly #role: Role;
  readonly #options: CallerOptions;
  readonly #wire: StreamWire;
  readonly #line: ClockedLine;
  readonly #assistantSpeech = new SpeechTracker();
  readonly #callerSpeech = new SpeechTracker();
  readonly #spoken: Uint8Array[] = [];
  readonly #heard: Uint8Array[] = [];
  /** The frame the caller is speaking; undefined when it hangs up. */
  #frame: Uint8Array | undefined;
  #ended = false;
  #cancel: Cancel = () => {};

  /** Starts the stream's clock. */
  constructor(options: CallerOptions) {
    const { clock, createRole, accountSid, callSid, streamSid, parameters, send, addEntry } = options;
    this.#options = options;
    this.streamSid = streamSid;
    this.#line = new ClockedLine(clock, (name) => {
      addEntry("twilio", "returns mark", { detail: name });
      this.#wire.returnMark(name);
    });
    // Read after the line opened, because the line must be ahead of the frames taken from it.
    this.startedAt = clock.now();
    this.#wire = new StreamWire({
      ids: { accountSid, callSid, streamSid },
      parameters,
      send,
      playback: this.#line,
      onWarning: (code, detail) => addEntry("twilio", `warning ${code}`, { detail }),
    });
    this.#role = createRole({
      assistantSpeech: this.#assistantSpeech,
      startedAt: this.startedAt,
      press: (key) => this.press(key),
    });
  }

  get counts(): StreamCounts {
    return this.#wire.counts;
  }

  get progress(): Progress {
    return { elapsedMs: this.#elapsedMs, status: this.#role.status, bufferedMs: this.#line.bufferedMs };
  }

  get #elapsedMs(): number {
    return this.#options.clock.now() - this.startedAt;
  }

  /** Both sides of the call as 8 kHz samples, on one clock and of one length. */
  get recording(): { spoken: Int16Array; heard: Int16Array } {
    return { spoken: decodeMulaw(joined(this.#spoken)), heard: decodeMulaw(joined(this.#heard)) };
  }

  /** Sends `connected` and `start`, and begins to speak and listen. */
  start(): void {
    this.#wire.start();
    this.#options.addEntry("twilio", "opens the stream", { atMs: 0, detail: this.streamSid });
    this.#frame = this.#role.nextFrame(0, FRAME_BYTES);
    this.#schedule();
  }

  receive(data: unknown): void {
    const { bufferedMs } = this.#line;
    const event = this.#wire.receive(data);
    if (event === "media") this.maxLeadMs = Math.max(this.maxLeadMs, this.#line.bufferedMs);
    if (event !== "clear") return;
    this.#options.addEntry("server", "sends clear", {
      detail: `${Math.round(bufferedMs)} ms discarded unheard`,
    });
    this.#assistantSpeech.interrupt();
  }

  press(digit: string): void {
    this.#options.addEntry("caller", "presses", { detail: digit });
    this.#wire.press(digit);
  }

  /** Hangs up. Does nothing after the stream has ended. */
  hangUp(reason: string): void {
    if (this.#ended) return;
    this.#options.addEntry("caller", "hangs up", { detail: reason });
    this.stop();
    this.#options.onHangUp();
  }

  stop(): void {
    this.#wire.stop();
    this.end();
  }

  end(): void {
    this.#ended = true;
    this.#wire.end();
    this.#line.close();
    this.#cancel();
  }

  #schedule(): void {
    const due = this.startedAt + (this.counts.framesSent + 1) * FRAME_MS;
    this.#cancel = this.#options.clock.after(due - this.#options.clock.now(), () => this.#passTime());
  }

  /** Sends and plays every frame that is due. */
  #passTime(): void {
    while (!this.#ended && this.#elapsedMs >= (this.counts.framesSent + 1) * FRAME_MS - 1e-6) {
      this.#passFrame();
    }
    if (!this.#ended) this.#schedule();
  }

  #passFrame(): void {
    const fromMs = this.counts.framesSent * FRAME_MS;
    const spoken = this.#frame;
    if (!spoken) return this.hangUp(this.#role.hangUpReason ?? "");
    const heard = this.#line.take(FRAME_BYTES);
    this.#spoken.push(spoken);
    this.#heard.push(heard);
    this.#wire.sendFrame(spoken, fromMs);
    if (this.#line.bufferedMs > 0) this.leads.push(this.#line.bufferedMs);
    this.#track(this.#callerSpeech, "caller", spoken, fromMs);
    this.#track(this.#assistantSpeech, "assistant", heard, fromMs);
    this.#frame = this.#role.nextFrame(fromMs + FRAME_MS, FRAME_BYTES);
  }

  #track(speech: SpeechTracker, actor: "caller" | "assistant", frame: Uint8Array, fromMs: number): void {
    const change = speech.process(frame, fromMs);
    const { addEntry } = this.#options;
    if (change === "started") addEntry(actor, "starts speaking", { atMs: speech.startedAtMs });
    if (change === "stopped") addEntry(actor, "stops speaking", { atMs: speech.audibleUntilMs });
  }
}

function joined(frames: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.length * FRAME_BYTES);
  frames.forEach((frame, i) => bytes.set(frame, i * FRAME_BYTES));
  return bytes;
}
