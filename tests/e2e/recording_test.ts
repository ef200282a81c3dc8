import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodeMulaw, readWav } from "../../src/audio/mod.ts";
import { systemClock } from "../../src/clock.ts";
import { CallStore } from "../../src/records/call_store.ts";
import { Recordings } from "../../src/recording/recordings.ts";
import { RemoteCallStore, serveStore } from "../../src/records/store_port.ts";
import { RehearsalCaller } from "../../src/simulator/caller/caller.ts";
import { openNativeSocket } from "../../src/simulator/caller/media_socket.ts";
import { sid } from "../../src/simulator/caller/sid.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { compare, noise, randomFrom } from "../playout/heard_rig.ts";
import { ScriptedModel, type ScriptedSession } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";

const RECEPTION = { greeting: "", tools: ["pause_recording", "resume_recording"] };

/** A service that records into a folder of its own, and a model that says what it is told to. */
class Studio implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly model = new ScriptedModel();
  readonly service: TestService;

  constructor(env: Record<string, string> = {}, reception: object = {}, destinations: object = {}) {
    const { port1, port2 } = new MessageChannel();
    const log = createLog({ level: "error", format: "pretty", write: console.log });
    const recordings = new Recordings({ folder: `${this.folder}/recordings` }, systemClock, log);
    serveStore(new CallStore(`${this.folder}/calls.db`, systemClock, log), recordings, port2);
    this.service = new TestService(
      {
        OPENAI_API_KEY: "sk-test-secret",
        OPENAI_REALTIME_URL: this.model.url,
        DATA_DIR: this.folder,
        RECORDING: "on",
        ...env,
      },
      systemClock,
      { destinations, assistants: { reception: { ...RECEPTION, ...reception } } },
      new RemoteCallStore(port1),
    );
  }

  /** Asks as Twilio does how to answer a call. */
  async twiml(callSid: string, form: Record<string, string> = {}): Promise<string> {
    const body = new URLSearchParams({ CallSid: callSid, From: "+15551230000", To: "+15559870000", ...form });
    return await (await fetch(`${this.service.url}/incoming-call`, { method: "POST", body })).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Somebody on the line who never stops talking. */
async function connect(studio: Studio, callSid: string, token: string, random: () => number) {
  const closed = Promise.withResolvers<void>();
  let receive = (_data: unknown) => {};
  let press = (_key: string) => {};
  const socket = await openNativeSocket(systemClock)(new URL(studio.service.streamUrl), {}, {
    onMessage: (data) => receive(data),
    onClose: () => closed.resolve(),
  });
  const caller = new RehearsalCaller({
    clock: systemClock,
    accountSid: sid("AC"),
    callSid,
    streamSid: sid("MZ"),
    parameters: { token, from: "+15551230000" },
    part: (handset) => {
      press = handset.press;
      return { doing: "", hangUpReason: undefined, next: (_nowMs, bytes) => noise(random, bytes / 8) };
    },
    send: (message) => socket.send(message),
    onHangUp: () => socket.close(1000),
    note: () => {},
  });
  receive = (data) => caller.receive(data);
  caller.start();
  void closed.promise.then(() => caller.end());
  return { caller, press: (key: string) => press(key), closed: closed.promise };
}

/** A call in progress; `hangUp` resolves when both ends are done. */
async function callUp(studio: Studio, callSid: string, random: () => number) {
  const { service, model } = studio;
  const token = await service.announce(callSid);
  const session = await model.session();
  await session.configure();
  const line = await connect(studio, callSid, token, random);
  await service.logged("stream started");
  const hangUp = async ({ caller, closed } = line) => {
    caller.hangUp("");
    await closed;
    await service.logged("call ended");
    await session.end();
  };
  return { ...line, session, hangUp };
}

/** What is kept of a call: the caller left. */
async function recordingOf({ service }: Studio, callSid: string) {
  const wav = await fetch(`${service.url}/api/calls/${callSid}/recording.wav`);
  assertEquals([wav.status, wav.headers.get("content-type")], [200, "audio/wav"]);
  const { channels: [left, right] } = readWav(new Uint8Array(await wav.arrayBuffer()), "recording.wav");
  assert(left && right);
  return { left, right };
}

/** The model calls a function, and is told what it came to; the `count`th of the call. */
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

/** The first silence of a tenth of a second, to its end (ms). */
function silenceIn(side: Int16Array): { fromMs: number; toMs: number } {
  const isSilent = (from: number) => side.subarray(from, from + 800).every((sample) => sample === 0);
  const first = side.findIndex((sample, at) => sample === 0 && isSilent(at));
  const length = first < 0 ? 0 : side.subarray(first).findIndex((sample) => sample !== 0);
  return { fromMs: first / 8, toMs: (first + length) / 8 };
}

function say(session: ScriptedSession, id: string, audio: Uint8Array): void {
  session.send({ type: "response.created", response: { id, status: "in_progress" } });
  const delta = audio.toBase64();
  session.send({ type: "response.output_audio.delta", response_id: id, item_id: `${id}-item`, delta });
  session.done(id);
}

const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("what is recorded is what the caller said and heard, within 20 ms, across barge-ins", async () => {
  await using studio = new Studio();
  const { service } = studio;
  const callSid = sid("CA");
  const random = randomFrom(7);
  const { caller, session, hangUp } = await callUp(studio, callSid, random);
  for (const [turn, heardMs] of [700, 230, 1_000].entries()) {
    say(session, `r${turn}`, noise(random, 2_000));
    await passed(heardMs);
    session.send({ type: "input_audio_buffer.speech_started", item_id: `u${turn}`, audio_start_ms: 0 });
    await passed(150);
  }
  say(session, "last", noise(random, 600));
  await passed(900);
  await hangUp();

  const { left, right } = await recordingOf(studio, callSid);
  const { spoken, heard } = caller.recording;
  // A little is on its way when the caller hangs up, or what is left of the last frame's time is silence.
  assert(Math.abs(left.length - spoken.length) <= 200 * 8, `${left.length} and ${spoken.length} samples`);
  const said = compare(encodeMulaw(left), encodeMulaw(spoken));
  assert(said.found > 0.98 && said.earlyMs === 0 && said.lateMs === 0, JSON.stringify(said));
  const listened = compare(encodeMulaw(right), encodeMulaw(heard));
  assert(listened.found > 0.98 && listened.true > 0.97, JSON.stringify(listened));
  assert(listened.earlyMs <= 20 && listened.lateMs <= 20, JSON.stringify(listened));
  const levels = await (await fetch(`${service.url}/api/calls/${callSid}/levels`)).json();
  assertEquals(levels.caller.length, Math.ceil(left.length / 160));
});

/** From when to when on the caller's time line something was done (ms): a busy machine may take its time. */
async function during(caller: RehearsalCaller, work: () => Promise<unknown>): Promise<[number, number]> {
  const from = caller.elapsedMs;
  await work();
  return [from, caller.elapsedMs];
}

const isIn = (ms: number, [from, to]: readonly [number, number]) => ms > from - 60 && ms < to + 60;

Deno.test("the assistant pauses the recording and goes on with it: silence on both sides meanwhile", async () => {
  await using studio = new Studio();
  const callSid = sid("CA");
  const random = randomFrom(8);
  const { caller, session, hangUp } = await callUp(studio, callSid, random);
  await passed(500);
  const from = await during(caller, () => callFunction(session, "pause_recording", {}, 1));
  say(session, "b", noise(random, 300));
  await passed(600);
  const to = await during(caller, () => callFunction(session, "resume_recording", {}, 2));
  await passed(500);
  await hangUp();
  const { left, right } = await recordingOf(studio, callSid);
  const { fromMs, toMs } = silenceIn(left);
  assert(isIn(fromMs, from) && isIn(toMs, to), `${fromMs} to ${toMs}, not ${from} to ${to}`);
  assert(right.every((sample) => sample === 0), "what was heard in the pause is not there");
});

Deno.test("what the caller says while they enter a secret is not recorded, what they hear is", async () => {
  await using studio = new Studio({}, { keypad: { secrets: { pin: { digits: 2 } } } });
  const callSid = sid("CA");
  const random = randomFrom(9);
  const { caller, press, session, hangUp } = await callUp(studio, callSid, random);
  await passed(500);
  const from = caller.elapsedMs;
  const collected = callFunction(session, "collect_digits", { name: "pin" }, 1);
  say(session, "b", noise(random, 200));
  await passed(400);
  press("1");
  press("2");
  await collected;
  const to = caller.elapsedMs;
  await passed(700);
  await hangUp();
  const { left, right } = await recordingOf(studio, callSid);
  const { fromMs, toMs } = silenceIn(left);
  assert(isIn(fromMs, [from, from + 150]), `${fromMs}, not ${from}`);
  assert(toMs > to + 150 && toMs < to + 600, `the last tone dies away too: until ${toMs}, not ${to}`);
  assert(right.some((sample) => sample !== 0));
});

Deno.test("a caller who comes back from a transfer is recorded on, after as much silence as it took", async () => {
  await using studio = new Studio({}, { transferTo: [], keypad: { menu: { "0": "sales" } } }, {
    sales: { number: "+15550100" },
  });
  const { service } = studio;
  const callSid = sid("CA");
  const random = randomFrom(10);
  const { caller: before, press, closed, hangUp } = await callUp(studio, callSid, random);
  await passed(400);
  press("0");
  await closed;
  const from = before.elapsedMs;
  await passed(700);
  const body = new URLSearchParams({
    CallSid: callSid,
    From: "+15551230000",
    To: "+15559870000",
    CallStatus: "in-progress",
    DialCallStatus: "no-answer",
  });
  const twiml = await (await fetch(`${service.url}/after-transfer`, { method: "POST", body })).text();
  assertEquals(twiml.includes("<Say"), false, "consent is not asked for twice");
  const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  const back = await connect(studio, callSid, token, random);
  await service.logged("stream started", 2);
  const to = before.elapsedMs;
  await passed(500);
  await hangUp(back);
  const { left } = await recordingOf(studio, callSid);
  const { fromMs, toMs } = silenceIn(left);
  assert(
    Math.abs(fromMs - from) < 60 && Math.abs(toMs - to) < 60,
    `${fromMs} to ${toMs}, not ${from} to ${to}`,
  );
  const said = compare(
    encodeMulaw(left.subarray(Math.round(toMs * 8))),
    encodeMulaw(back.caller.recording.spoken),
  );
  assert(said.found > 0.95 && said.true > 0.99, JSON.stringify(said));
});

Deno.test("what Twilio says before a recorded call comes before its stream, and only there", async () => {
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
  for (const [env, reception, said] of cases) {
    await using studio = new Studio(env, reception);
    assertMatch(await studio.twiml(sid("CA")), said);
    assertMatch(await studio.twiml(sid("CA"), { Direction: "outbound-api" }), said);
  }
});

Deno.test("the language that was chosen has its own sentence", async () => {
  await using studio = new Studio({}, {
    languages: { es: { consent: "Esta llamada se graba.", key: "2", offer: "Oprima dos." } },
  });
  const callSid = sid("CA");
  assertStringIncludes(await studio.twiml(callSid), "<Gather");
  const body = new URLSearchParams({
    CallSid: callSid,
    From: "+15551230000",
    To: "+15559870000",
    Digits: "2",
  });
  const twiml = await (await fetch(`${studio.service.url}/language-chosen`, { method: "POST", body })).text();
  assertStringIncludes(twiml, '<Response><Say language="es">Esta llamada se graba.</Say><Connect');
});

Deno.test("a call that is not recorded has no recording", async () => {
  await using studio = new Studio({ RECORDING: "off" });
  const callSid = sid("CA");
  const { hangUp } = await callUp(studio, callSid, randomFrom(1));
  await passed(300);
  await hangUp();
  const answer = await fetch(`${studio.service.url}/api/calls/${callSid}/recording.wav`);
  assertEquals(answer.status, 404);
  await answer.body?.cancel();
});
