/** The stand-in caller: one media stream as Twilio conducts it, with somebody on the line who speaks and listens. */

import { encodeBase64 } from "@std/encoding/base64";
import { decodeMulaw } from "../../audio/g711.ts";
import type { Cancel, Clock } from "../../clock.ts";
import { Ear } from "./ear.ts";
import { BYTES_PER_MS, Line } from "./line.ts";
import type { Handset, Part } from "./part.ts";
import type { Note } from "./timeline.ts";
import { readServerMessage } from "./wire.ts";

/** Twilio sends 20 ms of µ-law in a frame. */
const FRAME_MS = 20;
const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;

export interface CallerOptions {
  clock: Clock;
  accountSid: string;
  callSid: string;
  streamSid: string;
  /** The `<Parameter>`s of the TwiML. */
  parameters: Record<string, string>;
  /** What the caller does. */
  part: (handset: Handset) => Part;
  /** Sends one message to the server. */
  send(message: string): void;
  /** Takes the line down; called once, after `stop` was sent. */
  onHangUp(): void;
  /** Told what happens, when it does. */
  note: Note;
}

/** What went over the stream. */
export interface StreamCounts {
  framesSent: number;
  mediaReceived: number;
  /** Milliseconds of audio received. */
  mediaMs: number;
  marksReceived: number;
  marksReturned: number;
  clears: number;
}

/**
 * Speaks on one media stream from {@linkcode RehearsalCaller.start} until somebody ends it. Every 20 ms of the clock
 * the caller has uttered one frame, which is sent, and heard one, which is kept; after a stall of the program the
 * missed frames follow at once, and the schedule never drifts.
 */
export class RehearsalCaller {
  readonly counts: StreamCounts = {
    framesSent: 0,
    mediaReceived: 0,
    mediaMs: 0,
    marksReceived: 0,
    marksReturned: 0,
    clears: 0,
  };
  /** How much audio waited at Twilio at the end of each frame, while there was some; in ms. */
  readonly leads: number[] = [];
  /** The most that ever waited, in ms. */
  maxLeadMs = 0;
  /** When the stream began, by the clock. */
  readonly startedAt: number;
  readonly #part: Part;
  readonly #options: CallerOptions;
  readonly #line: Line;
  readonly #assistant = new Ear();
  readonly #caller = new Ear();
  readonly #spoken: Uint8Array[] = [];
  readonly #heard: Uint8Array[] = [];
  #utterance: Uint8Array | undefined;
  #sequence = 0;
  #ended = false;
  #cancel: Cancel = () => {};

