import type { Cancel, Clock } from "../clock.ts";
import type { Answer, ModelObserver, ModelSession, SessionFailure } from "../model/session.ts";
import { Playout } from "../playout/playout.ts";
import type { Log } from "../telemetry/log.ts";
import type { MediaStream, MediaStreamObserver, Skipped, StreamEnd } from "../twilio/media_stream.ts";
import { CallerAudio } from "./caller_audio.ts";
import { Turns } from "./turns.ts";
import { Watchdog } from "./watchdog.ts";

/** A prepared session that no stream has adopted by then is closed (ms). */
const ADOPTION_MS = 15_000;
/** A call whose stream has not come by then never will: its token has run out (ms). */
export const CONNECT_MS = 30_000;
/** A live call sends 50 frames a second: after this long (ms) without one it is gone. */
const MEDIA_TIMEOUT_MS = 15_000;
/** Pause before asking again for an answer that failed (ms): rate limits need a moment. */
const RETRY_MS = 1_000;

/** Why a call ended. */
export type EndReason =
  | "caller hung up"
  | "stream lost"
  | "no media"
  | "model failed"
  | "never connected"
  | "shutdown";

/** What a call is told of itself and of the assistant that answers it. */
export interface CallOptions {
  /** What the model is told to open with; empty: the caller speaks first. */
  readonly greeting: string;
  readonly openSession: (observer: ModelObserver) => ModelSession;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once, when everything of the call is closed. */
  readonly ended: (reason: EndReason) => void;
}

/**
 * One phone call, from the webhook that announces it to its one summary line: joins a media stream, a playout and a model
 * session. The session is opened before the stream exists, and either may be replaced without the other.
 */
export class Call implements MediaStreamObserver {
  readonly #options: CallOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #playout: Playout;
  readonly #callerAudio: CallerAudio;
  readonly #turns: Turns;
  readonly #mediaTimeout: Watchdog;
  readonly #createdAt: number;
  #adoption: Cancel | undefined;
  #retry: Cancel | undefined;
  #stream: MediaStream | undefined;
  #session: ModelSession | undefined;
  #streamedAt: number | undefined;
  /** The item the model is making, and whether it is making any answer at all. */
  #openItem: string | undefined;
  #over = false;
  /** Whether an answer has been asked for again since the last one that went well. */
  #retried = false;
  #bargeIns = 0;
  #marksLost = 0;
  #tokens = { input: 0, output: 0 };

