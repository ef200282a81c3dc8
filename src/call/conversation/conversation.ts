import { costUsd, transcriptionUsd } from "../../model/prices.ts";
import type {
  ModelObserver,
  ModelSession,
  ResponseOutcome,
  SessionFailure,
  SpeechEdge,
} from "../../model/model_interface.ts";
import type { PlayoutLine } from "../../playout/playout.ts";
import type { LineTap } from "../../recording/line_tap.ts";
import type { AudioPositions } from "../call_feed.ts";
import { AssistantSpeech, type AssistantSpeechOptions } from "./assistant_speech.ts";
import { CallerAudio, type CallerAudioCounts } from "./caller_audio.ts";
import { sayGoodbye } from "./goodbye.ts";
import { ModelLink } from "./model_link.ts";
import { PendingReply } from "./pending_reply.ts";
import { ResponseRetry } from "./response_retry.ts";
import { Transcript } from "./transcript.ts";
import { TurnTimer } from "./turn_timer.ts";
import { writeSummary } from "./written_summary.ts";

/** One caller frame in this many is timed. */
const TIMED_FRAMES = 50;

export interface ConversationOptions extends Omit<AssistantSpeechOptions, "model" | "transcript" | "turns"> {
  readonly tap: LineTap;
  /** Name of the model, for its price. */
  readonly model: string;
  /** Name of the model that transcribes the caller, for its price. */
  readonly transcriptionModel: string;
}

