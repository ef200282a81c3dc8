import type { Destination } from "../assistants/assistant.ts";
import type { CallAssistant } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import { Call } from "../call/call.ts";
import { CONNECT_MS } from "../call/call_line.ts";
import type { Recorder } from "../call/call_recording.ts";
import type { CallEnd, EndReason } from "../call/end_reason.ts";
import type { TransferFailure } from "../call/phone/transfer.ts";
import type { Clock } from "../clock.ts";
import type { OpenSession } from "../model/model_interface.ts";
import type { CallRecord, CallSummary, EndedCall } from "../records/call_record.ts";
import { startCallSpan } from "../telemetry/call_span.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import type { MediaStream, MediaStreamObserver, RejectReason } from "../twilio/media_stream.ts";
import type { StreamStart } from "../twilio/messages.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import { Admission, type AdmissionRules, type CallRefusal } from "./admission.ts";
import type { Budget } from "./budget.ts";
import { DialledCalls } from "./dialled_calls.ts";
import type { CallChange, CallInProgress, LiveCalls } from "./live_calls.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { StreamTokens } from "./stream_tokens.ts";

/** Time for Twilio to report the end of a `<Dial>` (ms). */
const REPORT_MS = 10_000;
/** Ring time of a `<Dial>` without `timeout` (ms). Source: https://www.twilio.com/docs/voice/twiml/dial#timeout */
const DEFAULT_RING_MS = 30_000;
/** Number of ended calls kept for Twilio's request after the stream. */
const MAX_ENDED = 1_000;
/** Streams that a call may lose before its caller hears an apology. */
const MAX_LOSSES = 3;

