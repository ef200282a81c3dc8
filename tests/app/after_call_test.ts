import { assertEquals, assertRejects } from "@std/assert";
import type { CallRecord as KeptCall } from "../../src/records/call_record.ts";
import { systemClock } from "../../src/clock.ts";
import { AfterCall } from "../../src/app/after_call.ts";
import type { JsonObject } from "../../src/json.ts";
import { parseObject } from "../../src/json.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Bell } from "../support/bell.ts";
import { field } from "../support/line.ts";
import { configOf } from "../support/service.ts";

const CALL = { callSid: "CA1", from: "+15551230000", to: "+15559870000" };
const RECORD = {
  ...CALL,
  assistant: "reception",
  direction: "inbound",
  model: "m",
  tokens: { textIn: 1, textCached: 0, textOut: 2, audioIn: 3, audioCached: 0, audioOut: 4 },
  startedAt: "2026-01-01T00:00:00.000Z",
  reason: "caller hung up",
  seconds: 1,
  turns: 0,
  bargeIns: 0,
  inputTokens: 0,
  outputTokens: 0,
  costUsd: 0,
  said: [],
  events: [],
} as const;
const message = (text: string) => ({ name: "Ann", number: "+15551230000", message: text, urgent: false });
const log = createLog({ level: "error", format: "json", write() {} });

/** What tells an owner, and what the owner was told. */
class Owner implements AsyncDisposable {
  readonly told: JsonObject[] = [];
  readonly kept: KeptCall[] = [];
  readonly folder = Deno.makeTempDirSync();
  readonly after: AfterCall;
  readonly #bell = new Bell();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    this.told.push(parseObject(await request.text()) ?? {});
    this.#bell.ring();
    return new Response(null, { status: 204 });
  });

  constructor(dataDir = "") {
    const url = `http://127.0.0.1:${this.#server.addr.port}/`;
    const config = configOf({
      WEBHOOK_SECRET: "a secret of 24 characters",
      DATA_DIR: dataDir || this.folder,
    }, { afterCall: { url, allowPrivate: true }, assistants: { reception: {} } });
    this.after = new AfterCall(config, { write: (call) => this.kept.push(call) }, systemClock, log);
  }

  async events(count: number): Promise<JsonObject[]> {
    await this.#bell.until(`${count} events`, () => this.told[count - 1]);
    return this.told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.after.stop();
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("all messages of a call are told with it, and with no other", async () => {
  await using owner = new Owner();
  await owner.after.message(CALL, "reception", message("one"));
  await owner.after.message({ ...CALL, callSid: "CA2" }, "reception", message("other"));
  await owner.after.message(CALL, "reception", message("two"));
  owner.after.ended(RECORD, undefined);
  const ended = (await owner.events(4)).filter(({ type }) => type === "call.ended");
  assertEquals(ended.map((event) => field(event, "data", "messages")), [[message("one"), message("two")]]);
  owner.after.ended(RECORD, undefined);
  assertEquals(field((await owner.events(5))[4], "data", "messages"), []);
});

Deno.test("a message that is not safe on the disk is not said to be kept", async () => {
  const file = await Deno.makeTempFile();
  {
    await using owner = new Owner(`${file}/data`);
    await assertRejects(() => owner.after.message(CALL, "reception", message("one")), Error, "not be kept");
  }
  await Deno.remove(file);
});

Deno.test("a service that stops first writes down what calls came to", async () => {
  await using owner = new Owner();
  const summary = Promise.withResolvers<string>();
  owner.after.ended(RECORD, summary.promise);
  const stopped = owner.after.stop();
  summary.resolve("They talked.");
  await stopped;
  const kept = [...Deno.readDirSync(`${owner.folder}/outbox`)].length;
  assertEquals(kept + owner.told.length > 0, true);
});

Deno.test("a call is kept with its messages and its summary, begun minutes counted whole", async () => {
  await using owner = new Owner();
  await owner.after.message(CALL, "reception", message("one"));
  owner.after.ended({ ...RECORD, seconds: 61, costUsd: 0.5 }, Promise.resolve("Ann called."));
  await owner.events(2);
  const [call] = owner.kept;
  assertEquals([call?.messages, call?.summary, call?.carrierMinutes, call?.modelUsd, call?.turns], [
    [message("one")],
    "Ann called.",
    2,
    0.5,
    [],
  ]);
});
