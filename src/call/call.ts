import type { Cancel, Clock } from "../clock.ts";
import { costOf } from "../model/prices.ts";
import type { ModelObserver, ModelSession, SessionFailure } from "../model/session.ts";
import { Playout } from "../playout/playout.ts";
import type { Log } from "../telemetry/log.ts";
import type { MediaStream, MediaStreamObserver, Skipped, StreamEnd } from "../twilio/media_stream.ts";
import { Answers } from "./answers.ts";
import { CallerAudio } from "./caller_audio.ts";
import { type Ending, type EndReason, GOODBYES, type Parting } from "./ending.ts";
import { Goodbye } from "./goodbye.ts";
import type { LiveCall } from "./live.ts";
import { summarise, type Witnesses } from "./summary.ts";
import { limitTime } from "./time_limit.ts";
import { Turns } from "./turns.ts";
import { Watchdog } from "./watchdog.ts";

/** A prepared session that no stream has adopted by then is closed (ms). */
const ADOPTION_MS = 15_000;
/** A call whose stream has not come by then never will: its token has run out (ms). */
export const CONNECT_MS = 30_000;
/** Of the caller's frames, each so-manyth is timed on its way through. */
const TIMED_FRAMES = 50;

/** What a call is told of itself and of the assistant that answers it. */
export interface CallOptions extends Witnesses {
  /** What the model is told to open with; empty: the caller speaks first. */
  readonly greeting: string;
  /** Name of the model, for what it costs. */
  readonly model: string;
  readonly openSession: (observer: ModelObserver) => ModelSession;
  /** The call is over after this long without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
  /** Longest call (ms). */
  readonly maxMs?: number | undefined;
  readonly clock: Clock;
  /** The stream has started, or the goodbye has begun. */
  readonly changed: () => void;
  /** Called once, when everything of the call is closed. */
  readonly ended: (ending: Ending) => void;
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
  #limit: Cancel | undefined;
  #stream: MediaStream | undefined;
  #session: ModelSession | undefined;
  #streamedAt: number | undefined;
  /** The item the model is making, and whether it is making any answer at all. */
  #openItem: string | undefined;
  readonly #answers: Answers;
  /** Whether the session is configured: only then can it say anything. */
  #ready = false;
  #parting: { readonly reason: EndReason; readonly goodbye: Goodbye } | undefined;
  #over = false;
  #bargeIns = 0;
  #marksLost = 0;

