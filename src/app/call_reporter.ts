import type { Clock } from "../clock.ts";
import type { ServiceConfig } from "./service_config.ts";
import { messageOf } from "../error_message.ts";
import type { MessagePlace } from "../tools/call_tools.ts";
import { FetchError, guardedPost } from "../tools/guarded_fetch.ts";
import { addSummary, hasConversation, joinParts } from "../records/join_parts.ts";
import type { CarrierCharge } from "../call/call_event_stream.ts";
import type { CallMessage, CallRecord, EndedCall, WrittenSummary } from "../records/call_record.ts";
import type { Log } from "../telemetry/log.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import { UnsettledCalls } from "./unsettled_calls.ts";
import { webhooksFolder } from "../webhooks/webhook_files.ts";
import { type WebhookPost, WebhookQueue } from "../webhooks/webhook_queue.ts";

/** Maximum size of a webhook's response (bytes); its content is ignored. */
const MAX_RESPONSE_BYTES = 1_048_576;

export interface RecordWriter {
  /** @param reported Whether the call's webhook event is stored for delivery. */
  write(record: EndedCall, reported?: boolean): void;
  /** Resolves when the records so far are on disk, or could not be written. */
  flush(): Promise<void>;
  /** Notes that a call is in progress. */
  start(record: CallRecord): void;
  /** The record of an ended call. */
  get(callSid: string): Promise<EndedCall | undefined>;
  /** The calls that an earlier process did not report. */
  unreported(): Promise<readonly EndedCall[]>;
}

/**
 * Stores the record of each ended call, and sends it and the callers' messages to the `afterCall` webhook.
 */
export class CallReporter {
  readonly #records: RecordWriter | undefined;
  readonly #webhooks: WebhookQueue | undefined;
  /** Empty: no webhook is configured. */
  #url = "";
  /** URLs whose host may have a private address. */
  readonly #privateUrls = new Set<string>();
  readonly #reports = new Set<Promise<unknown>>();
  readonly #log: Log;
  readonly #unsettled = new UnsettledCalls();
  #merging: Promise<unknown> = Promise.resolve();

