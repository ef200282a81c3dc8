import type { CallAssistant } from "../assistants/call_assistant.ts";
import type { Call } from "../call/call.ts";
import type { ModelService } from "../call/succession/sessions.ts";
import type { EndReason } from "../call/end_reason.ts";
import type { Cancel } from "../clock.ts";
import { EndpointHealth } from "../model/endpoint_health.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import { Admission, type CallRefusal } from "./admission.ts";
import { CallBills, type CallTariff } from "./call_bills.ts";
import { buildCall } from "./call_builder.ts";
import { CallCounts } from "./call_counts.ts";
import { CallRegistry } from "./call_registry.ts";
import type { CallsOptions } from "./calls_options.ts";
import { DialledCalls } from "./dialled_calls.ts";
import { EndedCalls, type ResumableCall } from "./ended_calls.ts";
import { PreparedCalls } from "./prepared_calls.ts";
import { reportProgress } from "./progress_reports.ts";
import type { StateFile } from "./saved_state.ts";
import { SurvivingCalls } from "./surviving_calls.ts";

/** How long an admitted call keeps its place, once Twilio has spoken, until it is announced (ms). */
const RESERVED_MS = 30_000;

const NO_FILE: StateFile = { read: () => undefined, write: () => Promise.resolve(), quarantine() {} };

/**
 * Who is admitted, and for how long a call keeps its place: from its first webhook to its end, or to the end of its `<Dial>`.
 */
export abstract class AdmittedCalls extends CallRegistry {
  protected readonly options: CallsOptions & { readonly models: ModelService };
  readonly admission: Admission;
  /** Transferred and forwarded callers. Their calls here have ended. */
  readonly dialled: DialledCalls;
  readonly prepared: PreparedCalls;
  protected readonly bills: CallBills;
  protected readonly ended: EndedCalls;
  /** The webhooks' data of the calls in `calls`. */
  protected readonly incoming = new Map<string, IncomingCall>();
  readonly #counts: CallCounts;
  readonly #surviving: SurvivingCalls;
  /** Admitted calls that are not announced yet: the caller chooses a language. Each value cancels the time limit. */
  readonly #reserved = new Map<string, Cancel>();

