import type { CallRecord } from "../call/record.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { Outbox } from "../webhooks/webhook_queue.ts";
import type { CallRecord as KeptCall } from "../records/call_record.ts";
import type { Log } from "../telemetry/log.ts";
import type { Message } from "../tools/message_tool.ts";
import type { IncomingCall } from "../twilio/webhook.ts";

/** Where calls are kept. */
export interface Records {
  write(record: KeptCall): void;
}

/** Keeps what was said and done in calls, and tells the address of `afterCall`, where there are such. */
export class AfterCall {
  readonly #outbox: Outbox | undefined;
  #url = "";
  /** Messages of calls in progress. */
  readonly #messages = new Map<string, Message[]>();
  /** What is on its way to the disk. */
  readonly #telling = new Set<Promise<unknown>>();

  readonly #records: Records | undefined;
  readonly #clock: Clock;

  constructor(
    { assistants: { afterCall }, WEBHOOK_SECRET, DATA_DIR }: Config,
    records: Records | undefined,
    clock: Clock,
    log: Log,
  ) {
    this.#records = records;
    this.#clock = clock;
    this.use(afterCall);
    if (!WEBHOOK_SECRET) return;
    this.#outbox = new Outbox({
      folder: `${DATA_DIR}/outbox`,
      secret: WEBHOOK_SECRET,
      clock,
      log,
      fetch: (url, init) => fetch(url, init),
    });
  }

  /** From now on, this address is told. */
  use(afterCall: Config["assistants"]["afterCall"]): void {
    this.#url = afterCall?.url ?? "";
  }

  /** The caller left a message. Resolves when it is safe on the disk. @throws {Error} when it is not. */
  async message({ callSid, from, to }: IncomingCall, assistant: string, message: Message): Promise<void> {
    this.#messages.set(callSid, [...this.#messages.get(callSid) ?? [], message]);
    const data = { callSid, from, to, assistant, ...message };
    // Only in a rehearsal there is nobody to tell.
    if (this.#url && !await this.#outbox?.put(this.#url, "message.taken", data)) {
      throw new Error("The message could not be kept");
    }
  }

  /** A call is over; its messages are told once more, with everything else. */
  ended(record: CallRecord, summary: Promise<string | undefined> | undefined): void {
    const messages = this.#messages.get(record.callSid) ?? [];
    this.#messages.delete(record.callSid);
    const told: Promise<unknown> = this.#tell(record, messages, summary).finally(() =>
      this.#telling.delete(told)
    );
    this.#telling.add(told);
  }

  async #tell(
    record: CallRecord,
    messages: readonly Message[],
    summary: Promise<string | undefined> | undefined,
  ): Promise<void> {
    const text = await summary;
    const data = { ...record, messages, ...(text === undefined ? {} : { summary: text }) };
    const { said, costUsd, seconds } = record;
    this.#records?.write({
      ...data,
      turns: said,
      modelUsd: costUsd,
      endedAt: new Date(this.#clock.wallTime()).toISOString(),
      // Begun minutes are billed.
      carrierMinutes: Math.ceil(seconds / 60),
    });
    if (this.#url) await this.#outbox?.put(this.#url, "call.ended", data);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#telling);
    await this.#outbox?.stop();
  }
}
