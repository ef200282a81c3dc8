import type { CallRecord } from "../call/record.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { Outbox } from "../outbox/outbox.ts";
import type { Log } from "../telemetry/log.ts";
import type { Message } from "../tools/message_tool.ts";
import type { IncomingCall } from "../twilio/webhook.ts";

/** Tells the address of `afterCall` what was said and done; nobody, where there is none: then nothing is kept. */
export class AfterCall {
  readonly #outbox: Outbox | undefined;
  #url = "";
  /** Messages of calls in progress. */
  readonly #messages = new Map<string, Message[]>();
  /** What is on its way to the disk. */
  readonly #telling = new Set<Promise<unknown>>();

  constructor({ assistants: { afterCall }, WEBHOOK_SECRET, DATA_DIR }: Config, clock: Clock, log: Log) {
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
    const kept = this.#url && await this.#outbox?.put(this.#url, "message.taken", data);
    if (!kept) throw new Error("The message could not be kept");
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
    if (this.#url) await this.#outbox?.put(this.#url, "call.ended", data);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#telling);
    await this.#outbox?.stop();
  }
}
