import { assert, assertEquals, assertMatch } from "@std/assert";
import { MULAW_SILENCE } from "../../src/audio/g711.js";
import { readWav, WAV_HEADER_BYTES, wavHeader } from "../../src/audio/wav.ts";
import { isObject, type JsonObject } from "../../src/json.ts";
import { CallStore } from "../../src/records/call_store.ts";
import { Recordings } from "../../src/recording/recordings.ts";
import { RemoteCallStore, serveCallStore } from "../../src/records/remote_call_store.ts";
import { callTarget } from "../../src/simulator/caller/call_target.ts";
import { placeCall, type SimulationContext } from "../../src/simulator/caller/place_call.ts";
import type { Handset, Role } from "../../src/simulator/caller/simulated_caller.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { field } from "../support/field.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { SteadyClock } from "../support/steady_clock.ts";
import { WebhookReceiver } from "../support/webhook_receiver.ts";

const CALLER = "+15550100001";
/** The calls run this much faster than real time. */
const RATE = 4;
const SPOKEN_MS = 1_500;

/** A caller who never hangs up, and perhaps speaks once, when the line has been silent for 1 s. */
class MessageCaller implements Role {
  readonly status = "";
  hangUpReason: string | undefined;
  #spokenMs = 0;
  constructor(readonly handset: Handset, readonly speaks: boolean) {}
  nextFrame(nowMs: number, bytes: number): Uint8Array {
    const { assistantSpeech } = this.handset;
    const heard = assistantSpeech.startedAtMs !== undefined && assistantSpeech.silentMs(nowMs) > 1_000;
    const speaks = this.speaks && heard && this.#spokenMs < SPOKEN_MS;
    if (speaks) this.#spokenMs += bytes / 8;
    return new Uint8Array(bytes).fill(speaks ? 0x90 : MULAW_SILENCE);
  }
}

/** A service with records, recordings and a webhook, whose model server refuses everything. */
class DownService implements AsyncDisposable {
  readonly clock = new SteadyClock(RATE);
  readonly folder = Deno.makeTempDirSync();
  readonly model = new ScriptedModel();
  readonly webhooks = new WebhookReceiver();
  readonly service: TestService;

  constructor(outage: object, hasAudio = false) {
    this.model.refuseStatus = 503;
    const audio = `${this.folder}/sorry.wav`;
    Deno.writeFileSync(audio, tone(1_000));
    const { port1, port2 } = new MessageChannel();
    const log = createLog({ level: "error", format: "pretty", write: console.log });
    const recordings = new Recordings({ folder: `${this.folder}/recordings` }, this.clock, log);
    serveCallStore(new CallStore(`${this.folder}/calls.db`, this.clock, log), recordings, port2);
    this.service = new TestService(
      {
        OPENAI_API_KEY: "sk-test-secret",
        OPENAI_REALTIME_URL: this.model.url,
        MODEL_OUTAGE_SECONDS: "3",
        WEBHOOK_SECRET: "0123456789abcdef01234567",
        DATA_DIR: this.folder,
      },
      this.clock,
      {
        destinations: { boss: { number: "+15550199" } },
        afterCall: { url: `${this.webhooks.url}/hook` },
        assistants: { reception: { outage: { ...outage, ...(hasAudio ? { audio } : {}) } } },
      },
      new RemoteCallStore(port1),
    );
  }

  /** Places a call through the simulated Twilio; resolves when it has ended. */
  async call(speaks: boolean, context: Partial<SimulationContext> = {}) {
    const { clock } = this;
    const target = callTarget({ baseUrl: this.service.url, clock, local: true, from: CALLER });
    const outcome = await placeCall({
      ...target,
      createRole: (handset) => new MessageCaller(handset, speaks),
      context,
    });
    return {
      ...outcome,
      callSid: target.callSid,
      verbs: outcome.verbs.map(({ verb, text }) => text ? `${verb}: ${text}` : verb),
    };
  }

  /** The data of the message that was delivered beside the call. */
  async message(): Promise<JsonObject> {
    await this.webhooks.request(2);
    const bodies = this.webhooks.requests.map(({ body }) => body);
    const data = field(bodies.find((body) => body?.type === "message.taken"), "data");
    assert(isObject(data));
    return data;
  }

