import type { Clock } from "../../clock.ts";
import { costOf } from "../../model/prices.ts";
import type {
  Answer,
  ApprovalRequest,
  FunctionCall,
  Heard,
  ModelObserver,
  ModelSession,
  SessionFailure,
  SpeechEdge,
  SpeechRequest,
} from "../../model/session.ts";
import type { PlayoutLine } from "../../playout/playout.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { TurnHops } from "../../telemetry/turn_hops.ts";
import { AssistantAudio } from "./assistant_audio.ts";
import { Answers } from "./answers.ts";
import type { CallEvents } from "../call_events.ts";
import { CallerAudio } from "./caller_audio.ts";
import { Goodbye } from "./goodbye.ts";
import type { Playhead } from "../call_feed.ts";
import type { LineTap } from "../../recording/line_tap.ts";
import { Owed } from "./pending_reply.ts";
import type { Transcript } from "./transcript.ts";
import { Turns } from "./turns.ts";
import { writeSummary } from "./written_summary.ts";

/** Of the caller's frames, each so-manyth is timed on its way through. */
const TIMED_FRAMES = 50;
/** µ-law at 8 kHz. */
const BYTES_PER_MS = 8;

/** Opens a session for whoever listens to it. */
export type Dial = (observer: ModelObserver) => ModelSession;

/** What a conversation tells its call. */
export interface ConversationObserver {
  callerSpeaks(): void;
  callerStopped(): void;
  /** An answer has ended: what it cost, where a price is known (US dollars). */
  answered(answer: Answer, cost: number | undefined): void;
  /** Something that was written and not said was paid for (US dollars). */
  billed(cost: number): void;
  /** Audio of the assistant's is about to be queued. */
  assistantSpeaks(): void;
  /** All of it has been heard. */
  assistantHeard(): void;
  callerSaid(transcript: string): void;
  functionCalled(call: FunctionCall): void;
  approvalAsked(request: ApprovalRequest): void;
  /** A turn was answered: when (ms of the clock) the caller had stopped, and how long each hop took. */
  timed(startedAt: number, hops: TurnHops): void;
  /** The session is gone. */
  failed(failure: SessionFailure): void;
}

export interface ConversationOptions {
  /** Name of the model, for what it costs. */
  readonly model: string;
  readonly events: CallEvents;
  readonly transcript: Transcript;
  readonly tap: LineTap;
  /** The first so many milliseconds that are heard cannot be interrupted. */
  readonly protectedMs?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly observer: ConversationObserver;
}

