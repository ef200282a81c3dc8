import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { randomFrom } from "../support/random.ts";
import { encodeMulaw } from "../../src/audio/g711.js";
import { readWav } from "../../src/audio/wav.ts";
import { wait } from "../../src/clock.ts";
import { CallStore } from "../../src/records/call_store.ts";
import { Recordings } from "../../src/recording/recordings.ts";
import { RemoteCallStore, serveCallStore } from "../../src/records/remote_call_store.ts";
import { SimulatedCaller } from "../../src/simulator/caller/simulated_caller.ts";
import { openStreamSocket } from "../../src/simulator/caller/call_target.ts";
import { newSid } from "../../src/simulator/twilio/sid.js";
import { createLog } from "../../src/telemetry/log.ts";
import { compare, noise } from "../recording/network_rig.ts";
import { ScriptedModel, type ScriptedSession } from "../support/scripted_model.ts";
import { ACCOUNT_SID, KEY_SECRET, KEY_SID, NUMBER, TwilioApi } from "../support/twilio_api.ts";
import { TestService, tokenIn } from "../support/service.ts";
import { SteadyClock } from "../support/steady_clock.ts";

const RECEPTION = { greeting: "", tools: ["pause_recording", "resume_recording"] };

/** The calls run this much faster than real time. */
const RATE = 3;

/** A service that records into its own folder, and its model. */
class RecordingService implements AsyncDisposable {
  readonly clock = new SteadyClock(RATE);
  readonly folder = Deno.makeTempDirSync();
  readonly model = new ScriptedModel();
  readonly service: TestService;

  constructor(env: Record<string, string> = {}, reception: object = {}, destinations: object = {}) {
    const { port1, port2 } = new MessageChannel();
    const log = createLog({ level: "error", format: "pretty", write: console.log });
    const recordings = new Recordings({ folder: `${this.folder}/recordings` }, this.clock, log);
    serveCallStore(new CallStore(`${this.folder}/calls.db`, this.clock, log), recordings, port2);
    this.service = new TestService(
      {
        OPENAI_API_KEY: "sk-test-secret",
        OPENAI_REALTIME_URL: this.model.url,
        DATA_DIR: this.folder,
        RECORDING: "on",
        ...env,
      },
      this.clock,
      { destinations, assistants: { reception: { ...RECEPTION, ...reception } } },
      new RemoteCallStore(port1),
    );
  }

  /** Lets the call go on for `ms`. */
  pause(ms: number): Promise<void> {
    return wait(this.clock, ms, undefined);
  }

