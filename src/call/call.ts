import type { CallAssistant } from "../assistants/call_assistant.ts";
import type { Clock } from "../clock.ts";
import type { HistoryItem, ModelObserver, ModelSession } from "../model/model_interface.ts";
import { DEFAULT_TRANSCRIPTION, type SessionOptions } from "../model/session_options.ts";
import { STAND_IN } from "../model/prices.ts";
import { LineTap } from "../recording/line_tap.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import type { MediaStream, MediaStreamObserver } from "../twilio/media_stream.ts";
import { CallEnding } from "./call_ending.ts";
import { CallEventStream } from "./call_event_stream.ts";
import { CallFeed } from "./call_feed.ts";
import { type AccountUse, CallLimits } from "./call_limits.ts";
import { CallLine } from "./call_line.ts";
import { recordCall, type Recorder } from "./call_recording.ts";
import { type CallIdentity, CallReport } from "./call_report.ts";
import { type CallSinks, reportCallEnd, reportTelemetry } from "./call_telemetry.ts";
import { CallTimeline, type RecordingPause } from "./call_timeline.ts";
import { CallUsage } from "./call_usage.ts";
import { groupHistory, limitHistory } from "./succession/conversation_history.ts";
import { Conversation } from "./conversation/conversation.ts";
import { interruptionSettings } from "./conversation/interruption_settings.ts";
import { type ModelService, Sessions } from "./succession/sessions.ts";
import { runFunctions } from "./function_calls.ts";
import { greetWithAudio } from "./greeting_audio.ts";
import { HoldingSound } from "./holding_sound.ts";
import { createOperatorControls } from "./operator.ts";
import { Outage } from "./outage.ts";
import { AfterPlayback } from "./phone/after_playback.ts";
import { watchForMachine } from "./phone/answering_machine_watch.ts";
import { Approvals } from "./phone/approvals.ts";
import { playHoldDuringTools } from "./phone/hold.ts";
import { createKeyInput } from "./phone/key_input.ts";
import { Keypad } from "./phone/keypad.ts";
import { createPhoneControl } from "./phone/phone_control.ts";
import { createSecretEntry } from "./phone/secret_entry.ts";
import { promptSilentCaller } from "./phone/silence_prompts.ts";
import { Transfers } from "./phone/transfer.ts";

/** What the next part of a call continues: Twilio may connect a call again. */
export interface EarlierPart {
  /** Everything said and heard so far, as the items for another session. */
  readonly history: readonly HistoryItem[];
  readonly pauses: readonly RecordingPause[];
}

export interface CallOptions extends CallSinks {
  readonly identity: CallIdentity;
  readonly assistant: CallAssistant;
  readonly openSession: (
    options: Omit<SessionOptions, "safetyIdentifier">,
    observer: ModelObserver,
  ) => ModelSession;
  /** Timeout without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
  /** How long a lost stream may take to come back (ms). */
  readonly streamGraceMs: number;
  readonly earlier?: EarlierPart | undefined;
  readonly models: ModelService;
  /** Records the call, if the assistant's calls are recorded. */
  readonly recorder?: Recorder | undefined;
  readonly clock: Clock;
}

/**
 * One phone call, from the webhook that announces it to its record. It composes the call's parts, which talk through its
 * event stream; `docs/design/call-events.md` has the rules.
 */
export class Call {
  readonly events = new CallEventStream();
  readonly report: CallReport;
  readonly operator: ReturnType<typeof createOperatorControls>;
  readonly transfers: Transfers;
  readonly ending: CallEnding;
  readonly #conversation: Conversation;
  readonly #line: CallLine;
  readonly #setMachineVerdict: ((answeredBy: AnsweredBy) => void) | undefined;
  readonly #sessions: Sessions;
  readonly #outage: Outage;
  readonly #continuation: () => EarlierPart;
  readonly #span: CallSinks["span"];