/** Connects a caller's line and a model session. Either may end and be replaced while the other stays. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #caller: CallerAudio;
  readonly #retry: ResponseRetry;
  readonly transcript: Transcript;
  readonly turns: TurnTimer;
  readonly pending: PendingReply;
  readonly model: ModelLink;
  readonly speech: AssistantSpeech;
  #stopGoodbye: (() => void) | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    const { clock, events, timeline } = options;
    this.transcript = new Transcript(timeline, events);
    this.turns = new TurnTimer(clock, events);
    this.pending = new PendingReply(this.transcript, this.turns, events);
    this.model = new ModelLink(this.transcript, this.pending);
    this.#retry = new ResponseRetry(clock, this.model, events);
    const { transcript, turns, model } = this;
    this.speech = new AssistantSpeech({ ...options, transcript, turns, model });
    this.#caller = new CallerAudio(clock, events);
    events.on("turn answered", ({ itemId, latency }) => {
      transcript.setLatency(itemId, latency);
    });
  }

  get callerAudioCounts(): CallerAudioCounts {
    return this.#caller.counts;
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

  /**
   * Opens a session. The last one must have ended.
   *
   * @param history Text about the call so far, sent to the session; may be empty.
   */
  open(dial: (observer: ModelObserver) => ModelSession, history = ""): void {
    const dialledAt = this.#options.clock.now();
    this.#retry.start();
    const session: ModelSession = dial(this.#observer(dialledAt, () => session));
    if (history) session.addSystemMessage(history);
    this.model.session = session;
    session.setCallerPresent(this.speech.attached);
  }

  /** Closes the session. The caller's audio waits for the next one. */
  drop(): void {
    this.#markTurnAnswered();
    this.#releaseSession();
  }

  /** The caller is on the line. */
  attach(line: PlayoutLine): void {
    this.speech.attach(this.#options.tap.attach(line));
    this.model.session?.setCallerPresent(true);
  }

  /** The line ended. The session stays, without audio. */
  detach(): void {
    this.speech.detach();
    this.model.session?.setCallerPresent(false);
    this.#options.tap.detach();
    this.#markTurnAnswered();
    this.#caller.setSpeaking(false);
  }

  /** Handles a caller frame: base64 µ-law, and its place in the stream (ms). */
  callerFrame(payload: string, timestamp: number): void {
    const { clock, tap, metrics } = this.#options;
    const timed = this.#caller.frames % TIMED_FRAMES === 0;
    const receivedAt = timed ? clock.now() : 0;
    tap.callerFrame(payload, timestamp);
    this.#caller.frame(payload, timestamp);
    if (timed) metrics.observeAddedDelay("to_model", clock.now() - receivedAt);
  }

  markEchoed(name: string): void {
    this.#options.log.debug("mark", { name });
    this.#options.tap.markEchoed(name);
    this.speech.playout.markEchoed(name);
  }

  /** Sends silence instead of the caller's audio to the model, the recording and listeners while `muted`. */
  muteCaller(muted: boolean): void {
    this.#caller.mute(muted);
    this.#options.tap.muteCaller(muted);
  }

  /**
   * Makes the model say goodbye now. Nothing interrupts it, and the model hears nothing more.
   *
   * @param onEnd Called once, with whether the caller heard the goodbye.
   * @returns false when no session can speak or no caller is on the line.
   */
  sayGoodbye(instructions: string, onEnd: (heard: boolean) => void): boolean {
    const { session, ready } = this.model;
    if (!this.speech.attached || !session || !ready) return false;
    this.#retry.stop();
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
    const session = summarise && this.model.ready ? this.model.release() : undefined;
    this.drop();
    this.speech.close();
    tap.end();
    const record = timeline.pauses.length > 0 ? this.transcript.text : undefined;
    return session && writeSummary(session, model, events, record);
  }

  #observer(dialledAt: number, session: () => ModelSession): ModelObserver {
    const { clock, events } = this.#options;
    const { transcript } = this;
    return {
      sessionReady: () => {
        this.model.ready = true;
        events.emit({ type: "session ready", afterMs: Math.round(clock.now() - dialledAt) });
        this.#caller.open((payload) => session().appendAudio(payload));
      },
      callerSpeechStarted: (edge) => {
        if (edge) transcript.setSpoken(edge.itemId, { fromMs: this.#timelineMs(edge) });
        // The model may have sent it before it stopped listening for the goodbye.
        if (!this.#stopGoodbye) events.emit({ type: "caller started speaking", itemId: edge?.itemId });
      },
      callerSpeechStopped: (edge) => {
        if (edge) transcript.setSpoken(edge.itemId, { toMs: this.#timelineMs(edge) });
        events.emit({ type: "caller stopped speaking", itemId: edge?.itemId });
      },
      assistantAudio: (itemId, audio) => this.speech.receive(session(), itemId, audio),
      responseDone: (response) => this.#responseFinished(response),
      itemAdded: (itemId, previous, speaker) => {
        transcript.addItem(itemId, previous, speaker);
      },
      transcriptDelta: (itemId, speaker, text) => {
        transcript.appendText(itemId, speaker, text);
      },
      assistantTranscript: (itemId, text) => transcript.setText(itemId, "assistant", text),
      callerTranscript: (itemId, text, usage) => {
        transcript.setText(itemId, "caller", text);
        const costUsd = usage ? transcriptionUsd(this.#options.transcriptionModel, usage) : 0;
        events.emit({ type: "caller transcribed", text, costUsd });
      },
      functionCalled: (call) => events.emit({ type: "function called", call }),
      approvalRequested: (request) => events.emit({ type: "approval requested", request }),
      mcpCallStarted: (call) => events.emit({ type: "mcp call started", call }),
      mcpCallEnded: (call, result) => events.emit({ type: "mcp call ended", call, result }),
      modelError: (code = "unknown") => events.emit({ type: "model error", code }),
      malformedEvent: () => events.emit({ type: "model event malformed" }),
      sessionFailed: (failure) => this.#sessionFailed(failure),
    };
  }

  /** Converts a position in the audio given to the session into the call's time line (ms). */
  #timelineMs({ audioMs }: SpeechEdge): number {
    const agoMs = Math.max(0, this.#caller.sentMs - audioMs);
    return Math.max(0, Math.round(this.#options.timeline.atMs - agoMs));
  }

  #markTurnAnswered(): void {
    this.#caller.markTurnAnswered();
    this.pending.markTurnAnswered();
  }

  #responseFinished(response: ResponseOutcome): void {
    const { events, model } = this.#options;
    const failure = this.#retry.responseFinished(response);
    events.emit({ type: "response finished", response, costUsd: costUsd(model, response.usage) });
    // A handler may have started a goodbye because of what the response cost.
    if (failure && !this.#stopGoodbye) this.#sessionFailed(failure);
  }

  #sessionFailed(failure: SessionFailure): void {
    const { pending, model } = this;
    const audioNeeded = pending.sessionLost(model.session, this.#caller.inTurn, this.#retry.due);
    if (!audioNeeded) this.#caller.markTurnAnswered();
    this.#releaseSession();
    this.#options.events.emit({ type: "session failed", failure });
  }

  #releaseSession(): void {
    this.#retry.stop();
    this.model.release()?.close();
    this.speech.sessionClosed();
    this.#caller.close();
  }
}