  async incomingCall(callSid: string, form: Record<string, string> = {}): Promise<string> {
    return await this.service.post("/incoming-call", { CallSid: callSid, ...form });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Connects a caller who talks without a pause. */
async function connectCaller(
  recording: RecordingService,
  callSid: string,
  token: string,
  random: () => number,
) {
  const closed = Promise.withResolvers<void>();
  let receive = (_data: unknown) => {};
  let press = (_key: string) => {};
  const socket = await openStreamSocket(new URL(recording.service.streamUrl), {}, {
    onMessage: (data) => receive(data),
    onClose: () => closed.resolve(),
  }, new AbortController().signal);
  const caller = new SimulatedCaller({
    clock: recording.clock,
    accountSid: newSid("AC"),
    callSid,
    streamSid: newSid("MZ"),
    parameters: { token, from: "+15551230000" },
    createRole: (handset) => {
      press = handset.press;
      return { status: "", hangUpReason: undefined, nextFrame: (_nowMs, bytes) => noise(random, bytes / 8) };
    },
    send: (message) => socket.send(message),
    onHangUp: () => socket.close(1000),
    addEntry: () => {},
  });
  receive = (data) => caller.receive(data);
  caller.start();
  void closed.promise.then(() => caller.end());
  return { caller, press: (key: string) => press(key), drop: () => socket.close(), closed: closed.promise };
}

/** Places a call; `hangUp` resolves when the call has ended and its session is closed. */
async function placeCall(recording: RecordingService, callSid: string, random: () => number) {
  const { service, model } = recording;
  const token = await service.announce(callSid);
  const session = await model.session();
  await session.configure();
  const line = await connectCaller(recording, callSid, token, random);
  await service.logged("stream started");
  const hangUp = async ({ caller, closed } = line) => {
    caller.hangUp("");
    await closed;
    await service.logged("call ended");
    await session.untilClosed();
  };
  return { ...line, session, hangUp };
}

/** The stored recording, 16-bit at 8 kHz: the caller on the left. */
async function recordingOf({ service }: RecordingService, callSid: string) {
  const wav = await fetch(`${service.url}/api/calls/${callSid}/recording.wav`);
  assertEquals([wav.status, wav.headers.get("content-type")], [200, "audio/wav"]);
  const { channels: [left, right] } = readWav(new Uint8Array(await wav.arrayBuffer()), "recording.wav");
  assert(left && right);
  return { left, right };
}

/** The model calls a function, the `count`th of the call, and gets its result. */
async function callFunction(session: ScriptedSession, name: string, args: object, count: number) {
  const id = `function-${count}`;
  session.send({ type: "response.created", response: { id, status: "in_progress" } });
  const item = {
    id: `${id}-item`,
    type: "function_call",
    call_id: id,
    name,
    arguments: JSON.stringify(args),
    status: "completed",
  };
  session.send({ type: "response.output_item.done", response_id: id, output_index: 0, item });
  session.done(id);
  await session.waitFor("conversation.item.create", count);
}

/** The first silence of at least 100 ms (ms). */
function silenceIn(side: Int16Array): { fromMs: number; toMs: number } {
  const isSilent = (from: number) => side.subarray(from, from + 800).every((sample) => sample === 0);
  const first = side.findIndex((sample, at) => sample === 0 && isSilent(at));
  const length = first < 0 ? 0 : side.subarray(first).findIndex((sample) => sample !== 0);
  return { fromMs: first / 8, toMs: (first + length) / 8 };
}

function speak(session: ScriptedSession, id: string, audio: Uint8Array): void {
  session.send({ type: "response.created", response: { id, status: "in_progress" } });
  const delta = audio.toBase64();
  session.send({ type: "response.output_audio.delta", response_id: id, item_id: `${id}-item`, delta });
  session.done(id);
}

Deno.test("Recording holds what the caller said and heard, within 20 ms, across barge-ins", async () => {
  await using recording = new RecordingService();
  const { service } = recording;
  const callSid = newSid("CA");
  const random = randomFrom(7);
  const { caller, session, hangUp } = await placeCall(recording, callSid, random);
  for (const [turn, heardMs] of [700, 230, 1_000].entries()) {
    speak(session, `r${turn}`, noise(random, 2_000));
    await recording.pause(heardMs);
    session.send({ type: "input_audio_buffer.speech_started", item_id: `u${turn}`, audio_start_ms: 0 });
    await recording.pause(150);
  }
  speak(session, "last", noise(random, 600));
  await recording.pause(900);
  await hangUp();

  const { left, right } = await recordingOf(recording, callSid);
  const { spoken, heard } = caller.recording;
  // The last frames may still be in flight when the caller hangs up.
  assert(Math.abs(left.length - spoken.length) <= 200 * 8, `${left.length} and ${spoken.length} samples`);
  const said = compare(encodeMulaw(left), encodeMulaw(spoken));
  assert(said.recordedShare > 0.98 && said.earlyMs === 0 && said.lateMs === 0, JSON.stringify(said));
  const listened = compare(encodeMulaw(right), encodeMulaw(heard));
  assert(listened.recordedShare > 0.98 && listened.heardShare > 0.97, JSON.stringify(listened));
  assert(listened.earlyMs <= 20 && listened.lateMs <= 20, JSON.stringify(listened));
  const levels = await (await fetch(`${service.url}/api/calls/${callSid}/levels`)).json();
  assertEquals(levels.caller.length, Math.ceil(left.length / 160));
});

/** Runs `work`; returns when it began and ended on the caller's clock (ms). */
async function during(caller: SimulatedCaller, work: () => Promise<unknown>): Promise<[number, number]> {
  const from = caller.progress.elapsedMs;
  await work();
  return [from, caller.progress.elapsedMs];
}

const isIn = (ms: number, [from, to]: readonly [number, number]) => ms > from - 60 && ms < to + 60;

Deno.test("Recording is silent on both sides while the assistant has paused it, and the record has no words", async () => {
  await using recording = new RecordingService({ LOG_EVENTS: "*" });
  const callSid = newSid("CA");
  const random = randomFrom(8);
  const { caller, session, hangUp } = await placeCall(recording, callSid, random);
  await recording.pause(500);
  const from = await during(caller, () => callFunction(session, "pause_recording", {}, 1));
  session.send({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 60_000 });
  await recording.pause(100);
  session.send({ type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 60_000 });
  speak(session, "b", noise(random, 300));
  await recording.pause(500);
  const to = await during(caller, () => callFunction(session, "resume_recording", {}, 2));
  const transcript = "My card is 4242.";
  const transcribed = "conversation.item.input_audio_transcription.completed";
  session.send({ type: transcribed, item_id: "u1", content_index: 0, transcript });
  await recording.pause(500);
  await hangUp();
  const { left, right } = await recordingOf(recording, callSid);
  const { fromMs, toMs } = silenceIn(left);
  assert(isIn(fromMs, from) && isIn(toMs, to), `${fromMs} to ${toMs}, not ${from} to ${to}`);
  assert(right.every((sample) => sample === 0), "the assistant's audio in the pause is not recorded");
  const record = await (await fetch(`${recording.service.url}/api/calls/${callSid}`)).text();
  assertMatch(record, /"text":"\[not recorded\]"/);
  assert(!record.includes("4242") && !JSON.stringify(recording.service.lines).includes("4242"));
});

for (const lost of [true, false]) {
  const cause = lost ? "after its stream was lost" : "through the webhook";
  Deno.test(`Recording pause goes on when the call comes back ${cause}`, async () => {
    await using recording = new RecordingService({ LOG_EVENTS: "*", STREAM_GRACE_SECONDS: "0" });
    const { service, model } = recording;
    const callSid = newSid("CA");
    const random = randomFrom(11);
    const { session, drop, hangUp } = await placeCall(recording, callSid, random);
    await recording.pause(300);
    await callFunction(session, "pause_recording", {}, 1);
    await (lost ? (drop(), service.logged("call ended")) : hangUp());
    const token = lost
      ? tokenIn(await service.post("/after-stream", { CallSid: callSid, CallStatus: "in-progress" }))
      : await service.announce(callSid);
    const next = await model.session(1);
    await next.configure();
    const back = await connectCaller(recording, callSid, token, random);
    await service.logged("stream started", 2);
    await recording.pause(300);
    const state = await (await fetch(`${service.url}/api/calls/${callSid}`)).json();
    assertEquals(state.recording, { state: "paused" });
    next.send({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 });
    next.send({ type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 200 });
    const transcribed = "conversation.item.input_audio_transcription.completed";
    next.send({ type: transcribed, item_id: "u1", content_index: 0, transcript: "My card is 4242." });
    const created = next.receivedOf("conversation.item.create").length;
    await callFunction(next, "resume_recording", {}, created + 1);
    await recording.pause(300);
    back.caller.hangUp("");
    await service.logged("call ended", 2);
    await next.untilClosed();
    const { left } = await recordingOf(recording, callSid);
    const { fromMs, toMs } = silenceIn(left);
    assert(toMs - fromMs > 250 && left.length / 8 - toMs > 200, `${fromMs} to ${toMs} of ${left.length / 8}`);
    const record = await (await fetch(`${service.url}/api/calls/${callSid}`)).text();
    assertMatch(record, /"text":"\[not recorded\]"/);
    assert(!record.includes("4242") && !JSON.stringify(service.lines).includes("4242"));
    const events = JSON.parse(record).events.filter(({ kind }: { kind: string }) => kind === "recording");
    assertEquals(events.map(({ name }: { name: string }) => name), ["paused", "on"]);
  });
}

Deno.test("Recording mutes the caller and not the assistant while a secret is entered", async () => {
  await using recording = new RecordingService({}, { keypad: { secrets: { pin: { digits: 2 } } } });
  const callSid = newSid("CA");
  const random = randomFrom(9);
  const { caller, press, session, hangUp } = await placeCall(recording, callSid, random);
  await recording.pause(500);
  const from = caller.progress.elapsedMs;
  const collected = callFunction(session, "collect_digits", { name: "pin" }, 1);
  speak(session, "b", noise(random, 200));
  await recording.pause(400);
  press("1");
  press("2");
  await collected;
  const to = caller.progress.elapsedMs;
  await recording.pause(700);
  await hangUp();
  const { left, right } = await recordingOf(recording, callSid);
  const { fromMs, toMs } = silenceIn(left);
  assert(isIn(fromMs, [from, from + 150]), `${fromMs}, not ${from}`);
  assert(toMs > to + 150 && toMs < to + 600, `muted until the last tone has ended: ${toMs}, not ${to}`);
  assert(right.some((sample) => sample !== 0));
});

Deno.test("Recording continues after a transfer with silence for its duration", async () => {
  await using recording = new RecordingService({}, { transferTo: [], keypad: { menu: { "0": "sales" } } }, {
    sales: { number: "+15550100" },
  });
  const { service } = recording;
  const callSid = newSid("CA");
  const random = randomFrom(10);
  const { caller: before, press, closed, hangUp } = await placeCall(recording, callSid, random);
  await recording.pause(400);
  press("0");
  await closed;
  const from = before.progress.elapsedMs;
  await recording.pause(700);
  const twiml = await service.post("/after-transfer", {
    CallSid: callSid,
    CallStatus: "in-progress",
    DialCallStatus: "no-answer",
  });
  assertEquals(twiml.includes("<Say"), false, "the consent sentence is not repeated");
  const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  const back = await connectCaller(recording, callSid, token, random);
  await service.logged("stream started", 2);
  const to = before.progress.elapsedMs;
  await recording.pause(500);
  await hangUp(back);
  const { left } = await recordingOf(recording, callSid);
  const { fromMs, toMs } = silenceIn(left);
  assert(
    Math.abs(fromMs - from) < 60 && Math.abs(toMs - to) < 60,
    `${fromMs} to ${toMs}, not ${from} to ${to}`,
  );
  const said = compare(
    encodeMulaw(left.subarray(Math.round(toMs * 8))),
    encodeMulaw(back.caller.recording.spoken),
  );
  assert(said.recordedShare > 0.95 && said.heardShare > 0.99, JSON.stringify(said));
});

Deno.test("Consent sentence comes before the stream of a recorded call only", async () => {
  const cases: [env: Record<string, string>, reception: object, said: RegExp][] = [
    [{}, {}, /<Response><Say>This call is recorded\.<\/Say><Connect/],
    [{ WELCOME_MESSAGE: "Welcome." }, {}, /<Say>Welcome\.<\/Say><Say>This call is recorded\.<\/Say><Connect/],
    [
      {},
      { language: "es-MX", recording: { consent: "Se graba <esto>." } },
      /<Say language="es-MX">Se graba &lt;esto&gt;\.<\/Say><Connect/,
    ],
    [{ RECORDING_CONSENT: "" }, {}, /<Response><Connect/],
    [{}, { recording: false }, /<Response><Connect/],
    [{ RECORDING: "off" }, {}, /<Response><Connect/],
    [{ RECORDING: "off" }, { recording: true }, /<Say>This call is recorded\.<\/Say><Connect/],
  ];
  await using api = new TwilioApi();
  const outbound = {
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_API_KEY_SID: KEY_SID,
    TWILIO_API_KEY_SECRET: KEY_SECRET,
    TWILIO_API_URL: api.url,
    TWILIO_PHONE_NUMBER: NUMBER,
    PUBLIC_URL: "https://phone.example.com",
  };
  for (const [env, reception, said] of cases) {
    await using recording = new RecordingService({ ...outbound, ...env }, reception);
    assertMatch(await recording.incomingCall(newSid("CA")), said);
    const body = JSON.stringify({ to: "+15551230000" });
    const placed = await (await fetch(`${recording.service.url}/calls`, { method: "POST", body })).json();
    assertMatch(await recording.incomingCall(placed.callSid, { Direction: "outbound-api" }), said);
  }
});

Deno.test("Consent sentence is in the chosen language", async () => {
  await using recording = new RecordingService({}, {
    languages: { es: { consent: "Esta llamada se graba.", key: "2", offer: "Oprima dos." } },
  });
  const callSid = newSid("CA");
  assertStringIncludes(await recording.incomingCall(callSid), "<Gather");
  const twiml = await recording.service.post("/language-chosen", { CallSid: callSid, Digits: "2" });
  assertStringIncludes(twiml, '<Response><Say language="es-ES">Esta llamada se graba.</Say><Connect');
});

Deno.test("Recording is missing when RECORDING is off", async () => {
  await using recording = new RecordingService({ RECORDING: "off" });
  const callSid = newSid("CA");
  const { hangUp } = await placeCall(recording, callSid, randomFrom(1));
  await recording.pause(300);
  await hangUp();
  const response = await fetch(`${recording.service.url}/api/calls/${callSid}/recording.wav`);
  assertEquals(response.status, 404);
  await response.body?.cancel();
});