  constructor(options: CallOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#createdAt = options.clock.now();
    this.#turns = new Turns(options.clock, options.log, (startedAt, hops) => {
      options.metrics.turn(hops);
      options.span.turn(startedAt, hops);
    });
    this.#answers = new Answers(options.clock, options.log, {
      askAgain: (instructions) => this.#session?.requestSpeech(instructions),
      failed: (failure) => this.#sessionFailed(failure),
    });
    this.#callerAudio = new CallerAudio(options.clock);
    this.#mediaTimeout = new Watchdog(options.clock, options.mediaTimeoutMs, () => this.end("no media"));
    this.#playout = new Playout(options.clock, {
      sending: (itemId) => this.#turns.sending(itemId),
      hearing: (itemId) => this.#turns.hearing(itemId),
      markLost: (mark) => {
        if (this.#marksLost++ === 0) this.#log.warn("mark lost", { mark });
      },
    });
  }

  get state(): LiveCall["state"] {
    return this.#parting ? "ending" : this.#stream ? "connected" : "announced";
  }

  /** Bytes of audio that wait here, by where. */
  get buffered(): { readonly playout: number; readonly twilio: number; readonly model: number } {
    return {
      playout: this.#playout.queued,
      twilio: this.#stream?.buffered ?? 0,
      model: this.#session?.buffered ?? 0,
    };
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
    const { maxMs, changed } = this.#options;
    if (maxMs !== undefined) {
      this.#limit = limitTime(this.#clock, maxMs, {
        warn: (note) => this.#session?.addNote(note),
        over: () => this.sayGoodbye("time limit"),
      });
    }
    changed();
  }

  /** Has the assistant say goodbye, and ends the call once that was heard; at once where nobody can say it. */
  sayGoodbye(reason: Parting): void {
    if (this.#over || this.#parting) return;
    const session = this.#session;
    if (!this.#stream || !session || !this.#ready) return this.end(reason);
    this.#log.info("goodbye", { reason });
    this.#answers.stop();
    this.#callerAudio.close();
    const goodbye = new Goodbye({
      clock: this.#clock,
      session,
      playout: this.#playout,
      openItem: this.#openItem,
      instructions: GOODBYES[reason],
      over: (heard) => this.end(reason, heard),
    });
    this.#parting = { reason, goodbye };
    this.#options.changed();
  }

  /**
   * Ends the call: both sides are closed, timers are gone, and the summary is written, once.
   *
   * @param explained Whether the caller has heard why, or needs no telling.
   */
  end(reason: EndReason, explained = reason === "caller hung up"): void {
    if (this.#over) return;
    this.#over = true;
    this.#adoption?.();
    this.#limit?.();
    this.#parting?.goodbye.stop();
    this.#mediaTimeout.stop();
    this.#dropSession();
    this.#playout.close();
    this.#stream?.close();
    summarise(this.#options, {
      reason,
      ms: this.#clock.now() - (this.#streamedAt ?? this.#createdAt),
      stream: this.#stream,
      callerAudio: this.#callerAudio,
      turns: this.#turns,
      answers: this.#answers,
      bargeIns: this.#bargeIns,
      marksLost: this.#marksLost,
    });
    this.#options.ended({ reason, explained });
  }

  // What the stream says.

  media(payload: string, timestamp: number): void {
    this.#mediaTimeout.touch();
    const timed = this.#callerAudio.counts.frames % TIMED_FRAMES === 0;
    const from = timed ? this.#clock.now() : 0;
    this.#callerAudio.frame(payload, timestamp);
    if (timed) this.#options.metrics.added("to_model", this.#clock.now() - from);
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
    this.end(how === "stop" ? "caller hung up" : how === "flood" ? "flood" : "stream lost");
  }

  // What the model says.

  #openSession(): void {
    const openedAt = this.#clock.now();
    this.#answers.start();
    const session: ModelSession = this.#options.openSession({
      ready: () => {
        const waited = Math.round(this.#clock.now() - openedAt);
        this.#log.info("session ready", { after_ms: waited });
        this.#options.metrics.sessionReady(waited);
        this.#ready = true;
        this.#callerAudio.open((payload) => session.appendAudio(payload));
      },
      speechStarted: () => this.#speechStarted(session),
      speechStopped: () => {
        this.#log.info("speech stopped");
        this.#callerAudio.speaking(false);
        this.#turns.handedOver();
      },
      audio: (itemId, audio) => this.#takeAudio(session, itemId, audio),
      answered: (answer) => {
        this.#openItem = undefined;
        const { metrics, model } = this.#options;
        metrics.answered(model, answer.usage, costOf(model, answer.usage));
        this.#answers.take(answer);
      },
      complained: (code = "unknown") => this.#options.metrics.modelError(code),
      skipped: () => this.#options.metrics.malformedModelEvent(),
      failed: (failure) => this.#sessionFailed(failure),
    });
    this.#session = session;
    if (this.#options.greeting) session.requestSpeech(this.#options.greeting);
  }

  #speechStarted(session: ModelSession): void {
    // Said before the model stopped to listen: nothing cuts a goodbye.
    if (this.#parting) return;
    const heard = this.#playout.interrupt(this.#openItem);
    session.interrupted(heard);
    this.#callerAudio.speaking(true);
    this.#turns.taken();
    const cut = heard[0];
    if (cut) {
      this.#bargeIns++;
      this.#options.metrics.bargeIn();
    }
    this.#log.info(cut ? "barge-in" : "speech started", cut && { item: cut.itemId, heard_ms: cut.heardMs });
  }

  #takeAudio(session: ModelSession, itemId: string, audio: Uint8Array): void {
    const arrived = this.#clock.now();
    this.#openItem = itemId;
    this.#turns.firstAudio(itemId);
    if (this.#playout.enqueue(itemId, audio)) {
      return this.#options.metrics.added("to_caller", this.#clock.now() - arrived);
    }
    // The playout is full: what is queued will be played, the model is told that the rest never was.
    this.#log.warn("answer too long", { item: itemId });
    session.stopSpeech();
    session.interrupted([{ itemId, heardMs: this.#playout.acceptedMs(itemId) }]);
  }

  #sessionFailed(failure: SessionFailure): void {
    this.#log.error("model failed", { code: failure.code, message: failure.message });
    this.#options.metrics.modelError(failure.code);
    this.#dropSession();
    // Before the stream this costs nothing yet: the session is dialled again when the caller is there.
    if (this.#stream) this.end(this.#parting?.reason ?? "model failed");
  }

  #dropSession(): void {
    this.#answers.stop();
    this.#session?.close();
    this.#session = undefined;
    this.#ready = false;
    this.#openItem = undefined;
    this.#callerAudio.close();
    if (!this.#stream) this.#playout.interrupt();
  }
}
