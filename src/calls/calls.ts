import type { Destination } from "../assistants/assistant.ts";
import type { CallAssistant } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { Cancel } from "../clock.ts";
import { Call, type EarlierPart } from "../call/call.ts";
import { CONNECT_MS } from "../call/call_line.ts";
import type { Recorder } from "../call/call_recording.ts";
import type { ModelService } from "../call/succession/sessions.ts";
import { EndpointHealth } from "../model/endpoint_health.ts";
import type { CallEnd, EndReason } from "../call/end_reason.ts";
import type { TransferFailure } from "../call/phone/transfer.ts";
import type { OpenSession } from "../model/model_interface.ts";
import type { CallRecord, EndedCall, WrittenSummary } from "../records/call_record.ts";
import { startCallSpan } from "../telemetry/call_span.ts";
import type { Log } from "../telemetry/log.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import type { MediaStream, MediaStreamObserver, RejectReason } from "../twilio/media_stream.ts";
import type { StreamStart } from "../twilio/messages.ts";
import { callOfStream } from "../twilio/stream_parameters.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import { Admission, type AdmissionRules, type CallRefusal } from "./admission.ts";
import { CallBills, type CallBillsOptions, type CallTariff, partyOf } from "./call_bills.ts";
import { CallRegistry } from "./call_registry.ts";
import { DialledCalls, type DialledCallsOptions } from "./dialled_calls.ts";
import { PreparedCalls } from "./prepared_calls.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { StreamTokens } from "./stream_tokens.ts";

/** Number of ended calls kept for Twilio's request after the stream. */
const MAX_ENDED = 1_000;
/** How long an admitted call keeps its place, once Twilio has spoken, until it is announced (ms). */
const RESERVED_MS = 30_000;
/** Streams that a call may lose before its caller hears an apology. */
const MAX_LOSSES = 3;

export interface CallsOptions extends CallBillsOptions, DialledCallsOptions {
  /**
   * Creates the assistant for a stream whose call was announced to another instance; undefined for an outbound call whose
   * request is not known.
   */
  readonly createAssistant: (call: IncomingCall) => CallAssistant | undefined;
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
  /** Records the calls of assistants with recording; undefined if recordings are off. */
  readonly recorder?: Recorder | undefined;
  /** Called when a call's first stream starts. */
  readonly onStarted?: (record: CallRecord) => void;
  /** Called with the record of each ended call. The model's summary arrives later. */
  readonly onEnded?: (record: EndedCall, summary: Promise<WrittenSummary | undefined> | undefined) => void;
  readonly log: Log;
}

/** What connects a call's next stream. */
interface NextStream {
  readonly incoming: IncomingCall;
  readonly token: string;
}

/** A call that ended here. Twilio may connect it again: by a redirect, or after its stream was lost. */
interface ResumableCall {
  readonly end: CallEnd;
  /** For its next part. */
  readonly continuation: EarlierPart;
  readonly incoming: IncomingCall;
  readonly assistant: CallAssistant;
  /** How often its stream was lost before. */
  readonly losses: number;
}

/** Timeout for Twilio's /after-stream request after a call ended here (ms). */
export const MAX_AFTER_STREAM_MS = 3_000;