  constructor(options: CallsOptions) {
    super();
    this.options = { ...options, models: options.models ?? { health: new EndpointHealth(options.clock) } };
    this.ended = new EndedCalls(options.clock);
    const { stateFile = () => NO_FILE } = options;
    this.#counts = new CallCounts({ ...options, file: stateFile("counts.json") });
    this.admission = new Admission(options.rules, this.#counts);
    this.prepared = new PreparedCalls(options.clock);
    this.#surviving = new SurvivingCalls(
      { ...options, file: stateFile("live_calls.json") },
      () => this.dialled.saved,
    );
    this.bills = new CallBills(options, (callSid) => {
      if (this.dialled.has(callSid)) this.#surviving.changed();
    });
    this.dialled = new DialledCalls(options, this.bills, {
      onRungOut: (callSid) => this.transferAnswered(callSid),
      onEnded: (callSid) => {
        if (!this.calls.has(callSid)) this.bills.close(callSid);
      },
      onChanged: () => this.#surviving.changed(),
    });
    for (const dial of this.#surviving.dials) this.dialled.restore(dial);
  }

  /** Number of callers that count towards `maxCalls`: those of calls here, admitted ones, and those transferred from here. */
  get places(): number {
    return new Set([...this.calls.keys(), ...this.#reserved.keys(), ...this.dialled.transferred.keys()]).size;
  }

  /** Number of calls ended here for which Twilio may still request TwiML. */
  get awaitingAfterStream(): number {
    return this.ended.awaitingAfterStream;
  }

  /** Number of calls that a shutdown ended before the caller heard a goodbye. */
  get endedWithoutGoodbye(): number {
    return this.ended.withoutGoodbye;
  }

  /**
   * Twilio has accepted an outbound call: its session is connected now, and greets when the call is announced, at its
   * answer.
   *
   * @param ringMs Time after which nobody answers any more (ms).
   */
  prepareOutbound(incoming: IncomingCall, assistant: CallAssistant, ringMs: number): void {
    const { callSid } = incoming;
    if (this.calls.has(callSid) || this.ended.has(callSid) || this.prepared.has(callSid)) return;
    this.prepared.add(buildCall(this.options, incoming, assistant), assistant, ringMs);
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
    const refused = this.admitNew(incoming, tariff);
    if (refused) {
      this.prepared.discard(callSid);
      return refused;
    }
    const expire = () => this.release(callSid);
    this.#reserved.set(callSid, this.options.clock.after(spokenMs + RESERVED_MS, expire));
    return undefined;
  }

  /** A refused call is answered nevertheless, which the carrier bills: counts it, and its first minute. */
  chargeRefused(incoming: IncomingCall, tariff: CallTariff): void {
    const { callSid, from, outbound } = incoming;
    if (!callSid) return;
    if (!outbound) this.admission.count(from, callSid);
    this.bills.open(incoming, tariff);
    this.bills.close(callSid);
  }

  /** See {@linkcode CallBills.isOverBudget}. */
  isOverBudget(...budget: Parameters<CallBills["isOverBudget"]>): boolean {
    return this.bills.isOverBudget(...budget);
  }

  /** The destination of a `<Dial>` answered. */
  transferAnswered(callSid: string): void {
    this.dialled.answered(callSid);
    this.calls.get(callSid)?.transfers.destinationAnswered();
  }

  /** Releases admitted calls and the sessions of calls that ring. Writes what the next process needs. */
  async close(): Promise<void> {
    this.prepared.close();
    for (const callSid of [...this.#reserved.keys()]) this.release(callSid);
    this.dialled.close();
    await Promise.all([this.#counts.close(), this.#surviving.close()]);
  }

  /** Why a new call is refused; counts it and opens its account otherwise. */
  protected admitNew(incoming: IncomingCall, tariff: CallTariff): CallRefusal | undefined {
    if (this.bills.exceedsBudget(incoming, tariff)) return "spending limit";
    // Outbound calls were checked and counted when they were placed.
    const refused = incoming.outbound ? undefined : this.admission.admit(incoming, this.places);
    if (!refused) this.bills.open(incoming, tariff);
    return refused;
  }

  #cancelReservation(callSid: string): void {
    this.#reserved.get(callSid)?.();
    this.#reserved.delete(callSid);
  }

  /** An admitted call ends before it is announced. */
  protected release(callSid: string): void {
    if (!this.#reserved.has(callSid)) return;
    this.#cancelReservation(callSid);
    this.bills.close(callSid);
  }

  /** Creates a call, or takes the one that was prepared, and keeps it until it ends. */
  protected create(incoming: IncomingCall, assistant: CallAssistant): Call {
    const { callSid } = incoming;
    const { onProgress, onEnded } = this.options;
    const earlier = this.ended.take(callSid);
    this.#cancelReservation(callSid);
    const account = this.bills.open(incoming, assistant);
    const prepared = this.prepared.take(callSid);
    const pauses = this.#surviving.pausesOf(callSid);
    const call = prepared ??
      buildCall(this.options, incoming, assistant, earlier?.continuation ?? { history: [], pauses });
    const { events, report } = call;
    this.bills.attach(incoming, events);
    const record = () => report.recordSoFar;
    if (onProgress) reportProgress({ events, clock: this.options.clock, record, report: onProgress });
    events.on("stream attached", () => this.notifyWatchers("connected", call));
    events.on(
      ["response finished", "stream detached", "state changed"],
      () => this.notifyWatchers("changed", call),
    );
    events.on("event recorded", ({ event: { kind, name } }) => {
      if (kind === "recording") this.#surviving.setPaused(callSid, name === "paused");
    });
    events.on("call ended", ({ end, summary }) => {
      const lost = end.reason === "stream lost" ? Math.max(1, call.recentLosses) : 0;
      const losses = (earlier?.losses ?? 0) + lost;
      const { continuation } = call;
      this.#callEnded(call, { end, continuation, incoming, assistant, losses });
      account.usedMs += report.totals.connected ? report.totals.ms : 0;
      if (report.endedCall) onEnded?.(report.endedCall, summary, this.dialled.transferred.has(callSid));
    });
    this.calls.set(callSid, call);
    this.incoming.set(callSid, incoming);
    call.openAccount({ ...account, states: { ...account.states }, charge: account.bill.takeCharges() });
    prepared?.prepare(0);
    this.notifyWatchers("announced", call);
    return call;
  }

  #callEnded(call: Call, ended: ResumableCall): void {
    const { callSid } = ended.incoming;
    this.calls.delete(callSid);
    this.incoming.delete(callSid);
    this.ended.add(call, ended);
    // The record contains the charges so far.
    this.bills.get(callSid)?.bill.takeCharges();
    if (!this.dialled.transferred.has(callSid)) this.bills.close(callSid);
    this.notifyWatchers("ended", call);
  }
}
