import { assertEquals } from "@std/assert";
import { z } from "zod";
import type { Level } from "../../src/call/call_feed.ts";
import type { CallRecord } from "../../src/call/record.ts";
import { parseObject } from "../../src/json.ts";
import { switchLanguage } from "../../src/tools/call_tools.ts";
import { tool } from "../../src/tools/tool.ts";
import { CallsBench, PLAIN_ASSISTANT } from "../support/calls.ts";
import { message } from "../support/fake_socket.ts";
import { answer } from "../support/still_session.ts";

const AUDIO = (ms: number) => new Uint8Array(ms * 8);

const FRAME = new Uint8Array(160).fill(0x80).toBase64();

/** A call of which the record is kept; marks come back when their audio was played. */
function connect(assistant = {}) {
  const records: CallRecord[] = [];
  const bench = new CallsBench({ ended: (record) => records.push(record) }, assistant);
  const { socket, session } = bench.connect("CA1");
  const echoed = new Set<string>();
  let timestamp = 0;
  /** The caller makes a noise for so long (ms), and hears what they are sent. */
  const talk = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20, timestamp += 20) {
      bench.clock.advance(20);
      socket.receive(message("media", { track: "inbound", timestamp: String(timestamp), payload: FRAME }));
    }
  };
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      bench.clock.advance(100);
      for (const text of socket.sent) {
        const { event, mark } = parseObject(text) ?? {};
        if (event !== "mark" || echoed.has(text)) continue;
        echoed.add(text);
        socket.receive(message("mark", mark));
      }
    }
  };
  /** How many messages of one kind Twilio was sent. */
  const sent = (event: string) => socket.sent.filter((text) => parseObject(text)?.event === event).length;
  const hangUp = () => {
    socket.receive(message("stop"));
    return records[0];
  };
  return { bench, session, observer: session.observer, talk, pass, sent, hangUp };
}

Deno.test("a record has when each thing was said, made, sent and heard, and how long the caller waited", () => {
  const { bench, observer, pass, hangUp } = connect();
  using _ = bench;
  observer?.speechStarted({ itemId: "u1", audioMs: 0 });
  pass(1_000);
  // The second in which no frame came was given as silence.
  observer?.speechStopped({ itemId: "u1", audioMs: 1_000 });
  observer?.callerSaid("u1", "Are you open?");
  pass(300);
  observer?.audio("a1", AUDIO(100));
  pass(100);
  observer?.audio("a1", AUDIO(100));
  observer?.assistantSaid("a1", "Yes.");
  observer?.answered(answer());
  pass(500);
  const record = hangUp();
  const [caller, assistant] = record?.said ?? [];
  assertEquals(caller, { who: "caller", text: "Are you open?", atMs: 0, spoken: { fromMs: 0, toMs: 1_000 } });
  assertEquals(assistant, {
    who: "assistant",
    text: "Yes.",
    atMs: 1_300,
    heardMs: 200,
    totalMs: 200,
    latency: { modelMs: 300, sentMs: 0, heardMs: 100 },
    generated: { fromMs: 1_300, toMs: 1_400 },
    played: { fromMs: 1_300, toMs: 1_500 },
  });
  assertEquals([record?.turns, record?.bargeIns, record?.inputTokens, record?.outputTokens], [1, 0, 10, 5]);
});

Deno.test("a record has of an answer the call ended in as much as was heard", () => {
  const { bench, observer, pass, hangUp } = connect();
  using _ = bench;
  observer?.audio("a1", AUDIO(1_000));
  observer?.assistantSaid("a1", "One two three four.");
  pass(500);
  const [said] = hangUp()?.said ?? [];
  assertEquals([said?.heardMs, said?.totalMs, said?.cut, said?.text], [500, 1_000, true, "One two"]);
});

Deno.test("a record has of an answer that was interrupted what was heard before, and what came too late is not in it", () => {
  const { bench, observer, pass, hangUp } = connect();
  using _ = bench;
  observer?.audio("a1", AUDIO(1_000));
  observer?.assistantSaid("a1", "One two three four.");
  pass(500);
  observer?.speechStarted({ itemId: "u1", audioMs: 0 });
  pass(5_000);
  const record = hangUp();
  const [said] = record?.said ?? [];
  assertEquals([said?.heardMs, said?.totalMs, said?.cut, said?.played], [500, 1_000, true, {
    fromMs: 0,
    toMs: 500,
  }]);
  assertEquals([record?.bargeIns, record?.events.map(({ kind, name }) => [kind, name])], [1, [[
    "barge-in",
    "a1",
  ]]]);
});

Deno.test("a record has nothing of what the assistant said while it was to keep silent", () => {
  const { bench, observer, pass, hangUp } = connect({ voicemail: { leave: "Call us back." } });
  using _ = bench;
  bench.calls.answeredBy("CA1", "machine_start");
  observer?.audio("a1", AUDIO(1_000));
  observer?.assistantSaid("a1", "Hello?");
  pass(500);
  const record = hangUp();
  assertEquals([record?.events.map(({ name }) => name), record?.said], [["keep silent"], []]);
});