  // Handlers of an event run in the order in which the parts are constructed.
  constructor(options: CallOptions) {
    const { assistant, identity, clock, log, metrics, recorder } = options;
    const { destinations, keypad: keys, silence, waiting, voicemail } = assistant;
    const { events } = this;
    const model = assistant.billedModel;
    const { protectedMs, session: { transcription } } = assistant;
    const transcriber = transcription === "off"
      ? undefined
      : transcription?.model ?? DEFAULT_TRANSCRIPTION.model;
    const transcriptionModel = model === STAND_IN ? STAND_IN : transcriber ?? "";
    reportTelemetry(events, { ...options, transcriptionModel });
    const usage = new CallUsage(events);
    const timeline = new CallTimeline(clock, events, options.earlier?.pauses);
    const tap = new LineTap(clock, () => timeline.atMs);
    const shared = { events, timeline, clock, log };
    const recorded = assistant.recording !== undefined && recorder !== undefined;
    const { callSid, direction, from, to } = identity;
    const startRecording = recorder && (() => recordCall({ ...shared, recorder, callSid, tap }));
    if (recorded) startRecording?.();
    const interruptions = interruptionSettings(assistant);
    const speaking = { tap, model, transcriptionModel, protectedMs, interruptions, metrics };
    const conversation = new Conversation({ ...shared, ...speaking });
    const ending = new CallEnding({ ...shared, conversation, summary: assistant.summary ?? false });
    const parts = { ...shared, conversation, ending, model: conversation.model, speech: conversation.speech };
    const keypad = new Keypad(clock, { pauseMs: keys.pauseMs, menu: keys.menu.keys() }, events);
    const approvals = new Approvals({ ...parts, approvals: assistant.approvals });
    const pressKey = createKeyInput({ ...parts, keypad, approvals });
    const { mediaTimeoutMs, streamGraceMs } = options;
    const line = new CallLine({ ...parts, pressKey, mediaTimeoutMs, streamGraceMs });
    if (silence) promptSilentCaller({ ...parts, ...silence });
    if (waiting) playHoldDuringTools({ ...parts, ...waiting });
    const { level } = conversation;
    new HoldingSound({ ...parts, level, isDue: () => conversation.answerDue, ...assistant.holding });
    if (voicemail) this.#setMachineVerdict = watchForMachine({ ...parts, behaviour: voicemail });
    const collectSecret = createSecretEntry({ ...parts, keypad, digits: keys.secrets });
    const transfers = new Transfers({ ...parts, assistant, line });
    const record = startRecording && (() => recorded ? undefined : startRecording());
    const party = direction === "outbound" ? to : from;
    this.#outage = new Outage({ ...parts, plan: assistant.outage, party, transfers, line, record });
    const afterPlayback = new AfterPlayback(parts);
    const control = createPhoneControl({ ...parts, afterPlayback, collectSecret, transfers, recorded });
    const tools = assistant.tools(control, (name) => keypad.secret(name));
    const { toolData } = assistant;
    const hidden = toolData && (() => [...toolData.secrets, ...keypad.secretValues()]);
    const { declarations: functions, isRunning } = runFunctions({ ...parts, tools, secrets: hidden });
    const { models } = options;
    const earlier = options.earlier?.history ?? [];
    this.#continuation = () => ({
      history: limitHistory([...groupHistory(earlier), ...conversation.transcript.history]),
      pauses: timeline.pauses,
    });
    const isBusy = () => isRunning() || approvals.waiting || keypad.collecting || afterPlayback.waiting;
    this.#sessions = new Sessions({
      ...parts,
      assistant,
      functions,
      openSession: greetWithAudio({ ...parts, assistant, earlier, openSession: options.openSession }),
      line,
      earlier,
      models,
      isBusy,
    });
    new CallLimits({ ...parts, maxCallMs: assistant.maxCallMs });
    const feed = new CallFeed({ ...parts, tap, usage });
    const report = new CallReport({ ...parts, identity, usage, line, transfers, recorded });
    this.operator = createOperatorControls({
      ...parts,
      report,
      feed,
      tap,
      recorded,
      destinations,
      transfers,
    });
    events.on("call ended", ({ end: { reason } }) => reportCallEnd(options, { reason, ...report.totals }));
    this.#span = options.span;
    this.#conversation = conversation;
    this.#line = line;
    this.report = report;
    this.ending = ending;
    this.transfers = transfers;
  }

  /** Whether Twilio has a stream of this call, or will ask for TwiML because it has lost it. */
  get awaitsAfterStream(): boolean {
    return this.#line.connected || this.#line.detachedByLoss;
  }

  /** Whether a media stream is open that receives audio. */
  get receiving(): boolean {
    return this.#line.receiving;
  }

  /** Number of streams lost within the last minute. */
  get recentLosses(): number {
    return this.#line.recentLosses;
  }

  /** This part and the earlier ones, for the next one. */
  get continuation(): EarlierPart {
    return this.#continuation();
  }

  /** Bytes of audio waiting in each queue. */
  get bufferedBytes(): { readonly playout: number; readonly twilio: number; readonly model: number } {
    const { speech, model } = this.#conversation;
    return {
      playout: speech.playout.queued,
      twilio: this.#line.bufferedBytes,
      model: model.session?.bufferedBytes ?? 0,
    };
  }

  /** The call is billed from now on: at its first webhook, so an outbound one when it is answered. */
  openAccount(account: AccountUse): void {
    this.events.emit({ type: "account opened", account });
  }

  /** Connects to the model while an outbound call rings. */
  prepareSilently(): void {
    this.#sessions.prepare();
  }

  /** Closes everything, because nobody has answered. The call leaves no record. */
  discard(): void {
    this.ending.discard();
    this.#span.end("not answered", false);
  }

  /**
   * Connects to the model, unless that is done, and requests the greeting, before the stream exists.
   *
   * @param spokenMs How long Twilio speaks before it opens the stream (ms).
   */
  prepare(spokenMs: number): void {
    if (this.ending.ended) return;
    this.report.announced();
    this.#sessions.start();
    this.#line.awaitFirstStream(spokenMs);
  }

  /** Twilio reports who answered an outbound call. */
  reportAnsweredBy(answeredBy: AnsweredBy): void {
    this.#setMachineVerdict?.(answeredBy);
  }

  /**
   * Twilio asks for the next stream, because the last one is over or could not be opened.
   *
   * @returns whether the call waits for it; false if it is over.
   */
  streamRequested(): boolean {
    // Twilio speaks between two streams: none was lost.
    if (this.#outage.sentence === undefined) this.#line.streamRequested();
    return !this.ending.ended;
  }

  /** Wait before Twilio opens another stream (s): 0 at first. */
  get pauseSeconds(): number {
    return this.#line.pauseSeconds;
  }

  /** What Twilio says before the caller's transfer or next stream; undefined if there is nothing to say. */
  get sentence(): string | undefined {
    return this.#outage.sentence;
  }

  /**
   * Gives up a stream that is still open, because another one has come.
   *
   * @returns false if the call has ended because of it.
   */
  releaseStream(): boolean {
    this.#line.detachLost();
    return !this.ending.ended;
  }

  /**
   * A stream has started: the caller is on the line, or back from a transfer or a loss.
   *
   * @returns the observer of the stream's messages.
   */
  attach(stream: MediaStream): MediaStreamObserver {
    const observer = this.#line.attach(stream);
    this.#conversation.attach(stream);
    this.events.emit({ type: "stream attached" });
    // These may end the call, which its parts must not learn before they know of the stream.
    this.ending.sayOverdueGoodbye();
    this.#outage.callerBack();
    return observer;
  }
}