  async get(path: string): Promise<Response> {
    return await fetch(this.service.url + path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
    await this.webhooks[Symbol.asyncDispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** A WAV file of 16 kHz. */
function tone(ms: number): Uint8Array {
  const samples = Int16Array.from({ length: 16 * ms }, (_, at) => 8_000 * Math.sin(at / 5));
  const file = new Uint8Array(WAV_HEADER_BYTES + samples.byteLength);
  file.set(wavHeader(1, 16_000, samples.byteLength));
  file.set(new Uint8Array(samples.buffer), WAV_HEADER_BYTES);
  return file;
}

/** The largest sample of a part of a recording. */
function peak(samples: Int16Array, fromMs: number, toMs: number): number {
  return samples.subarray(8 * fromMs, 8 * toMs).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

Deno.test("Caller without a model leaves a voicemail, which is recorded, stored and delivered", async () => {
  await using down = new DownService({ then: "voicemail" });
  const { callSid, verbs, problem } = await down.call(true);
  assertEquals([verbs.map((verb) => verb?.split(":")[0]), problem], [
    ["Connect", "Say", "Connect", "Hangup"],
    undefined,
  ]);
  assertMatch(verbs[1] ?? "", /cannot be reached at the moment\. Please leave a message after the tone\./);
  const message = await down.message();
  assertEquals([message.kind, message.number, message.callSid], ["voicemail", CALLER, callSid]);
  const record = await (await down.get(`/api/calls/${callSid}`)).json();
  assertEquals([record.endReason, record.messages.length, record.messages[0].kind], [
    "voicemail",
    1,
    "voicemail",
  ]);
  const wav = new Uint8Array(await (await down.get(`/api/calls/${callSid}/recording.wav`)).arrayBuffer());
  const { channels: [caller] } = readWav(wav, "recording.wav");
  assert(caller);
  const fromMs = Number(field(message, "recorded", "fromMs"));
  const toMs = Number(field(message, "recorded", "toMs"));
  assert(toMs - fromMs > SPOKEN_MS && toMs - fromMs < 12_000, `${fromMs} to ${toMs}`);
  assert(peak(caller, fromMs, toMs) > 8_000, "the caller is heard in the recording");
});

Deno.test("Caller without a model hears the owner's audio and is asked for a callback when nobody answers", async () => {
  await using down = new DownService({ then: "transfer", to: "boss" }, true);
  const { callSid, callers, verbs } = await down.call(false, {
    dial: () => ({ status: "busy", ringMs: 200, talkMs: 0 }),
  });
  assertEquals(verbs.map((verb) => verb?.split(":")[0]), ["Connect", "Dial", "Say", "Hangup"]);
  assertMatch(verbs[2] ?? "", /Nobody can take your call at the moment\. We will call you back\./);
  const heard = callers[0]?.recording.heard ?? new Int16Array();
  // One second of it, louder than the holding tone before it.
  const loud = heard.filter((sample) => Math.abs(sample) > 4_000).length;
  assert(loud > 4_000 && loud < 8_000, `${loud} loud samples`);
  const { kind, number } = await down.message();
  assertEquals([kind, number], ["callback", CALLER]);
  const record = await (await down.get(`/api/calls/${callSid}`)).json();
  assertEquals(
    [record.endReason, record.messages.map(({ kind }: { kind: string }) => kind)],
    ["callback requested", ["callback"]],
  );
});

Deno.test("Caller without a model is transferred to a person who answers", async () => {
  await using down = new DownService({ then: "transfer", to: "boss" });
  const { callSid, verbs, ending } = await down.call(false);
  assertEquals([verbs.map((verb) => verb?.split(":")[0]), ending], [
    ["Connect", "Say", "Dial", "Hangup"],
    "transferred",
  ]);
  await down.webhooks.request(1);
  const record = await (await down.get(`/api/calls/${callSid}`)).json();
  assertEquals([record.endReason, record.messages], ["transferred", []]);
});