export interface CallsOptions {
  /**
   * Creates the assistant for a stream whose call was announced to another instance; undefined for an outbound call whose
   * request is not known.
   */
  readonly createAssistant: (
    call: IncomingCall,
    parameters: StreamStart["parameters"],
  ) => CallAssistant | undefined;
  readonly openSession: OpenSession;
  readonly rules: AdmissionRules;
  /** Maximum duration of a `<Dial>` to somebody else (s). */
  readonly maxTransferSeconds: number;
  /** Most calls beyond the limits that are forwarded at a time. */
  readonly maxOverflowCalls: number;
  /** A call ends after this long without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
  /** Shared by all instances of a number, so that a stream may reach another instance than its webhook. */
  readonly tokenSecret?: string | undefined;
  /** Names the caller for the model's provider. */
  readonly pseudonym: Pseudonym;
  /** Budget in US dollars. */
  readonly spending: Budget;
  /** Budget in minutes. */
  readonly minutes: Budget;
  /** Records the calls of assistants with recording; undefined if recordings are off. */
  readonly recorder?: Recorder | undefined;
  /** Called when a call's first stream starts. */
  readonly onStarted?: (record: CallRecord) => void;
  /** Called with the record of each ended call. The model's summary arrives later. */
  readonly onEnded?: (record: EndedCall, summary: Promise<string | undefined> | undefined) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A call that ended here. Twilio may connect it again: by a redirect, or after its stream was lost. */
interface EndedHere {
  readonly end: CallEnd;
  /** The conversation, for its next part. */
  readonly conversation: string;
  readonly incoming: IncomingCall;
  readonly assistant: CallAssistant;
  /** How often its stream was lost before. */
  readonly losses: number;
}

/** All calls of this process: announces them, admits their streams, and keeps how they ended for Twilio's callbacks. */
export class Calls implements LiveCalls {
  readonly #options: CallsOptions;
  readonly #admission: Admission;
  readonly #tokens: StreamTokens;
  readonly #calls = new Map<string, Call>();
  /** Callers who are being transferred, or talk to a destination; the latter are no longer in `#calls`. */
  readonly #transferred: DialledCalls;
  /** Callers beyond the limits who were forwarded. */
  readonly #forwarded: DialledCalls;
  /** Charges minutes to a call's budgets, by CallSid. */
  readonly #chargeMinutes = new Map<string, (minutes: number) => void>();
  readonly #ended = new BoundedMap<string, EndedHere>(MAX_ENDED, (callSid) => {
    this.#awaitingAfterStream.delete(callSid);
  });
  readonly #watchers = new Set<(change: CallChange) => void>();
  /** Calls ended here, for which Twilio will request TwiML after the stream. */
  readonly #awaitingAfterStream = new Set<string>();
  #endedWithoutGoodbye = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#admission = new Admission(options.rules, options.clock);
    this.#transferred = new DialledCalls(options.clock);
    this.#forwarded = new DialledCalls(options.clock);
    this.#tokens = new StreamTokens(options.clock, CONNECT_MS, options.tokenSecret);
  }

  /** Calls announced or in progress. */
  get count(): number {
    return this.#calls.size;
  }

  /** Callers who use a place of `maxCalls`: their own, or their transfer's. */
  get #places(): number {
    let places = this.#calls.size;
    for (const callSid of this.#transferred.callSids()) if (!this.#calls.has(callSid)) places++;
    return places;
  }

  /** Number of calls ended here for which Twilio has not requested TwiML yet. */
  get awaitingAfterStream(): number {
    return this.#awaitingAfterStream.size;
  }

  /** Number of calls that a shutdown ended before the caller heard a goodbye. */
  get endedWithoutGoodbye(): number {
    return this.#endedWithoutGoodbye;
  }

  get draining(): boolean {
    return this.#admission.draining;
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
    const { callSid, from, to, outbound } = incoming;
    // A request without a CallSid is a test of the webhook, for which no stream can follow.
    if (!callSid) return { token: undefined };
    // Twilio may request one call twice.
    if (!this.#calls.has(callSid)) {
      const refused = this.isOverBudget(outbound ? to : from, assistant)
        ? "spending limit"
        // Outbound calls were checked and counted when they were placed.
        : outbound
        ? undefined
        : this.#admission.admit(incoming, this.#places);
      if (refused) return { refused };
      const call = this.#create(incoming, assistant);
      this.#log(callSid).info("call announced", { from, to, assistant: assistant.name });
      call.prepare(spokenMs);
    }
    return { token: this.#tokens.issue(callSid, spokenMs) };
  }

  /** Whether today's budget of the other party, or of all calls, is exhausted. */
  isOverBudget(party: string, { limits, minutes }: Pick<CallAssistant, "limits" | "minutes">): boolean {
    const budgets = this.#options;
    return budgets.spending.exhaustedLimit(party, limits) !== undefined ||
      minutes !== undefined && budgets.minutes.exhaustedLimit(party, minutes) !== undefined;
  }

  /** Why a call would be refused now, without counting it. */
  checkAdmission(incoming: IncomingCall): CallRefusal | undefined {
    // Outbound calls were checked and counted when they were placed.
    return incoming.outbound ? undefined : this.#admission.check(incoming, this.#places);
  }

  /** A stream started: attaches it to its call if the token is valid. */
  admit(
    stream: MediaStream,
    { callSid, parameters }: StreamStart,
  ): MediaStreamObserver | { readonly refused: RejectReason } {
    if (!this.#tokens.redeem(parameters.token ?? "", callSid)) return { refused: "no valid token" };
    // A call that ended before its stream started must not start again.
    if (this.#ended.has(callSid)) return { refused: "call is over" };
    const call = this.#calls.get(callSid) ?? this.#adopt(callSid, parameters);
    if (!call) return { refused: "not admitted" };
    const { state } = call.report;
    if (state !== "announced" && state !== "transferring") return { refused: "call has a stream" };
    return call.attach(stream);
  }

  /** Transfer destination after the stream, if any. */
  destination(callSid: string): Destination | undefined {
    return this.#calls.get(callSid)?.transfers.current;
  }

  /**
   * The webhook after the stream dials the destination. The caller keeps their place, and is charged minutes, until
   * {@linkcode dialEnded}, or until the `<Dial>` must have ended.
   *
   * @returns Maximum duration of the conversation with the destination (s).
   */
  startDial(callSid: string, { ringSeconds }: Destination): number {
    const { maxTransferSeconds: maxSeconds } = this.#options;
    const maxMs = (ringSeconds + maxSeconds) * 1_000 + REPORT_MS;
    const charge = this.#chargeMinutes.get(callSid);
    this.#transferred.add(callSid, maxMs, (minutes) => {
      // While it rings, the call itself is charged.
      if (!this.#calls.has(callSid)) charge?.(minutes);
    });
    return maxSeconds;
  }

  /** Forwards a refused call to another number, if there is room. Returns for how long at most (s). */
  forward(callSid: string): number | undefined {
    const { maxTransferSeconds, maxOverflowCalls } = this.#options;
    if (!callSid) return undefined;
    if (!this.#forwarded.has(callSid) && this.#forwarded.count >= maxOverflowCalls) return undefined;
    this.#forwarded.add(callSid, DEFAULT_RING_MS + maxTransferSeconds * 1_000 + REPORT_MS);
    return maxTransferSeconds;
  }

  /** Twilio reports that a `<Dial>` of this call, or the call itself, has ended. */
  dialEnded(callSid: string): void {
    this.#transferred.remove(callSid);
    this.#forwarded.remove(callSid);
  }

  /** The destination of a transfer answered. */
  transferAnswered(callSid: string): void {
    this.#calls.get(callSid)?.transfers.answered();
  }

  /** A transfer failed. Returns the token for the caller's next stream; undefined if the call is unknown. */
  transferFailed(callSid: string, reason: TransferFailure): string | undefined {
    const call = this.#calls.get(callSid);
    if (!call?.transfers.current) return undefined;
    call.transfers.failed(reason);
    return this.#tokens.issue(callSid);
  }

  /** Twilio reports who answered an outbound call. */
  reportAnsweredBy(callSid: string, answeredBy: AnsweredBy): void {
    this.#calls.get(callSid)?.reportAnsweredBy(answeredBy);
  }

  /** Twilio reports that a call has ended. A call with a stream learns this from the stream. */
  callerHungUp(callSid: string): void {
    this.dialEnded(callSid);
    const call = this.#calls.get(callSid);
    const state = call?.report.state;
    if (state === "announced" || state === "transferring") call?.ending.end("caller hung up");
  }

  /** Twilio requests TwiML after the stream. Returns how the call ended; undefined if a restart interrupted it. */
  afterStreamRequested(callSid: string): CallEnd | undefined {
    this.#awaitingAfterStream.delete(callSid);
    return this.#ended.get(callSid)?.end;
  }

  /**
   * Starts the next part of a call whose stream was lost while the caller stayed on the line.
   *
   * @returns the token for its stream; undefined for any other call.
   */
  resume(callSid: string): string | undefined {
    const ended = this.#ended.get(callSid);
    if (ended?.end.reason !== "stream lost" || ended.losses >= MAX_LOSSES || this.draining) return undefined;
    const { incoming, assistant } = ended;
    if (this.isOverBudget(incoming.outbound ? incoming.to : incoming.from, assistant)) return undefined;
    this.#create(incoming, assistant).prepare(0);
    this.#log(callSid).info("call resumed");
    return this.#tokens.issue(callSid);
  }

  /** Refuses further calls. Announced calls may still connect. */
  drain(): void {
    this.#admission.drain();
  }

  /** Ends all calls with a goodbye of the assistant. */
  sayGoodbyes(): void {
    for (const call of [...this.#calls.values()]) call.ending.sayGoodbye("drained");
  }

  /** Releases the timers. */
  close(): void {
    this.#transferred.close();
    this.#forwarded.close();
  }

  endAll(reason: EndReason): void {
    for (const call of [...this.#calls.values()]) call.ending.end(reason);
  }

  list(): readonly CallSummary[] {
    return [...this.#calls.values()].map(({ report }) => report.summary);
  }

  find(callSid: string): CallInProgress | undefined {
    return this.#calls.get(callSid)?.operator;
  }

  watch(watcher: (change: CallChange) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Calls by state, and the bytes waiting in their queues. */
  gauges() {
    const calls = { announced: 0, connected: 0, transferring: 0, ending: 0 };
    const bytes = { playout: 0, twilio: 0, model: 0 };
    for (const call of this.#calls.values()) {
      const { state } = call.report;
      if (state !== "ended") calls[state]++;
      const { playout, twilio, model } = call.bufferedBytes;
      bytes.playout += playout;
      bytes.twilio += twilio;
      bytes.model += model;
    }
    return { calls, bytes };
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
    const refused = !assistant
      ? "unknown outbound call"
      : this.isOverBudget(incoming.outbound ? to : from, assistant)
      ? "spending limit"
      : incoming.outbound
      ? undefined
      : this.#admission.admit(incoming, this.#places);
    if (assistant && !refused) return this.#create(incoming, assistant);
    this.#log(callSid).warn("stream of an unannounced call refused", { from, reason: refused });
    return undefined;
  }

  #create(incoming: IncomingCall, assistant: CallAssistant): Call {
    const { callSid, from, to, outbound } = incoming;
    const { openSession, clock, metrics, mediaTimeoutMs, spending, minutes, recorder, onStarted, onEnded } =
      this.#options;
    const log = this.#log(callSid);
    const earlier = this.#ended.get(callSid);
    this.#ended.delete(callSid);
    // The other party of the conversation.
    const party = outbound ? to : from;
    const chargeMinutes = assistant.minutes && minutes.meter(party, assistant.minutes);
    if (chargeMinutes) this.#chargeMinutes.set(callSid, chargeMinutes);
    const caller = party ? { safetyIdentifier: this.#options.pseudonym(party) } : {};
    const call = new Call({
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
      earlier: earlier?.conversation,
      recorder,
      openSession: (session, observer) => openSession({ ...session, ...caller }, observer, log),
      mediaTimeoutMs,
      clock,
      log,
      metrics,
      span: startCallSpan(clock, { call: callSid, from, to, model: assistant.billedModel }),
      chargeCost: spending.meter(party, assistant.limits),
      chargeMinutes,
    });
    const { events, report } = call;
    let started = false;
    events.on("stream attached", () => {
      if (!started) onStarted?.(report.record);
      started = true;
      this.#notifyWatchers("connected", call);
    });
    events.on(
      ["response finished", "stream detached", "state changed"],
      () => this.#notifyWatchers("changed", call),
    );
    events.on("call ended", ({ end, summary }) => {
      const losses = (earlier?.losses ?? 0) + (end.reason === "stream lost" ? 1 : 0);
      this.#callEnded(call, { end, conversation: call.conversationText, incoming, assistant, losses });
      if (report.ended) onEnded?.(report.ended, summary);
    });
    this.#calls.set(callSid, call);
    this.#notifyWatchers("announced", call);
    return call;
  }

  #callEnded(call: Call, ended: EndedHere): void {
    const { end } = ended;
    const { callSid } = call.report.identity;
    this.#calls.delete(callSid);
    this.#chargeMinutes.delete(callSid);
    if (call.connected && end.reason !== "caller hung up") this.#awaitingAfterStream.add(callSid);
    if (!end.callerInformed && (end.reason === "shutdown" || end.reason === "drained")) {
      this.#endedWithoutGoodbye++;
    }
    this.#ended.set(callSid, ended);
    this.#notifyWatchers("ended", call);
  }

  #notifyWatchers(type: CallChange["type"], call: Call): void {
    // An ended call is no longer listed.
    if (call.report.state === "ended" && type !== "ended") return;
    const change = { type, call: call.report.summary };
    for (const watcher of this.#watchers) watcher(change);
  }

  #log(callSid: string): Log {
    return this.#options.log.with({ call: callSid });
  }
}