  constructor(options: CallOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#createdAt = options.clock.now();
    this.#turns = new Turns(options.clock, options.log);
    this.#callerAudio = new CallerAudio(options.clock);
    this.#mediaTimeout = new Watchdog(options.clock, MEDIA_TIMEOUT_MS, () => this.end("no media"));
    this.#playout = new Playout(options.clock, {
      sending: (itemId) => this.#turns.sending(itemId),
      hearing: (itemId) => this.#turns.hearing(itemId),
      markLost: (mark) => {
        if (this.#marksLost++ === 0) this.#log.warn("mark lost", { mark });
      },
    });
  }

  get connected(): boolean {
    return this.#stream !== undefined;
  }

  /** Dials and configures the model and asks for the greeting, before there is a stream. */
  prepare(): void {
    this.#openSession();
    this.#adoption = this.#clock.after(ADOPTION_MS, () => {
      this.#log.warn("session not adopted", { waited_s: ADOPTION_MS / 1000 });
      this.#dropSession();
      this.#adoption = this.#clock.after(CONNECT_MS - ADOPTION_MS, () => this.end("never connected"));
    });
  }

  /** The stream has started: the caller is on the line. */
  attach(stream: MediaStream): void {
    this.#adoption?.();
    this.#stream = stream;
    this.#streamedAt = this.#clock.now();
    this.#log.info("stream started", { stream: stream.streamSid, prepared: this.#session !== undefined });
    this.#mediaTimeout.touch();
    if (!this.#session) this.#openSession();
    this.#playout.attach(stream);
  }

  /** Ends the call: both sides are closed, timers are gone, and the summary is written, once. */
  end(reason: EndReason): void {
    if (this.#over) return;
    this.#over = true;
    this.#adoption?.();
    this.#mediaTimeout.stop();
    this.#dropSession();
    this.#playout.close();
    this.#stream?.close();
    this.#summarise(reason);
    this.#options.ended(reason);
  }

  // What the stream says.

  media(payload: string, timestamp: number): void {
    this.#mediaTimeout.touch();
    this.#callerAudio.frame(payload, timestamp);
  }

  mark(name: string): void {
    this.#log.debug("mark", { name });
    this.#playout.markEchoed(name);
  }

  dtmf(): void {
    // Which key it was is not for the log: it may be one of a secret's.
    this.#log.info("key pressed");
  }

  skipped(why: Skipped): void {
    this.#log.warn("frame skipped", { why });
  }

  ended(how: StreamEnd): void {
    this.end(how === "stop" ? "caller hung up" : "stream lost");
  }

  // What the model says.

  #openSession(): void {
    const openedAt = this.#clock.now();
    const session: ModelSession = this.#options.openSession({
      ready: () => {
        this.#log.info("session ready", { after_ms: Math.round(this.#clock.now() - openedAt) });
        this.#callerAudio.open((payload) => session.appendAudio(payload));
      },
      speechStarted: () => this.#speechStarted(session),
      speechStopped: () => {
        this.#log.info("speech stopped");
        this.#callerAudio.speaking(false);
        this.#turns.handedOver();
      },
      audio: (itemId, audio) => this.#takeAudio(session, itemId, audio),
      answered: (answer) => this.#answered(session, answer),
      failed: (failure) => this.#sessionFailed(failure),
    });
    this.#session = session;
    if (this.#options.greeting) session.requestSpeech(this.#options.greeting);
  }

  #speechStarted(session: ModelSession): void {
    const heard = this.#playout.interrupt(this.#openItem);
    session.interrupted(heard);
    this.#callerAudio.speaking(true);
    this.#turns.taken();
    const cut = heard[0];
    if (cut) this.#bargeIns++;
    this.#log.info(cut ? "barge-in" : "speech started", cut && { item: cut.itemId, heard_ms: cut.heardMs });
  }

  #takeAudio(session: ModelSession, itemId: string, audio: Uint8Array): void {
    this.#openItem = itemId;
    this.#turns.firstAudio(itemId);
    if (this.#playout.enqueue(itemId, audio)) return;
    // The playout is full: what is queued will be played, the model is told that the rest never was.
    this.#log.warn("answer too long", { item: itemId });
    session.stopSpeech();
    session.interrupted([{ itemId, heardMs: this.#playout.acceptedMs(itemId) }]);
  }

  #answered(session: ModelSession, { status, reason, spoke, usage }: Answer): void {
    this.#openItem = undefined;
    this.#tokens.input += usage.inputTokens;
    this.#tokens.output += usage.outputTokens;
    const level = status === "completed" || status === "cancelled" ? "info" : "warn";
    this.#log[level]("answer", {
      status,
      reason,
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
    });
    if (level === "info") {
      this.#retried = false;
      return;
    }
    if (!this.#retried) return this.#askAgain(session, spoke);
    // Cut short twice is still an answer; failed twice is a caller who hears nothing.
    if (!spoke) this.#sessionFailed({ code: reason ?? status, message: "The model failed to answer twice" });
  }

  /** An answer that failed or broke off leaves the caller in silence: ask once more. */
  #askAgain(session: ModelSession, spoke: boolean): void {
    this.#retried = true;
    this.#retry = this.#clock.after(RETRY_MS, () => {
      session.requestSpeech(
        spoke
          ? "Your last answer was cut off. Finish what you were saying in one or two short sentences."
          : undefined,
      );
    });
  }

  #sessionFailed(failure: SessionFailure): void {
    this.#log.error("model failed", { code: failure.code, message: failure.message });
    this.#dropSession();
    // Before the stream this costs nothing yet: the session is dialled again when the caller is there.
    if (this.#stream) this.end("model failed");
  }

  #dropSession(): void {
    this.#retry?.();
    this.#session?.close();
    this.#session = undefined;
    this.#openItem = undefined;
    this.#callerAudio.close();
    if (!this.#stream) this.#playout.interrupt();
  }

  #summarise(reason: EndReason): void {
    const { frames, filledMs, droppedMs } = this.#callerAudio.counts;
    const skipped = [...this.#stream?.skipped ?? []].map(([why, count]) => `${why}: ${count}`).join(", ");
    this.#log.info("call ended", {
      reason,
      duration_s: Math.round((this.#clock.now() - (this.#streamedAt ?? this.#createdAt)) / 100) / 10,
      turns: this.#turns.count,
      barge_ins: this.#bargeIns,
      input_tokens: this.#tokens.input,
      output_tokens: this.#tokens.output,
      frames,
      filled_ms: filledMs || undefined,
      dropped_ms: droppedMs || undefined,
      marks_lost: this.#marksLost || undefined,
      skipped: skipped || undefined,
    });
  }
}