  /** The stream's clock starts here. */
  constructor(options: CallerOptions) {
    this.#options = options;
    this.startedAt = options.clock.now();
    this.#part = options.part({
      ear: this.#assistant,
      startedAt: this.startedAt,
      press: (key) => this.#press(key),
    });
    this.#line = new Line(options.clock, (name) => this.#returnMark(name));
  }

  /** What the caller is at, for a line of progress. */
  get doing(): string {
    return this.#part.doing;
  }

  /** Milliseconds since the stream's start. */
  get elapsedMs(): number {
    return this.#options.clock.now() - this.startedAt;
  }

  /** How much audio waits to be heard, in ms. */
  get bufferedMs(): number {
    return this.#line.bufferedMs;
  }

  /** Both sides of the call as 8 kHz samples, on one clock and of one length. */
  get recording(): { spoken: Int16Array; heard: Int16Array } {
    return { spoken: decodeMulaw(joined(this.#spoken)), heard: decodeMulaw(joined(this.#heard)) };
  }

  /** Sends `connected` and `start`, and begins to speak and listen. */
  start(): void {
    const { accountSid, callSid, streamSid, parameters, note } = this.#options;
    this.#options.send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }));
    this.#send("start", {
      start: {
        accountSid,
        streamSid,
        callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: parameters,
      },
    });
    note("twilio", "stream started", { atMs: 0, detail: streamSid });
    this.#utterance = this.#part.next(0, FRAME_BYTES);
    this.#schedule();
  }

  /** Takes one WebSocket message from the server. */
  receive(data: unknown): void {
    if (this.#ended) return;
    const { note, streamSid } = this.#options;
    const message = readServerMessage(data, streamSid);
    switch (message.event) {
      case "media":
        this.counts.mediaReceived++;
        this.counts.mediaMs += message.payload.length / BYTES_PER_MS;
        if (!this.#line.media(message.payload)) {
          note("twilio", "warning 31931", { detail: "more than 10 minutes of audio buffered, discarded" });
        }
        this.maxLeadMs = Math.max(this.maxLeadMs, this.#line.bufferedMs);
        break;
      case "mark":
        this.counts.marksReceived++;
        this.#line.mark(message.name);
        break;
      case "clear":
        this.counts.clears++;
        note("server", "clear", { detail: `${Math.round(this.#line.bufferedMs)} ms discarded unheard` });
        this.#line.clear();
        this.#assistant.cut();
        break;
      case "wrong":
        note("twilio", `warning ${message.code}`, { detail: `message ignored: ${message.why}` });
    }
  }

  /** Hangs up as a caller does: `stop` is sent and the line taken down. Does nothing once the stream has ended. */
  hangUp(reason: string): void {
    if (this.#ended) return;
    this.#options.note("caller", "hangs up", { detail: reason });
    const { accountSid, callSid } = this.#options;
    this.#send("stop", { stop: { accountSid, callSid } });
    this.end();
    this.#options.onHangUp();
  }

  /** The stream is over, whoever ended it: nothing is sent any more and no timer is left. */
  end(): void {
    this.#ended = true;
    this.#cancel();
    this.#line.close();
  }

  #schedule(): void {
    const due = this.startedAt + (this.counts.framesSent + 1) * FRAME_MS;
    this.#cancel = this.#options.clock.after(due - this.#options.clock.now(), () => this.#passTime());
  }

  /** Utters and hears every frame whose 20 ms have passed. */
  #passTime(): void {
    while (!this.#ended && this.elapsedMs >= (this.counts.framesSent + 1) * FRAME_MS - 1e-6) {
      this.#passFrame();
    }
    if (!this.#ended) this.#schedule();
  }

  #passFrame(): void {
    const from = this.counts.framesSent * FRAME_MS;
    const uttered = this.#utterance;
    if (!uttered) return this.hangUp(this.#part.hangUpReason ?? "");
    const heard = this.#line.play(FRAME_BYTES);
    this.#spoken.push(uttered);
    this.#heard.push(heard);
    this.counts.framesSent++;
    this.#send("media", {
      media: {
        track: "inbound",
        chunk: String(this.counts.framesSent),
        timestamp: String(from),
        payload: encodeBase64(uttered),
      },
    });
    if (this.#line.bufferedMs > 0) this.leads.push(this.#line.bufferedMs);
    this.#hear(this.#caller, "caller", uttered, from);
    this.#hear(this.#assistant, "assistant", heard, from);
    this.#utterance = this.#part.next(from + FRAME_MS, FRAME_BYTES);
  }

  #hear(ear: Ear, who: "caller" | "assistant", frame: Uint8Array, from: number): void {
    const change = ear.hear(frame, from);
    if (change === "began") this.#options.note(who, "speaks", { atMs: ear.beganAt });
    if (change === "ended") this.#options.note(who, "is silent", { atMs: ear.heardUntil });
  }

  #press(digit: string): void {
    this.#options.note("caller", "presses", { detail: digit });
    this.#send("dtmf", { dtmf: { track: "inbound_track", digit } });
  }

  #returnMark(name: string): void {
    this.counts.marksReturned++;
    this.#options.note("twilio", "mark", { detail: name });
    this.#send("mark", { mark: { name } });
  }

  #send(event: string, body: Record<string, unknown>): void {
    const sequenceNumber = String(++this.#sequence);
    const { streamSid } = this.#options;
    this.#options.send(JSON.stringify({ event, sequenceNumber, ...body, streamSid }));
  }
}

function joined(frames: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}
