import { assertEquals } from "@std/assert";
import type { CallRecord } from "../../src/call/record.ts";
import { parseObject } from "../../src/json.ts";
import { switchLanguage } from "../../src/tools/call_tools.ts";
import { CallsBench, PLAIN_ASSISTANT } from "../support/calls.ts";
import { message } from "../support/fake_socket.ts";
import { answer } from "../support/still_session.ts";

const AUDIO = (ms: number) => new Uint8Array(ms * 8);

/** A call of which the record is kept; marks come back when their audio was played. */
function connect(assistant = {}) {
  const records: CallRecord[] = [];
  const bench = new CallsBench({ ended: (record) => records.push(record) }, assistant);
  const { socket, session } = bench.connect("CA1");
  const echoed = new Set<string>();
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
  const hangUp = () => {
    socket.receive(message("stop"));
    return records[0];
  };
  return { bench, observer: session.observer, pass, hangUp };
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