Deno.test("a record has that the language was changed", () => {
  const { bench, observer, hangUp } = connect({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone: Parameters<typeof switchLanguage>[0]) => [switchLanguage(phone, ["es"])],
  });
  using _ = bench;
  const args = JSON.stringify({ language: "es", summary: "A table" });
  observer?.functionCalled({ callId: "c", name: "switch_language", arguments: args });
  assertEquals(hangUp()?.events, [{ atMs: 0, kind: "language", name: "es" }]);
});

Deno.test("who watches a call sees where its audio is: what is heard, and how much waits", () => {
  const { bench, observer, talk } = connect();
  using _ = bench;
  const levels: Level[] = [];
  bench.calls.find("CA1")?.watch((happening) => {
    if (happening.type === "level") levels.push(happening.data);
  });
  talk(600);
  assertEquals(levels.at(-1)?.item, undefined);
  assertEquals([levels.at(-1)?.assistantSpeaks, levels.at(-1)?.callerSpeaks], [false, false]);
  observer?.audio("a1", AUDIO(2_000));
  talk(600);
  const { item, heardMs = 0, queuedMs = 0, twilioMs = 0, assistantSpeaks } = levels.at(-1) ?? {};
  // No mark has come back, so no more than the first piece was heard.
  assertEquals([item, heardMs, assistantSpeaks], ["a1", 100, true]);
  assertEquals(heardMs + queuedMs + twilioMs, 2_000);
  observer?.speechStarted();
  // The marks of what was cut do not come back either: that is not waited for forever.
  talk(4_000);
  assertEquals([levels.at(-1)?.callerSpeaks, levels.at(-1)?.twilioMs], [true, 0]);
  observer?.speechStopped();
  talk(400);
  assertEquals(levels.at(-1)?.callerSpeaks, false);
});

Deno.test("a recording that is paused or goes on is another line in the list", () => {
  const recorder = { record() {}, endRecording() {} };
  using bench = new CallsBench({ recorder }, { recording: {} });
  bench.connect("CA1");
  const told: unknown[] = [];
  bench.calls.watch(({ type, call }) => told.push([type, call.recording]));
  bench.calls.find("CA1")?.record(false);
  bench.calls.find("CA1")?.record(true);
  assertEquals(told, [["changed", "paused"], ["changed", "on"]]);
});

Deno.test("a session is told of the tools there are, and of none where there are none", () => {
  const names = ({ session: { options } }: ReturnType<typeof connect>) =>
    options?.functions?.map(({ name }) => name);
  const tools = (phone: Parameters<typeof switchLanguage>[0]) => [switchLanguage(phone, ["es"])];
  const calls = [connect({ tools }), connect()];
  assertEquals(calls.map(names), [["switch_language"], undefined]);
  for (const { bench } of calls) bench[Symbol.dispose]();
});

Deno.test("what the caller says has the place it had in what the model was given", () => {
  const { bench, observer, talk, hangUp } = connect();
  using _ = bench;
  talk(1_000);
  observer?.speechStarted({ itemId: "u1", audioMs: 400 });
  talk(1_000);
  // A model may count what it has not been given yet.
  observer?.speechStopped({ itemId: "u1", audioMs: 2_100 });
  assertEquals(hangUp()?.said[0]?.spoken, { fromMs: 400, toMs: 2_000 });
});

Deno.test("an answer the caller has spoken before is not timed", () => {
  const { bench, observer, pass, hangUp } = connect();
  using _ = bench;
  observer?.speechStopped();
  observer?.speechStarted();
  observer?.audio("a1", AUDIO(100));
  pass(500);
  assertEquals(hangUp()?.said.map(({ latency }) => latency), [undefined]);
});

Deno.test("the tone that says wait ends with the tool, at once", async () => {
  const work = Promise.withResolvers<string>();
  const slow = tool(
    { name: "look_up", description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => work.promise,
  );
  const { bench, observer, sent } = connect({ waiting: { afterMs: 1_000 }, tools: () => [slow] });
  using _ = bench;
  observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  bench.clock.advance(1_500);
  assertEquals([sent("media") > 0, sent("clear")], [true, 0]);
  work.resolve("found");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(sent("clear"), 1);
});

Deno.test("while the caller is elsewhere who listens hears silence, and the model nothing", () => {
  const sales = { name: "sales", about: "", number: "+15550100", ringSeconds: 20 };
  const { bench, session, observer, talk } = connect({ destinations: [sales] });
  using _ = bench;
  let heard = 0;
  bench.calls.find("CA1")?.listen(({ caller }) => heard += caller.length);
  observer?.speechStarted();
  talk(1_000);
  assertEquals(bench.calls.find("CA1")?.transfer("sales"), true);
  const given = session.appended.length;
  bench.clock.advance(5_000);
  assertEquals([heard >= 5_000 * 8, session.appended.length], [true, given]);
  bench.calls.sayGoodbyes();
  assertEquals(bench.summary("CA1")?.reason, "drained", "nobody is there to be said goodbye to");
});

Deno.test("a goodbye while another session is dialled is not waited for", () => {
  const { bench, observer } = connect();
  using _ = bench;
  observer?.failed({ code: "closed", message: "gone" });
  bench.calls.sayGoodbyes();
  assertEquals(bench.summary("CA1")?.reason, "drained");
});
