import type { Clock } from "../clock.ts";
import type { OpenSession } from "../model/session.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { startCallSpan } from "../telemetry/spans.ts";
import type { MediaStream, MediaStreamObserver, Refused } from "../twilio/media_stream.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import type { Start } from "../twilio/messages.ts";
import type { IncomingCall } from "../twilio/webhook.ts";
import type { CallAssistant, Destination } from "../call/call_assistant.ts";
import { anonymise } from "./pseudonym.ts";
import { Admission, type AdmissionRules, type CallRefusal } from "./admission.ts";
import { Call, CONNECT_MS } from "../call/call.ts";
import type { Recorder } from "../recording/call_recording.ts";
import type { Ending, EndReason } from "../call/ending.ts";
import type { CallChange, CallInProgress, LiveCall, LiveCalls } from "./live_calls.ts";
import type { CallRecord } from "../call/record.ts";
import type { Budget } from "./budget.ts";
import { StreamTokens } from "./stream_tokens.ts";
import type { TransferFailure } from "../call/phone/transfer.ts";

/** Ended calls remembered, for the request Twilio makes after the stream. */
const REMEMBERED = 1_000;

export interface CallsOptions {
  /** Who answers a call that was not announced here: its stream came to another instance than its webhook. */
  readonly assistant: (call: IncomingCall) => CallAssistant;
  readonly openSession: OpenSession;
  readonly rules: AdmissionRules;
  /** A call is over after this long without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
  /** What all instances behind one number share, so that a stream may reach another one than its webhook did. */
  readonly tokenSecret?: string | undefined;
  /** What calls cost (US dollars). */
  readonly spending: Budget;
  /** How long they are (minutes). */
  readonly minutes: Budget;
  /** Where calls are recorded whose assistant's are. */
  readonly recorder?: Recorder | undefined;
  /** Told of every call that is over; what the model writes of it comes a little later. */
  readonly ended?: (record: CallRecord, summary: Promise<string | undefined> | undefined) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface Entry {
  readonly call: Call;
  readonly callSid: string;
  readonly assistant: string;
  readonly from: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly announcedAt: number;
}

/** All calls of this process: announces them, lets their streams in, and remembers how they ended. */
export class Calls implements LiveCalls {
  readonly #options: CallsOptions;
  readonly #admission: Admission;
  readonly #tokens: StreamTokens;
  readonly #calls = new Map<string, Entry>();
  readonly #ended = new Map<string, Ending>();
  readonly #watchers = new Set<(change: CallChange) => void>();
  /** Calls we closed, of which Twilio will ask how to go on. */
  readonly #unasked = new Set<string>();
  #cut = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#admission = new Admission(options.rules, options.clock);
    this.#tokens = new StreamTokens(options.clock, CONNECT_MS, options.tokenSecret);
  }

  /** Calls announced or in progress. */
  get count(): number {
    return this.#calls.size;
  }

  /** Calls that were closed here and of which Twilio has not asked yet how to go on. */
  get unasked(): number {
    return this.#unasked.size;
  }

  /** Calls that were ended by this service going away, without a goodbye that was heard. */
  get cut(): number {
    return this.#cut;
  }

  get draining(): boolean {
    return this.#admission.draining;
  }