/** All calls of this process: announces them, admits their streams, and keeps how they ended for Twilio's callbacks. */
export class Calls extends CallRegistry {
  readonly #options: CallsOptions;
  readonly #models: ModelService;
  readonly admission: Admission;
  readonly #tokens: StreamTokens;
  /** The webhooks' data of the calls in `calls`. */
  readonly #incoming = new Map<string, IncomingCall>();
  /** Callers who talk to a destination are no longer in `calls`. */
  readonly dialled: DialledCalls;
  readonly prepared: PreparedCalls;
  readonly #bills: CallBills;
  /** Admitted calls that are not announced yet: the caller chooses a language. Each value cancels the time limit. */
  readonly #reserved = new Map<string, Cancel>();
  readonly #ended = new BoundedMap<string, ResumableCall>(MAX_ENDED, (callSid) => {
    this.#awaitingAfterStream.delete(callSid);
  });
  /** When calls ended here (ms), for which Twilio will request TwiML after the stream. */
  readonly #awaitingAfterStream = new Map<string, number>();
  #endedWithoutGoodbye = 0;

  constructor(options: CallsOptions) {
    super();
    this.#options = options;
    this.#models = options.models ?? { health: new EndpointHealth(options.clock) };
    this.admission = new Admission(options.rules, options.clock);
    this.prepared = new PreparedCalls(options.clock);
    this.#bills = new CallBills(options);
    this.dialled = new DialledCalls(options, this.#bills, {
      onRungOut: (callSid) => this.transferAnswered(callSid),
      onEnded: (callSid) => {
        if (!this.calls.has(callSid)) this.#bills.close(callSid);
      },
    });
    this.#tokens = new StreamTokens(options.clock, CONNECT_MS, options.tokenSecret);
  }

  /** Number of callers that count towards `maxCalls`: those of calls here, admitted ones, and those transferred from here. */
  get places(): number {
    return new Set([...this.calls.keys(), ...this.#reserved.keys(), ...this.dialled.transferred.keys()]).size;
  }

  /**
   * Number of calls ended here for which Twilio has not requested TwiML yet, and may still: not those that ended
   * more than {@linkcode MAX_AFTER_STREAM_MS} ago.
   */
  get awaitingAfterStream(): number {
    const since = this.#options.clock.now() - MAX_AFTER_STREAM_MS;
    return this.#awaitingAfterStream.values().filter((endedAt) => endedAt > since).toArray().length;
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
    const refused = this.reserve(incoming, assistant);
    if (refused) return { refused };
    // Twilio may request one call twice.
    if (!this.calls.has(callSid)) {
      this.#cancelReservation(callSid);
      const call = this.#create(incoming, assistant);
      this.#log(callSid).info("call announced", { from, to, assistant: assistant.name });
      call.prepare(spokenMs);
    }
    return { token: this.#issueToken(incoming, spokenMs) };
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

  /**
   * Admits a call at its first webhook: it has a place, is counted and billed until it ends, or until it is not announced in
   * time. A known call stays admitted.
   *
   * @param spokenMs How long Twilio speaks before it announces the call (ms).
   * @returns why the call is refused.
   */
  reserve(incoming: IncomingCall, tariff: CallTariff, spokenMs = 0): CallRefusal | undefined {
    const { callSid } = incoming;
    if (!callSid) return undefined;
    // The caller is back from a `<Dial>`.
    this.dialled.end(callSid);
    if (this.calls.has(callSid) || this.#reserved.has(callSid)) return undefined;
    const refused = this.#admit(incoming, tariff);
    if (refused) {
      this.prepared.discard(callSid);
      return refused;
    }
    const expire = () => this.#release(callSid);
    this.#reserved.set(callSid, this.#options.clock.after(spokenMs + RESERVED_MS, expire));
    return undefined;
  }

  /** A refused call is answered nevertheless, which the carrier bills: counts it, and its first minute. */
  chargeRefused(incoming: IncomingCall, tariff: CallTariff): void {
    const { callSid, from, outbound } = incoming;
    if (!callSid) return;
    if (!outbound) this.admission.count(from, callSid);
    this.#bills.open(incoming, tariff);
    this.#bills.close(callSid);
  }

  /**
   * Whether today's budget of the other party, or of all calls, is exhausted.
   *
   * @param next An amount that would be charged next (US dollars).
   */
  isOverBudget(
    party: string,
    { costLimits, minuteLimits }: Pick<CallTariff, "costLimits" | "minuteLimits">,
    next = 0,
  ): boolean {
    const budgets = this.#options;
    return budgets.spending.exhaustedLimit(party, costLimits, next) !== undefined ||
      minuteLimits !== undefined && budgets.minutes.exhaustedLimit(party, minuteLimits) !== undefined;
  }

  /** A stream started: attaches it to its call if the token is valid. */
  admit(
    stream: MediaStream,
    start: StreamStart,
  ): MediaStreamObserver | { readonly refused: RejectReason } {
    const { callSid, parameters } = start;
    const incoming = this.#incoming.get(callSid) ?? callOfStream(start);
    if (!this.#tokens.redeem(parameters.token ?? "", subjectOf(incoming))) {
      return { refused: "no valid token" };
    }
    // A call that ended before its stream started must not start again.
    if (this.#ended.has(callSid)) return { refused: "call is over" };
    const call = this.calls.get(callSid) ?? this.#adopt(incoming);
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
    this.dialled.answered(callSid);
    this.calls.get(callSid)?.transfers.destinationAnswered();
  }

  /** A transfer failed. Returns what connects the caller again; undefined if the call is unknown. */
  transferFailed(callSid: string, reason: TransferFailure): NextStream | undefined {
    const call = this.calls.get(callSid);
    const incoming = this.#incoming.get(callSid);
    if (!call?.transfers.current || !incoming) return undefined;
    call.transfers.destinationFailed(reason);
    return { incoming, token: this.#issueToken(incoming) };
  }

  /** Twilio reports who answered an outbound call. */
  reportAnsweredBy(callSid: string, answeredBy: AnsweredBy): void {
    this.calls.get(callSid)?.reportAnsweredBy(answeredBy);
  }

  /** Twilio reports that a call has ended. A call whose stream receives audio is ended by the stream instead. */
  callerHungUp(callSid: string): void {
    this.dialled.end(callSid);
    this.#release(callSid);
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
   * @returns undefined for any other call.
   */
  resume(callSid: string): NextStream | undefined {
    const call = this.calls.get(callSid);
    const running = this.#incoming.get(callSid);
    if (call && running) {
      return call.streamRequested() ? { incoming: running, token: this.#issueToken(running) } : undefined;
    }
    const ended = this.#ended.get(callSid);
    if (ended?.end.reason !== "stream lost" || ended.losses >= MAX_LOSSES || this.admission.draining) {
      return undefined;
    }
    const { incoming, assistant } = ended;
    if (this.#isOverBudget(incoming, assistant)) return undefined;
    this.#bills.open(incoming, assistant);
    this.#create(incoming, assistant).prepare(0);
    this.#log(callSid).info("call resumed");
    return { incoming, token: this.#issueToken(incoming) };
  }

  /** Releases the places of admitted and transferred callers, and the sessions of calls that ring. */
  close(): void {
    this.prepared.close();
    for (const callSid of [...this.#reserved.keys()]) this.#release(callSid);
    this.dialled.close();
  }

  /** Why a new call is refused; counts it and opens its account otherwise. */
  #admit(incoming: IncomingCall, tariff: CallTariff): CallRefusal | undefined {
    if (this.#isOverBudget(incoming, tariff)) return "spending limit";
    // Outbound calls were checked and counted when they were placed.
    const refused = incoming.outbound ? undefined : this.admission.admit(incoming, this.places);
    if (!refused) this.#bills.open(incoming, tariff);
    return refused;
  }

  /** Whether the minute that begins when this call is answered would use up a budget, or its earlier parts have. */
  #isOverBudget(incoming: IncomingCall, tariff: CallTariff): boolean {
    return this.#bills.find(incoming.callSid)?.states.cost === "over" ||
      this.isOverBudget(partyOf(incoming), tariff, this.#bills.answerPrice(incoming, tariff));
  }

  #cancelReservation(callSid: string): void {
    this.#reserved.get(callSid)?.();
    this.#reserved.delete(callSid);
  }

  /** An admitted call ends before it is announced. */
  #release(callSid: string): void {
    if (!this.#reserved.has(callSid)) return;
    this.#cancelReservation(callSid);
    this.#bills.close(callSid);
  }

  /** Creates a call that was announced to another instance; undefined when it is not admitted here. */
  #adopt(incoming: IncomingCall): Call | undefined {
    const assistant = this.#options.createAssistant(incoming);
    const refused = assistant ? this.#admit(incoming, assistant) : "unknown outbound call";
    if (assistant && !refused) return this.#create(incoming, assistant);
    const { callSid, from } = incoming;
    this.#log(callSid).warn("stream of an unannounced call refused", { from, reason: refused });
    return undefined;
  }

  /** Creates a call, or takes the one that was prepared, and keeps it until it ends. */
  #create(incoming: IncomingCall, assistant: CallAssistant): Call {
    const { callSid } = incoming;
    const { onStarted, onEnded } = this.#options;
    const earlier = this.#ended.get(callSid);
    this.#ended.delete(callSid);
    const account = this.#bills.open(incoming, assistant);
    const prepared = this.prepared.take(callSid);
    const call = prepared ?? this.#build(incoming, assistant, earlier?.continuation);
    const { events, report } = call;
    this.#bills.attach(incoming, events);
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
      const { continuation } = call;
      this.#callEnded(call, { end, continuation, incoming, assistant, losses });
      account.usedMs += report.totals.connected ? report.totals.ms : 0;
      if (report.endedCall) onEnded?.(report.endedCall, summary);
    });
    this.calls.set(callSid, call);
    this.#incoming.set(callSid, incoming);
    call.openAccount({ ...account, states: { ...account.states }, charge: account.bill.takeCharges() });
    prepared?.prepare(0);
    this.notifyWatchers("announced", call);
    return call;
  }

  /** Builds a call, which {@linkcode Call.openAccount} makes billed. */
  #build(incoming: IncomingCall, assistant: CallAssistant, earlier?: EarlierPart): Call {
    const { callSid, from, to, outbound } = incoming;
    const { openSession, clock, metrics, mediaTimeoutMs, streamGraceMs, recorder } = this.#options;
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
    });
  }

  #callEnded(call: Call, ended: ResumableCall): void {
    const { end } = ended;
    const { callSid } = call.report.identity;
    this.calls.delete(callSid);
    this.#incoming.delete(callSid);
    if (call.awaitsAfterStream && end.reason !== "caller hung up") {
      this.#awaitingAfterStream.set(callSid, this.#options.clock.now());
    }
    if (!end.callerInformed && (end.reason === "shutdown" || end.reason === "drained")) {
      this.#endedWithoutGoodbye++;
    }
    this.#ended.set(callSid, ended);
    // The record contains the charges so far.
    this.#bills.get(callSid)?.bill.takeCharges();
    if (!this.dialled.transferred.has(callSid)) this.#bills.close(callSid);
    this.notifyWatchers("ended", call);
  }

  #issueToken(incoming: IncomingCall, extraMs = 0): string {
    return this.#tokens.issue(subjectOf(incoming), extraMs);
  }

  #log(callSid: string): Log {
    return this.#options.log.with({ call: callSid });
  }
}

/** What a token is valid for. An outbound call's stream cannot pass for an inbound one by leaving out its seal. */
function subjectOf({ callSid, outbound }: IncomingCall): string {
  return outbound && callSid ? `${callSid} outbound` : callSid;
}
