import type { ModelObserver } from "../../model/model_interface.ts";
import type { PlayoutLine } from "../../playout/playout.ts";
import type { LineTap } from "../../recording/line_tap.ts";
import type { AudioPositions } from "../call_feed.ts";
import { AssistantSpeech, type AssistantSpeechOptions } from "./assistant_speech.ts";
import { CallerAudio, type CallerAudioCounts } from "./caller_audio.ts";
import { CallerLevelMeter } from "./caller_level.ts";
import { sayGoodbye } from "./goodbye.ts";
import { createModelObserver } from "./model_observer.ts";
import { ModelLink } from "./model_link.ts";
import { PendingReply } from "./pending_reply.ts";
import { ResponseRetry } from "./response_retry.ts";
import { Transcript } from "./transcript.ts";
import { TurnTimer } from "./turn_timer.ts";
import { writeSummary } from "./written_summary.ts";

/** Silence given to the model when the line is lost (ms): it ends the caller's turn. */
const LOST_LINE_SILENCE_MS = 1_000;
/** One caller frame in this many is timed. */
const TIMED_FRAMES = 50;

export interface ConversationOptions
  extends Omit<AssistantSpeechOptions, "model" | "transcript" | "turns" | "level"> {
  readonly tap: LineTap;
  /** Name of the model, for its price. */
  readonly model: string;
  /** Name of the model that transcribes the caller, for its price. */
  readonly transcriptionModel: string;
}

/** Connects a caller's line and the model's session. Either may end and be replaced while the other stays. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly transcript: Transcript;
  readonly turns: TurnTimer;
  readonly pending: PendingReply;
  readonly model: ModelLink;
  readonly speech: AssistantSpeech;
  readonly level = new CallerLevelMeter();
  readonly caller: CallerAudio;
  readonly retry: ResponseRetry;
  /** Receives the events of the session that serves the caller. */
  readonly observer: ModelObserver;
  #stopGoodbye: (() => void) | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    const { clock, events, timeline } = options;
    this.transcript = new Transcript(timeline, events);
    this.turns = new TurnTimer(clock, events);
    this.pending = new PendingReply(this.transcript, this.turns, events, clock);
    this.model = new ModelLink(this.transcript, this.pending);
    this.retry = new ResponseRetry(clock, this.model, events);
    const { transcript, turns, model } = this;
    this.speech = new AssistantSpeech({ ...options, transcript, turns, model, level: this.level });
    this.caller = new CallerAudio(clock, { level: this.level });
    this.observer = createModelObserver({
      ...options,
      conversation: this,
      inGoodbye: () => this.#stopGoodbye !== undefined,
    });
    events.on("turn answered", ({ itemId, latency }) => {
      transcript.setLatency(itemId, latency);
    });
    events.on("turn dismissed", () => {
      if (!this.pending.hasCallerItems) this.caller.turnAnswered();
    });
    // The answer is due now: is the line to the model alive?
    this.level.onEdge((speaking) => {
      if (!speaking) model.session?.probe();
    });
    // Audio that continues an item the caller spoke over does not answer the caller.
    events.on(["assistant started speaking", "function called"], () => this.caller.turnAnswered());
  }

  get callerAudioCounts(): CallerAudioCounts {
    return this.caller.counts;
  }

  /** Whether the caller waits for an answer, or the model has been asked to speak. */
  get answerDue(): boolean {
    return this.caller.inTurn || this.retry.due || this.model.session?.hasPendingResponse === true;
  }

  /** Current audio positions. */
  get audioPositions(): AudioPositions {
    const { queuedMs, leadMs, itemId, heardMs } = this.speech.playout.status;
    return {
      callerSpeaks: this.speech.callerSpeaking,
      assistantSpeaks: leadMs > 0,
      queuedMs,
      twilioMs: leadMs,
      ...(itemId === undefined ? {} : { item: itemId, heardMs }),
    };
  }

  /** The caller is on the line. */
  attach(line: PlayoutLine): void {
    this.caller.streamStarted();
    this.speech.attach(this.#options.tap.attach(line));
    this.model.session?.setCallerPresent(true);
  }

  /** The line was lost and may come back: the playback pauses, and the session goes on. */
  suspend(): void {
    this.speech.suspend();
    // Otherwise the model would wait for the end of a turn.
    this.caller.fillSilence(LOST_LINE_SILENCE_MS);
    this.model.session?.setCallerPresent(false);
    this.#options.tap.detach();
  }

  /** The line ended. The session stays, without audio. */
  detach(): void {
    this.speech.detach();
    this.model.session?.setCallerPresent(false);
    this.#options.tap.detach();
    // What was said is not given to the session that the caller comes back to.
    this.caller.turnEnded(this.caller.positionMs);
    this.caller.turnAnswered();
    this.pending.markTurnAnswered();
  }

  /** Handles a caller frame: base64 µ-law, and its place in the stream (ms). */
  callerFrame(payload: string, timestamp: number): void {
    const { clock, tap, metrics } = this.#options;
    const timed = this.caller.frames % TIMED_FRAMES === 0;
    const receivedAt = timed ? clock.now() : 0;
    tap.callerFrame(payload, timestamp);
    this.caller.frame(payload, timestamp);
    if (timed) metrics.observeAddedDelay("to_model", clock.now() - receivedAt);
  }

  markEchoed(name: string): void {
    this.#options.log.debug("mark", { name });
    this.#options.tap.markEchoed(name);
    this.speech.playout.markEchoed(name);
  }

  /** Sends silence instead of the caller's audio to the model, the recording and listeners while `muted`. */
  muteCaller(muted: boolean): void {
    this.caller.mute(muted);
    this.#options.tap.muteCaller(muted);
  }

  /**
   * Makes the model say goodbye now. Nothing interrupts it, and the model hears nothing more.
   *
   * @param onEnd Called once, with whether the caller heard the goodbye.
   * @returns false when no session can speak or no caller is on the line.
   */
  sayGoodbye(instructions: string, onEnd: (heard: boolean) => void): boolean {
    const { session } = this.model;
    if (!this.speech.attached || !session) return false;
    this.retry.stop();
    this.speech.startGoodbye();
    const { speech } = this;
    this.#stopGoodbye = sayGoodbye({ clock: this.#options.clock, session, speech, instructions, onEnd });
    return true;
  }

  /**
   * Closes everything, except for a session that writes the summary: that one closes within 8 s.
   *
   * @returns the summary, if it was requested and written in time.
   */
  close(summarise = false): ReturnType<typeof writeSummary> | undefined {
    const { tap, model, events, timeline } = this.#options;
    this.#stopGoodbye?.();
    this.speech.recordHeard();
    this.retry.stop();
    const billed = this.model.billedModel ?? model;
    const session = summarise ? this.model.release() : undefined;
    this.model.drop();
    this.caller.sendTo(undefined);
    this.speech.close();
    tap.end();
    const record = timeline.pauses.length > 0 ? this.transcript.text : undefined;
    return session && writeSummary(session, billed, events, record);
  }
}
