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
  readonly #url: string;
  /** What is on its way to the disk. */
  readonly #putting = new Set<Promise<unknown>>();

  constructor({ assistants: { afterCall }, WEBHOOK_SECRET, DATA_DIR }: Config, clock: Clock, log: Log) {
    this.#url = afterCall?.url ?? "";
    if (!afterCall || !WEBHOOK_SECRET) return;
    this.#outbox = new Outbox({
      folder: `${DATA_DIR}/outbox`,
      secret: WEBHOOK_SECRET,
      clock,
      log,
      fetch: (url, init) => fetch(url, init),
    });
  }

  /** The caller left a message. Resolves when it is safe on the disk. @throws {Error} when it is not. */
  async message({ callSid, from, to }: IncomingCall, assistant: string, message: Message): Promise<void> {
    const data = { callSid, from, to, assistant, ...message };
    const kept = await this.#outbox?.put(this.#url, "message.taken", data);
    if (kept === false) throw new Error("The message could not be kept");
  }

  ended(record: CallRecord): void {
    if (!this.#outbox) return;
    const putting: Promise<unknown> = this.#outbox.put(this.#url, "call.ended", { ...record })
      .finally(() => this.#putting.delete(putting));
    this.#putting.add(putting);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#putting);
    await this.#outbox?.stop();
  }
}
