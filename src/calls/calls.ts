import type { Destination } from "../assistants/assistant.ts";
import type { CallAssistant } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import { Call } from "../call/call.ts";
import { CONNECT_MS } from "../call/call_line.ts";
import type { Recorder } from "../call/call_recording.ts";
import type { ModelService } from "../call/succession/sessions.ts";
import { EndpointHealth } from "../model/endpoint_health.ts";
import type { CallEnd, EndReason } from "../call/end_reason.ts";
import type { TransferFailure } from "../call/phone/transfer.ts";
import type { HistoryItem, OpenSession } from "../model/model_interface.ts";
import type { CallRecord, EndedCall, WrittenSummary } from "../records/call_record.ts";
import { startCallSpan } from "../telemetry/call_span.ts";
import type { Log } from "../telemetry/log.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import type { MediaStream, MediaStreamObserver, RejectReason } from "../twilio/media_stream.ts";
import type { StreamStart } from "../twilio/messages.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import { Admission, type AdmissionRules, type CallRefusal } from "./admission.ts";
import type { Budget } from "./budget.ts";
import { CallBills, type CallBillsOptions } from "./call_bills.ts";
import { CallRegistry } from "./call_registry.ts";
import { DialledCalls, type DialledCallsOptions } from "./dialled_calls.ts";
import { PreparedCalls } from "./prepared_calls.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { StreamTokens } from "./stream_tokens.ts";

/** Number of ended calls kept for Twilio's request after the stream. */
const MAX_ENDED = 1_000;
/** Streams that a call may lose before its caller hears an apology. */
const MAX_LOSSES = 3;

export interface CallsOptions extends CallBillsOptions, DialledCallsOptions {
  /**
   * Creates the assistant for a stream whose call was announced to another instance; undefined for an outbound call whose
   * request is not known.
   */
  readonly createAssistant: (
    call: IncomingCall,
    parameters: StreamStart["parameters"],
  ) => CallAssistant | undefined;
  readonly openSession: OpenSession;
  /** Default: nothing is known about the models yet. */
  readonly models?: ModelService | undefined;
  readonly rules: AdmissionRules;
  /** A call ends after this long without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
  /** How long a call waits for its stream to come back after a loss (ms). */
  readonly streamGraceMs: number;
  /** Shared by all instances of a number, so that a stream may reach another instance than its webhook. */
  readonly tokenSecret?: string | undefined;
  /** Names the caller for the model's provider. */
  readonly pseudonym: Pseudonym;
  /** Budget in minutes. */
  readonly minutes: Budget;
  /** Records the calls of assistants with recording; undefined if recordings are off. */
  readonly recorder?: Recorder | undefined;
  /** Called when a call's first stream starts. */
  readonly onStarted?: (record: CallRecord) => void;
  /** Called with the record of each ended call. The model's summary arrives later. */
  readonly onEnded?: (record: EndedCall, summary: Promise<WrittenSummary | undefined> | undefined) => void;
  readonly log: Log;
}

/** A call that ended here. Twilio may connect it again: by a redirect, or after its stream was lost. */
interface ResumableCall {
  readonly end: CallEnd;
  /** The conversation, for its next part. */
  readonly conversation: readonly HistoryItem[];
  readonly incoming: IncomingCall;
  readonly assistant: CallAssistant;
  /** How often its stream was lost before. */
  readonly losses: number;
  /** Its caller's leg is paid until then (ms of the clock). */
  paidUntil: number;
}