/**
 * What is said in a call: joins the caller's line, a playout and a model session. Line and session come and go, each
 * without the other.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #audio: AssistantAudio;
  readonly #turns: Turns;
  readonly #answers: Answers;
  readonly #callerAudio: CallerAudio;
  #session: ModelSession | undefined;
  /** Whether the session is configured: only then can it say anything. */
  #ready = false;
  /** The item the model is making. */
  #openItem: string | undefined;
  #attached = false;
  /** The caller was on the line, and may come back. */
  #away = false;
  #goodbye: Goodbye | undefined;
  #callerSpeaking = false;
  /** The assistant says nothing, whatever it hears. */
  #silent = false;
  readonly #transcript: Transcript;
  readonly #owed: Owed;
  /** How much audio came of each item (ms), of those that were not interrupted. */
  readonly #arrivedMs = new Map<string, number>();
  #bargeIns = 0;

  constructor(options: ConversationOptions) {
    const { clock, log, observer, events, transcript } = this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#transcript = transcript;
    this.#turns = new Turns(clock, log, (startedAt, hops, itemId) => {
      transcript.timed(itemId, hops, events.atMs);
      observer.timed(startedAt, hops);
    });
    this.#owed = new Owed(transcript, this.#turns);
    this.#answers = new Answers(clock, log, (instructions) => this.say({ instructions }));
    this.#callerAudio = new CallerAudio(clock);
    this.#audio = new AssistantAudio({
      clock,
      protectedMs: options.protectedMs,
      sending: (itemId) => {
        transcript.played(itemId, events.atMs);
        this.#turns.sending(itemId);
      },
      hearing: (itemId) => this.#turns.hearing(itemId),
      heardOn: (itemId) => transcript.played(itemId, events.atMs),
      markLost: (mark) => log.warn("mark lost", { mark }),
      // A caller who has begun meanwhile interrupts now.
      released: () => {
        if (this.#callerSpeaking && this.#session) this.#bargeIn();
      },
    });
  }

  /** How many turns the caller had so far. */
  get turns(): number {
    return this.#turns.count;
  }

  /** Tokens of all answers so far. */
  get tokens(): Answers["tokens"] {
    return this.#answers.tokens;
  }

  /** What there is to say of it when it is over. */
  get facts() {
    const { atMs } = this.#options.events;
    for (const [itemId, totalMs] of this.#arrivedMs) {
      const heardMs = this.#audio.heardMs(itemId);
      this.#transcript.heard(itemId, heardMs, totalMs, heardMs < totalMs, atMs);
    }
    return {
      said: this.#transcript.turns(),
      callerAudio: this.#callerAudio.counts,
      turns: this.turns,
      tokens: this.tokens,
      billed: this.#answers.billed,
      bargeIns: this.#bargeIns,
      marksLost: this.#audio.marksLost,
    };
  }

  /** Bytes of audio that wait here, by where. */
  get buffered(): { readonly playout: number; readonly model: number } {
    return { playout: this.#audio.queued, model: this.#session?.buffered ?? 0 };
  }

  /** Where the audio is at this moment. */
  get playhead(): Playhead {
    const { queuedMs, farMs, itemId, heardMs } = this.#audio.head;
    return {
      callerSpeaks: this.#callerSpeaking,
      assistantSpeaks: farMs > 0,
      queuedMs,
      twilioMs: farMs,
      ...(itemId === undefined ? {} : { item: itemId, heardMs }),
    };
  }

  /** Whether there is a session, be it configured or not. */
  get hasSession(): boolean {
    return this.#session !== undefined;
  }

  /** Whether something is to be said that no session was left to say, and that is no answer to the caller's last turn. */
  get owing(): boolean {
    return this.#owed.owing;
  }

  /**
   * Opens a session, where there is none.
   *
   * @param before What it is told of the call so far; empty where there is nothing to tell.
   */
  open(dial: Dial, before = ""): void {
    const { events } = this.#options;
    const openedAt = this.#clock.now();
    this.#answers.start();
    const session: ModelSession = dial({
      ready: () => {
        const waited = Math.round(this.#clock.now() - openedAt);
        this.#log.info("session ready", { after_ms: waited });
        this.#options.metrics.sessionReady(waited);
        this.#ready = true;
        this.#callerAudio.open((payload) => session.appendAudio(payload));
      },
      speechStarted: (at) => {
        if (at) {
          this.#transcript.spoken(at.itemId, { fromMs: this.#placeOf(at) }, events.atMs);
          this.#owed.callerSpeaks(at.itemId);
        }
        this.#speechStarted();
      },
      speechStopped: (at) => {
        if (at) {
          this.#transcript.spoken(at.itemId, { toMs: this.#placeOf(at) }, events.atMs);
          this.#owed.callerStopped(at.itemId);
        }
        this.#speechStopped();
      },
      audio: (itemId, audio) => this.#takeAudio(session, itemId, audio),
      answered: (answer) => this.#answered(answer),
      itemAdded: (itemId, previous, who) => this.#transcript.added(itemId, previous, who, events.atMs),
      wordsCame: (itemId, who, words) => this.#transcript.wordsCame(itemId, who, words, events.atMs),
      assistantSaid: (itemId, text) => this.#transcript.said(itemId, "assistant", text, events.atMs),
      callerSaid: (itemId, text) => {
        this.#transcript.said(itemId, "caller", text, events.atMs);
        this.#options.observer.callerSaid(text);
      },
      functionCalled: (call) => {
        this.#owed.functionCalled(call.callId);
        this.#options.observer.functionCalled(call);
      },
      approvalAsked: (request) => this.#options.observer.approvalAsked(request),
      complained: (code = "unknown") => this.#options.metrics.modelError(code),
      skipped: () => this.#options.metrics.malformedModelEvent(),
      failed: (failure) => this.#failed(failure),
    });
    if (before) session.addNote(before);
    this.#session = session;
  }

  /** Closes the session; what the caller says from now on waits for another one. */
  drop(): void {
    this.#turnAnswered();
    this.#release();
  }

  #release(): void {
    this.#answers.stop();
    this.#session?.close();
    this.#session = undefined;
    this.#ready = false;
    // Nobody has heard it, so the next session begins anew.
    if (!this.#attached) this.#cut();
    this.#openItem = undefined;
    this.#owed.functionsStopped();
    this.#callerSpeaking = false;
    this.#callerAudio.close();
  }

  /** The caller is on the line. */
  attach(line: PlayoutLine): void {
    this.#attached = true;
    this.#away = false;
    this.#audio.attach(this.#options.tap.attach(line));
  }

  /** The line is gone; the session stays, and hears nothing. */
  detach(): void {
    this.#breakOff();
    this.#attached = false;
    this.#away = true;
    this.#audio.detach();
    this.#options.tap.detach();
    this.#callerSpeaking = false;
    this.#owed.functionsStopped();
    this.#turnAnswered();
    this.#callerAudio.speaking(false);
  }

  /** Takes a frame of the caller's: base64 µ-law, and its place in the stream (ms). */
  hear(payload: string, timestamp: number): void {
    const timed = this.#callerAudio.counts.frames % TIMED_FRAMES === 0;
    const from = timed ? this.#clock.now() : 0;
    this.#options.tap.callerFrame(payload, timestamp);
    this.#callerAudio.frame(payload, timestamp);
    if (timed) this.#options.metrics.added("to_model", this.#clock.now() - from);
  }

  markEchoed(name: string): void {
    this.#log.debug("mark", { name });
    this.#options.tap.markEchoed(name);
    this.#audio.markEchoed(name);
  }

  /** Has the model speak, now or as soon as it is silent. */
  say(request: SpeechRequest): void {
    if (this.#session) this.#session.requestSpeech(request);
    else this.#owed.unsaid();
  }

  /** Tells the model something the caller did not say; also the one of the next session. */
  note(text: string): void {
    this.#transcript.noted(text, this.#options.events.atMs);
    this.#session?.addNote(text);
  }

  answerFunction(callId: string, output: string): void {
    this.#owed.functionAnswered(callId);
    this.#session?.answerFunction(callId, output);
  }

  answerApproval(id: string, approved: boolean): void {
    this.#session?.answerApproval(id, approved);
  }

  /** Runs `then` when all that was said so far has been heard; never, if it is cut. */
  whenHeard(then: () => void): void {
    this.#audio.whenHeard(then);
  }

  /** Plays µ-law audio of our own after what is being said; nothing interrupts it. Resolves when it was heard. */
  async play(name: string, audio: Uint8Array): Promise<void> {
    await this.#audio.play(name, audio);
  }

  /** Plays µ-law audio of our own that anything may interrupt. */
  hum(name: string, audio: Uint8Array): void {
    this.#audio.hum(name, audio);
  }

  /** Ends what {@linkcode hum} plays. */
  hush(): void {
    if (this.#audio.interruptible) this.#audio.cut();
  }

  /** Whether the model, and who listens in or records, hears silence instead of the caller. */
  mute(muted: boolean): void {
    this.#callerAudio.mute(muted);
    this.#options.tap.muteCaller(muted);
  }

  /** Has the assistant be silent, at once and whatever it hears; or lets it speak again. */
  silence(silent: boolean): void {
    this.#silent = silent;
    if (silent) this.#breakOff();
  }

  /**
   * Has the model say goodbye, at once; nothing interrupts it, and nothing is heard after it.
   *
   * @param over Told once whether the caller heard it.
   * @returns whether there is somebody to say it.
   */
  sayGoodbye(instructions: string, over: (heard: boolean) => void): boolean {
    const session = this.#session;
    if (!this.#attached || !session || !this.#ready) return false;
    this.#answers.stop();
    this.#goodbye = new Goodbye({
      clock: this.#clock,
      session,
      cut: () => this.#cut(),
      whenHeard: (then) => this.#audio.whenHeard(then),
      instructions,
      over,
    });
    return true;
  }

  /**
   * Everything is closed, and no timer left; but for the session where it is to write what the call came to, 8 s at most.
   *
   * @returns that text, if it was asked for and came.
   */
  close(summarise = false): Promise<string | undefined> | undefined {
    this.#goodbye?.stop();
    const session = summarise && this.#ready ? this.#session : undefined;
    if (session) this.#session = undefined;
    this.drop();
    this.#audio.close();
    this.#options.tap.end();
    const { metrics, model, observer: { billed } } = this.#options;
    return session && writeSummary(session, { metrics, model, billed });
  }

  /** An edge of the caller's speech on the call's time line (ms): so long ago as audio has been given since. */
  #placeOf({ audioMs }: SpeechEdge): number {
    const ago = this.#callerAudio.givenMs - audioMs;
    return Math.max(0, Math.round(this.#options.events.atMs - Math.max(0, ago)));
  }

  #speechStarted(): void {
    // Said before the model stopped to listen: nothing cuts a goodbye.
    if (this.#goodbye) return;
    this.#callerSpeaking = true;
    if (this.#audio.interruptible) this.#bargeIn();
    this.#callerAudio.speaking(true);
    this.#turns.taken();
    this.#options.observer.callerSpeaks();
  }

  #speechStopped(): void {
    this.#log.info("speech stopped");
    this.#callerSpeaking = false;
    this.#callerAudio.speaking(false);
    this.#turns.handedOver();
    this.#options.observer.callerStopped();
  }

  /** The caller's turn has its answer. */
  #turnAnswered(): void {
    this.#callerAudio.answered();
    this.#owed.answered();
  }

  /** Ends what is being played; says how much of it was heard. */
  #cut(): readonly Heard[] {
    const { atMs } = this.#options.events;
    const heard = this.#audio.cut(this.#openItem);
    for (const { itemId, heardMs } of heard) {
      const arrivedMs = this.#arrivedMs.get(itemId) ?? heardMs;
      this.#transcript.heard(itemId, heardMs, arrivedMs, true, atMs);
      this.#arrivedMs.delete(itemId);
    }
    return heard;
  }

  #bargeIn(): void {
    const heard = this.#cut();
    this.#session?.interrupted(heard);
    const cut = heard[0];
    if (cut) {
      this.#bargeIns++;
      this.#options.events.add("barge-in", cut.itemId);
      this.#options.metrics.bargeIn();
    }
    this.#log.info(cut ? "barge-in" : "speech started", cut && { item: cut.itemId, heard_ms: cut.heardMs });
  }

  /** Ends what the assistant says, and what it is about to say. */
  #breakOff(): void {
    this.#session?.interrupted(this.#cut());
    this.#session?.stopSpeech();
  }

  #takeAudio(session: ModelSession, itemId: string, audio: Uint8Array): void {
    if (this.#away || this.#silent && !this.#goodbye) {
      session.stopSpeech();
      this.#transcript.heard(itemId, 0, 0, true, this.#options.events.atMs);
      return session.interrupted([{ itemId, heardMs: 0 }]);
    }
    const arrived = this.#clock.now();
    if (this.#openItem !== itemId) {
      this.#options.observer.assistantSpeaks();
      // What goes on while the caller speaks is no answer to them.
      this.#turnAnswered();
    }
    this.#openItem = itemId;
    this.#transcript.generated(itemId, this.#options.events.atMs);
    this.#arrivedMs.set(itemId, (this.#arrivedMs.get(itemId) ?? 0) + audio.length / BYTES_PER_MS);
    this.#turns.firstAudio(itemId);
    if (this.#audio.enqueue(itemId, audio)) {
      return this.#options.metrics.added("to_caller", this.#clock.now() - arrived);
    }
    // The playout is full: what is queued will be played, the model is told that the rest never was.
    this.#log.warn("answer too long", { item: itemId });
    session.stopSpeech();
    session.interrupted([{ itemId, heardMs: this.#audio.acceptedMs(itemId) }]);
  }

  #answered(answer: Answer): void {
    this.#openItem = undefined;
    const { metrics, model, observer } = this.#options;
    const cost = costOf(model, answer.usage);
    metrics.answered(model, answer.usage, cost);
    const failure = this.#answers.take(answer);
    if (answer.spoke) this.#audio.whenHeard(() => observer.assistantHeard());
    observer.answered(answer, cost);
    // A goodbye may have begun meanwhile, for what it cost.
    if (failure && !this.#goodbye) this.#failed(failure);
  }

  #failed(failure: SessionFailure): void {
    this.#log.error("model failed", { code: failure.code, message: failure.message });
    this.#options.metrics.modelError(failure.code);
    this.#owed.sessionLost(this.#session, this.#callerAudio.inTurn, this.#answers.due);
    this.#release();
    this.#options.observer.failed(failure);
  }
}