  /**
   * The webhook: the call is about to come, and its model session is dialled now.
   *
   * @param assistant Who answers it.
   * @returns the token its stream has to show, or why the call is not taken.
   */
  announce(
    incoming: IncomingCall,
    assistant: CallAssistant,
  ): { readonly token: string } | { readonly refused: CallRefusal } {
    const { callSid, from, to, outbound } = incoming;
    // Without a CallSid somebody is looking at the TwiML; and Twilio may ask twice for one call.
    if (callSid && !this.#calls.has(callSid)) {
      const broke = this.overLimit(outbound ? to : from, assistant);
      // What we placed ourselves was counted and looked up before.
      const refused = broke
        ? "spending limit"
        : outbound
        ? undefined
        : this.#admission.refuse(incoming, this.count);
      if (refused) return { refused };
      const { call } = this.#create(incoming, assistant);
      this.#log(callSid).info("call announced", { from, to, assistant: assistant.name });
      call.prepare();
    }
    return { token: this.#tokens.issue(callSid) };
  }

  /** Whether who is talked with, or everybody, has used up what there is for today. */
  overLimit(party: string, { limits, minutes }: Pick<CallAssistant, "limits" | "minutes">): boolean {
    const used = this.#options;
    return used.spending.refuse(party, limits) !== undefined ||
      minutes !== undefined && used.minutes.refuse(party, minutes) !== undefined;
  }

  /** Why a call would not be taken now; it is not counted yet. */
  refusal(incoming: IncomingCall): CallRefusal | undefined {
    // What we placed ourselves was counted and looked up before.
    return incoming.outbound ? undefined : this.#admission.why(incoming, this.count);
  }

  /** A stream has started: its call, if the token is good. */
  admit(
    stream: MediaStream,
    { callSid, parameters }: Start,
  ): MediaStreamObserver | { readonly refused: Refused } {
    if (!this.#tokens.redeem(parameters.token ?? "", callSid)) return { refused: "no valid token" };
    // One that was cut while its stream was on its way must not begin anew.
    if (this.#ended.has(callSid)) return { refused: "call is over" };
    const { call } = this.#calls.get(callSid) ?? this.#adopt(callSid, parameters);
    if (call.state !== "announced" && call.state !== "transferring") return { refused: "call has a stream" };
    call.attach(stream);
    return call;
  }

  /** Twilio asks how to go on after the stream: where the caller is to be passed on to, if anywhere. */
  destination(callSid: string): Destination | undefined {
    return this.#calls.get(callSid)?.call.destination;
  }

  /** Somebody took the call a caller was passed on to. */
  transferAnswered(callSid: string): void {
    this.#calls.get(callSid)?.call.transferAnswered();
  }

  /** Nobody did: the token with which the caller's stream may come back, if their call is still known. */
  transferFailed(callSid: string, why: TransferFailure): string | undefined {
    const call = this.#calls.get(callSid)?.call;
    if (!call?.destination) return undefined;
    call.transferFailed(why);
    return this.#tokens.issue(callSid);
  }

  /** Twilio says who answered a call that we placed. */
  answeredBy(callSid: string, who: AnsweredBy): void {
    this.#calls.get(callSid)?.call.answeredBy(who);
  }

  /** Twilio says that a call is over. Where a stream was, it knows before. */
  hungUp(callSid: string): void {
    const call = this.#calls.get(callSid)?.call;
    if (call && call.state !== "connected" && call.state !== "ending") call.end("caller hung up");
  }

  /** Twilio asks how to go on after the stream: how its call ended. Undefined for a call that was cut off by a restart. */
  ending(callSid: string): Ending | undefined {
    this.#unasked.delete(callSid);
    return this.#ended.get(callSid);
  }

  /** From now on, no call is taken. Those announced may still come. */
  drain(): void {
    this.#admission.drain();
  }

  /** Lets the assistants say goodbye in all calls that are left. */
  sayGoodbyes(): void {
    for (const { call } of [...this.#calls.values()]) call.sayGoodbye("drained");
  }

  endAll(reason: EndReason): void {
    for (const { call } of [...this.#calls.values()]) call.end(reason);
  }

  list(): readonly LiveCall[] {
    return [...this.#calls.values()].map(live);
  }

  find(callSid: string): CallInProgress | undefined {
    return this.#calls.get(callSid)?.call.operator;
  }

  watch(watcher: (change: CallChange) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** How many calls there are in each state, and how much waits in them (bytes). */
  gauges() {
    const calls = { announced: 0, connected: 0, transferring: 0, ending: 0 };
    const bytes = { playout: 0, twilio: 0, model: 0 };
    for (const { call } of this.#calls.values()) {
      calls[call.state]++;
      bytes.playout += call.buffered.playout;
      bytes.twilio += call.buffered.twilio;
      bytes.model += call.buffered.model;
    }
    return { calls, bytes };
  }

  /** A call that was announced to another instance. */
  #adopt(callSid: string, { from = "", to = "" }: Start["parameters"]): Entry {
    const incoming = { callSid, from, to };
    return this.#create(incoming, this.#options.assistant(incoming));
  }

  #create({ callSid, from, to, outbound }: IncomingCall, assistant: CallAssistant): Entry {
    const { openSession, clock, metrics, mediaTimeoutMs, spending, minutes, recorder, ended } = this.#options;
    const log = this.#log(callSid);
    // The one we talk with.
    const party = outbound ? to : from;
    const caller = party ? { safetyIdentifier: anonymise(party) } : {};
    const call = new Call({
      callSid,
      assistant,
      recorder,
      openSession: (session, observer) => openSession({ ...session, ...caller }, observer, log),
      mediaTimeoutMs,
      clock,
      log,
      metrics,
      span: startCallSpan(clock, { call: callSid, from, to, model: assistant.billedModel }),
      spent: spending.meter(party, assistant.limits),
      ...(assistant.minutes ? { talked: minutes.meter(party, assistant.minutes) } : {}),
      changed: (how) => this.#tell(how, entry),
      ended: (ending, facts) => {
        this.#forget(entry, ending);
        const { startedAt } = live(entry);
        const { summary, ...rest } = facts;
        const record = {
          callSid,
          direction: outbound ? "outbound" as const : "inbound" as const,
          from,
          to,
          assistant: assistant.name,
          model: assistant.billedModel,
          startedAt,
          reason: ending.reason,
          ...rest,
        };
        ended?.(record, summary);
      },
    });
    const entry = { call, callSid, assistant: assistant.name, from, to, announcedAt: clock.wallTime() };
    this.#calls.set(callSid, entry);
    this.#tell("announced", entry);
    return entry;
  }

  #forget(entry: Entry, ending: Ending): void {
    const { callSid, call } = entry;
    this.#calls.delete(callSid);
    if ((call.state === "connected" || call.state === "ending") && ending.reason !== "caller hung up") {
      this.#unasked.add(callSid);
    }
    if (!ending.explained && (ending.reason === "shutdown" || ending.reason === "drained")) this.#cut++;
    this.#ended.set(callSid, ending);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED && oldest !== undefined) {
      this.#ended.delete(oldest);
      this.#unasked.delete(oldest);
    }
    this.#tell("ended", entry, ending.reason);
  }

  #tell(type: CallChange["type"], entry: Entry, reason?: EndReason): void {
    const call = { ...live(entry), ...(reason === undefined ? {} : { reason }) };
    for (const watcher of this.#watchers) watcher({ type, call });
  }

  #log(callSid: string): Log {
    return this.#options.log.with({ call: callSid });
  }
}

function live({ call, callSid, assistant, from, to, announcedAt }: Entry): LiveCall {
  const { state, turns, cost: { costUsd }, recording } = call;
  const startedAt = new Date(announcedAt).toISOString();
  const recorded = recording === undefined ? {} : { recording };
  return { callSid, assistant, from, to, state, startedAt, turns, costUsd, ...recorded };
}