  /** @param records Undefined when nothing is stored. */
  constructor(
    { assistants: { afterCall }, WEBHOOK_SECRET, DATA_DIR }: ServiceConfig,
    records: RecordWriter | undefined,
    clock: Clock,
    log: Log,
  ) {
    this.#records = records;
    this.#log = log;
    this.setWebhook(afterCall);
    if (!WEBHOOK_SECRET) return;
    this.#webhooks = new WebhookQueue({
      folder: webhooksFolder(DATA_DIR),
      secret: WEBHOOK_SECRET,
      clock,
      log,
      post: (url, request) => this.#deliver(new URL(url), request),
    });
  }

  /**
   * Delivers a webhook. A host name that resolves to a private address is refused, unless `afterCall` allows
   * it.
   */
  async #deliver(url: URL, { headers, body, signal }: WebhookPost): Promise<number> {
    const policy = {
      hosts: [url.host],
      allowPrivate: this.#privateUrls.has(url.href),
      maxBytes: MAX_RESPONSE_BYTES,
    };
    try {
      return await guardedPost({ url, headers, body }, policy, signal);
    } catch (error) {
      throw error instanceof FetchError ? new Error(error.detail) : error;
    }
  }

  /** Sends later events to this webhook; undefined: to none. */
  setWebhook(afterCall: ServiceConfig["assistants"]["afterCall"]): void {
    this.#url = afterCall?.url ?? "";
    if (afterCall?.allowPrivate) this.#privateUrls.add(new URL(afterCall.url).href);
  }

  /**
   * Queues the webhook of a message that the caller left.
   *
   * @returns where it waits for its delivery: in memory when it cannot be written to disk.
   */
  async addMessage(
    { callSid, from, to }: IncomingCall,
    assistant: string,
    message: CallMessage,
  ): Promise<MessagePlace> {
    const data = { callSid, from, to, assistant, ...message };
    // Without a URL this is a rehearsal: the configuration requires afterCall for the take_message tool.
    if (this.#url === "") return "disk";
    return await this.#webhooks?.enqueue(this.#url, "message.taken", data) ? "disk" : "memory";
  }

  /** Notes what is known of a call in progress, so that it is not lost when the process dies. */
  callProgressed(record: CallRecord): void {
    this.#records?.start(record);
  }

  /**
   * Reports an ended call: its record immediately, and again, with the webhook, when its summary is written.
   *
   * @param isDialled Whether its caller still talks to a destination. Then the webhook waits for {@linkcode callSettled}.
   */
  callEnded(
    record: EndedCall,
    summary: Promise<WrittenSummary | undefined> | undefined,
    isDialled = false,
  ): void {
    if (isDialled && this.#url !== "" && this.#webhooks) this.#unsettled.add(record.callSid);
    this.#track(
      this.#report(record, summary).finally(() => this.#unsettled.recordWritten(record.callSid)),
    );
  }

  /** The carrier bills nothing more for a call. */
  callSettled(callSid: string): void {
    this.#unsettled.settle(callSid);
  }

  /** Adds what the carrier billed after a call's end to its stored record. */
  addCharge(callSid: string, { usd, minutes }: CarrierCharge): void {
    this.#track(this.#update(callSid, (call) => {
      const costs = { ...call.costs, carrierUsd: call.costs.carrierUsd + usd };
      const carrierMinutes = call.carrierMinutes + minutes;
      return { ...call, costUsd: call.costUsd + usd, costs, carrierMinutes };
    }));
  }

  /** Changes the stored record of a call, if there is one, after its report or while that waits for its cost. */
  async #update(callSid: string, change: (call: EndedCall) => EndedCall): Promise<void> {
    const write = async (isReported: boolean) => {
      const call = await this.#stored(callSid);
      if (call) this.#records?.write(change(call), isReported);
    };
    if (this.#unsettled.has(callSid)) return await this.#unsettled.run(callSid, () => write(false));
    await Promise.all(this.#reports);
    await write(true);
  }

  /**
   * Reports the calls that an earlier process did not report, because it died.
   *
   * @param isDialled Whether the caller still talks to a destination.
   */
  reportLeftOver(isDialled: (callSid: string) => boolean = () => false): void {
    this.#track(this.#reportLeftOver(isDialled));
  }

  #track(work: Promise<void>): void {
    const report: Promise<unknown> = work.catch((error) => {
      this.#log.error("call not reported", { problem: messageOf(error) });
    }).finally(() => this.#reports.delete(report));
    this.#reports.add(report);
  }

  async #reportLeftOver(isDialled: (callSid: string) => boolean): Promise<void> {
    const calls = await this.#records?.unreported() ?? [];
    for (const call of calls) {
      this.#log.warn("call left over", { call: call.callSid, reason: call.endReason });
      if (isDialled(call.callSid)) this.callEnded(call, undefined, true);
      else await this.#report(call, undefined);
    }
  }

  async #report(part: EndedCall, summary: Promise<WrittenSummary | undefined> | undefined): Promise<void> {
    const records = this.#records;
    // One after the other, so that a call's second part finds the record of the first.
    const merged = this.#merging.then(() => this.#earlierPart(part));
    this.#merging = merged;
    const earlier = await merged;
    const call = earlier ? joinParts(earlier, part) : part;
    // A part without a conversation, such as one that never connected, is not a second call.
    const sends = this.#url !== "" && this.#webhooks !== undefined && (!earlier || hasConversation(part));
    records?.write(call, !sends);
    // Before the webhook: after a crash between the two, the call would be reported again, as interrupted.
    if (sends) await this.#flush();
    else this.#unsettled.drop(part.callSid);
    const isUnsettled = this.#unsettled.has(part.callSid);
    const before = summary || isUnsettled ? await this.#stored(call.callSid) : undefined;
    this.#unsettled.recordWritten(part.callSid);
    const written = await summary;
    if (isUnsettled) {
      if (written) await this.#update(call.callSid, (stored) => addSummary(stored, written));
      if (!await this.#unsettled.settled(call.callSid)) return;
    }
    // Meanwhile `parley calls --forget` may have deleted the call, or redacted a number in it.
    const after = before && await this.#stored(call.callSid);
    if (before && !after) return;
    const left = after && JSON.stringify(after) !== JSON.stringify(before) ? after : call;
    const complete = written && !(isUnsettled && after) ? addSummary(left, written) : left;
    // A webhook that is sent again after a crash has the same ID.
    const safe = sends && await this.#webhooks?.enqueue(this.#url, "call.ended", { ...complete }, {
      key: call.callSid,
      at: Date.parse(call.endedAt),
    });
    if (safe || written) records?.write(complete, safe || !sends);
  }

  async #flush(): Promise<void> {
    await this.#records?.flush().catch((error) => {
      this.#log.error("call records not flushed", { problem: messageOf(error) });
    });
  }

  /** The record of this call from before it came back; undefined for most calls. */
  async #earlierPart({ callSid, startedAt }: EndedCall): Promise<EndedCall | undefined> {
    const stored = await this.#stored(callSid);
    return stored && stored.startedAt !== startedAt ? stored : undefined;
  }

  async #stored(callSid: string): Promise<EndedCall | undefined> {
    return await this.#records?.get(callSid).catch((error) => {
      this.#log.error("call record not read", { call: callSid, problem: messageOf(error) });
      return undefined;
    });
  }

  /** Deletes the webhooks of events before a time (ISO 8601), also undelivered ones. */
  async deleteBefore(time: string): Promise<void> {
    await this.#webhooks?.deleteBefore(time);
  }

  /** Webhooks by state, for the metrics. */
  get webhookCounts() {
    return this.#webhooks?.counts ?? { pending: 0, failed: 0, unsaved: 0, dropped: 0 };
  }

  /** Waits for reports in progress, then stops the webhook queue. */
  async stop(): Promise<void> {
    this.#unsettled.stop();
    await Promise.all(this.#reports);
    await this.#webhooks?.stop();
  }
}