/** All calls of this process: announces them, admits their streams, and keeps how they ended for Twilio's callbacks. */
export class Calls extends CallRegistry {
  readonly #options: CallsOptions;
  readonly #models: ModelService;
  readonly admission: Admission;
  readonly #tokens: StreamTokens;
  /** Callers who talk to a destination are no longer in `calls`. */
  readonly dialled: DialledCalls;
  readonly prepared: PreparedCalls;
  readonly #bills: CallBills;
  readonly #ended = new BoundedMap<string, ResumableCall>(MAX_ENDED, (callSid) => {
    this.#awaitingAfterStream.delete(callSid);
  });
  /** Calls ended here, for which Twilio will request TwiML after the stream. */
  readonly #awaitingAfterStream = new Set<string>();
  #endedWithoutGoodbye = 0;

  constructor(options: CallsOptions) {
    super();
    this.#options = options;
    this.#models = options.models ?? { health: new EndpointHealth(options.clock) };
    this.admission = new Admission(options.rules, options.clock);
    this.prepared = new PreparedCalls(options.clock);
    this.#bills = new CallBills(options);
    this.dialled = new DialledCalls(options, this.#bills, (callSid) => {
      this.#bills.get(callSid)?.stop("destination");
      if (!this.calls.has(callSid)) this.#closeBill(callSid);
    });
    this.#tokens = new StreamTokens(options.clock, CONNECT_MS, options.tokenSecret);
  }

  /** Number of callers that count towards `maxCalls`: those of calls here, and those transferred from here. */
  get #places(): number {
    return new Set([...this.calls.keys(), ...this.dialled.transferred.keys()]).size;
  }

  /** Number of calls ended here for which Twilio has not requested TwiML yet. */
  get awaitingAfterStream(): number {
    return this.#awaitingAfterStream.size;
  }

  /** Number of calls that a shutdown ended before the caller heard a goodbye. */
  get endedWithoutGoodbye(): number {
    return this.#endedWithoutGoodbye;
  }

  /**
   * The voice webhook announces a call. Its model session is connected now.
   *
   * @param assistant The assistant that answers.
   * @param spokenMs How long Twilio speaks before it opens the stream (ms).
   * @returns The token for the call's stream (undefined without a CallSid), or why the call is refused.
   */
  announce(
    incoming: IncomingCall,
    assistant: CallAssistant,
    spokenMs = 0,
  ): { readonly token: string | undefined } | { readonly refused: CallRefusal } {
    const { callSid, from, to } = incoming;
    // A request without a CallSid is a test of the webhook, for which no stream can follow.
    if (!callSid) return { token: undefined };
    // Twilio may request one call twice.
    if (!this.calls.has(callSid)) {
      const refused = this.#refusal(incoming, assistant);
      if (refused) {
        this.prepared.discard(callSid);
        return { refused };
      }
      const call = this.#create(incoming, assistant);
      this.#log(callSid).info("call announced", { from, to, assistant: assistant.name });
      call.prepare(spokenMs);
    }
    return { token: this.#tokens.issue(callSid, spokenMs) };
  }

  /**
   * Twilio has accepted an outbound call: its session is connected now, and greets when {@linkcode announce} reports the
   * answer.
   *
   * @param ringMs Time after which nobody answers any more (ms).
   */
  prepareOutbound(incoming: IncomingCall, assistant: CallAssistant, ringMs: number): void {
    const { callSid } = incoming;
    if (this.calls.has(callSid) || this.#ended.has(callSid) || this.prepared.has(callSid)) return;
    this.prepared.add(this.#build(incoming, assistant), assistant, ringMs);
  }

  override endAll(reason: EndReason): void {
    this.prepared.close();
    super.endAll(reason);
  }

  /** Whether today's budget of the other party, or of all calls, is exhausted. */
  isOverBudget(
    party: string,
    { costLimits, minuteLimits }: Pick<CallAssistant, "costLimits" | "minuteLimits">,
  ): boolean {
    const budgets = this.#options;
    return budgets.spending.exhaustedLimit(party, costLimits) !== undefined ||
      minuteLimits !== undefined && budgets.minutes.exhaustedLimit(party, minuteLimits) !== undefined;
  }

  /** Why a call would be refused now, without counting it. */
  checkAdmission(incoming: IncomingCall): CallRefusal | undefined {
    // Outbound calls were checked and counted when they were placed.
    return incoming.outbound ? undefined : this.admission.check(incoming, this.#places);
  }

  /** A stream started: attaches it to its call if the token is valid. */
  admit(
    stream: MediaStream,
    { callSid, parameters }: StreamStart,
  ): MediaStreamObserver | { readonly refused: RejectReason } {
    if (!this.#tokens.redeem(parameters.token ?? "", callSid)) return { refused: "no valid token" };
    // A call that ended before its stream started must not start again.
    if (this.#ended.has(callSid)) return { refused: "call is over" };
    const call = this.calls.get(callSid) ?? this.#adopt(callSid, parameters);
    if (!call) return { refused: "not admitted" };
    if (call.receiving) return { refused: "call has a stream" };
    if (!call.releaseStream()) return { refused: "call is over" };
    return call.attach(stream);
  }

  /** Transfer destination after the stream, if any. */
  destination(callSid: string): Destination | undefined {
    return this.calls.get(callSid)?.transfers.current;
  }

  /** The destination of a `<Dial>` answered. */
  transferAnswered(callSid: string): void {
    this.#bills.get(callSid)?.dialAnswered();
    this.calls.get(callSid)?.transfers.destinationAnswered();
  }

  /** A transfer failed. Returns the token for the caller's next stream; undefined if the call is unknown. */
  transferFailed(callSid: string, reason: TransferFailure): string | undefined {
    const call = this.calls.get(callSid);
    if (!call?.transfers.current) return undefined;
    call.transfers.destinationFailed(reason);
    return this.#tokens.issue(callSid);
  }

  /** Twilio reports who answered an outbound call. */
  reportAnsweredBy(callSid: string, answeredBy: AnsweredBy): void {
    this.calls.get(callSid)?.reportAnsweredBy(answeredBy);
  }

  /** Twilio reports that a call has ended. A call whose stream receives audio is ended by the stream instead. */
  callerHungUp(callSid: string): void {
    this.dialled.end(callSid);
    const call = this.calls.get(callSid);
    if (!call?.receiving) call?.ending.end("caller hung up");
  }

  /** Twilio requests TwiML after the stream. Returns how the call ended; undefined if a restart interrupted it. */
  afterStreamRequested(callSid: string): CallEnd | undefined {
    this.#awaitingAfterStream.delete(callSid);
    return this.#ended.get(callSid)?.end;
  }

  /**
   * Twilio asks what follows after a stream, and the caller is still on the line. A call goes on with its session; one that
   * ended because its stream was lost gets another part.
   *
   * @returns the token for its stream; undefined for any other call.
   */
  resume(callSid: string): string | undefined {
    const call = this.calls.get(callSid);
    if (call) return call.streamRequested() ? this.#tokens.issue(callSid) : undefined;
    const ended = this.#ended.get(callSid);
    if (ended?.end.reason !== "stream lost" || ended.losses >= MAX_LOSSES || this.admission.draining) {
      return undefined;
    }
    const { incoming, assistant } = ended;
    if (this.isOverBudget(partyOf(incoming), assistant)) return undefined;
    this.#create(incoming, assistant).prepare(0);
    this.#log(callSid).info("call resumed");
    return this.#tokens.issue(callSid);
  }

  /** Why a new call is refused; counts it otherwise. */
  #refusal(incoming: IncomingCall, assistant: CallAssistant): CallRefusal | undefined {
    if (this.isOverBudget(partyOf(incoming), assistant)) return "spending limit";
    // Outbound calls were checked and counted when they were placed.
    return incoming.outbound ? undefined : this.admission.admit(incoming, this.#places);
  }

  /** Creates a call that was announced to another instance; undefined when it is not admitted here. */
  #adopt(callSid: string, parameters: StreamStart["parameters"]): Call | undefined {
    const { from = "", to = "", placed0 } = parameters;
    const incoming: IncomingCall = {
      callSid,
      from,
      to,
      ...(placed0 === undefined ? {} : { outbound: true }),
    };
    const assistant = this.#options.createAssistant(incoming, parameters);
    const refused = assistant ? this.#refusal(incoming, assistant) : "unknown outbound call";
    if (assistant && !refused) return this.#create(incoming, assistant);
    this.#log(callSid).warn("stream of an unannounced call refused", { from, reason: refused });
    return undefined;
  }

  /** Creates a call, or takes the one that was prepared, and keeps it until it ends. */
  #create(incoming: IncomingCall, assistant: CallAssistant): Call {
    const { callSid } = incoming;
    const { onStarted, onEnded } = this.#options;
    // A resumed call is no longer connected to somebody else.
    this.dialled.end(callSid);
    const earlier = this.#ended.get(callSid);
    this.#ended.delete(callSid);
    const prepared = this.prepared.take(callSid);
    const call = prepared ?? this.#build(incoming, assistant, earlier?.conversation);
    const { events, report } = call;
    let started = false;
    events.on("stream attached", () => {
      if (!started) onStarted?.(report.record);
      started = true;
      this.notifyWatchers("connected", call);
    });
    events.on(
      ["response finished", "stream detached", "state changed"],
      () => this.notifyWatchers("changed", call),
    );
    events.on("call ended", ({ end, summary }) => {
      const lost = end.reason === "stream lost" ? Math.max(1, call.recentLosses) : 0;
      const losses = (earlier?.losses ?? 0) + lost;
      const { history: conversation } = call;
      this.#callEnded(call, { end, conversation, incoming, assistant, losses, paidUntil: 0 });
      if (report.endedCall) onEnded?.(report.endedCall, summary);
    });
    this.calls.set(callSid, call);
    prepared?.prepare(0);
    this.notifyWatchers("announced", call);
    if (!incoming.isConsoleCall) this.#bills.open(call.events, incoming, assistant, earlier?.paidUntil);
    return call;
  }

  #build(incoming: IncomingCall, assistant: CallAssistant, earlier?: ResumableCall["conversation"]): Call {
    const { callSid, from, to, outbound } = incoming;
    const { openSession, clock, metrics, mediaTimeoutMs, streamGraceMs, spending, minutes, recorder } =
      this.#options;
    const log = this.#log(callSid);
    const party = partyOf(incoming);
    const caller = party ? { safetyIdentifier: this.#options.pseudonym(party) } : {};
    return new Call({
      identity: {
        callSid,
        direction: outbound ? "outbound" : "inbound",
        from,
        to,
        assistant: assistant.name,
        model: assistant.billedModel,
        startedAt: new Date(clock.wallTime()).toISOString(),
      },
      assistant,
      earlier,
      recorder,
      openSession: (session, observer) => openSession({ ...session, ...caller }, observer, log),
      models: this.#models,
      mediaTimeoutMs,
      streamGraceMs,
      clock,
      log,
      metrics,
      span: startCallSpan(clock, { call: callSid, from, to, model: assistant.billedModel }),
      chargeCost: spending.meter(party, assistant.costLimits),
      chargeMinutes: assistant.minuteLimits && minutes.meter(party, assistant.minuteLimits),
    });
  }

  #callEnded(call: Call, ended: ResumableCall): void {
    const { end } = ended;
    const { callSid } = call.report.identity;
    this.calls.delete(callSid);
    if (call.awaitsAfterStream && end.reason !== "caller hung up") this.#awaitingAfterStream.add(callSid);
    if (!end.callerInformed && (end.reason === "shutdown" || end.reason === "drained")) {
      this.#endedWithoutGoodbye++;
    }
    this.#ended.set(callSid, ended);
    // The record contains the charges so far.
    this.#bills.get(callSid)?.takeCharges();
    if (!this.dialled.transferred.has(callSid)) this.#closeBill(callSid);
    this.notifyWatchers("ended", call);
  }

  #closeBill(callSid: string): void {
    const ended = this.#ended.get(callSid);
    const paidUntil = this.#bills.close(callSid);
    if (ended && paidUntil !== undefined) ended.paidUntil = paidUntil;
  }

  #log(callSid: string): Log {
    return this.#options.log.with({ call: callSid });
  }
}

/** The other party of the conversation. */
function partyOf({ from, to, outbound }: IncomingCall): string {
  return outbound ? to : from;
}
