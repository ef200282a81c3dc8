import { assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import type { CallAssistant } from "../../../src/call/call_assistant.ts";
import type { CallsOptions } from "../../../src/calls/calls.ts";
import { parseObject } from "../../../src/json.ts";
import { sendDigits, transferCall } from "../../../src/tools/call_tools.ts";
import { tool } from "../../../src/tools/tool.ts";
import { CallsBench } from "../../support/calls.ts";
import { message } from "../../support/fake_socket.ts";
import { IDLE_TIMERS } from "../../support/service.ts";
import { answer } from "../../support/still_session.ts";

const SALES = { name: "sales", about: "", number: "+15550100", ringSeconds: 20 };
const KEYPAD = { pauseMs: 2_000, menu: new Map([["0", "sales"]]), secrets: new Map() };

function connect(assistant: Partial<CallAssistant> = {}, options: Partial<CallsOptions> = {}) {
  const bench = new CallsBench(options, { destinations: [SALES], keypad: KEYPAD, ...assistant });
  return { bench, ...bench.connect("CA1") };
}

/** The caller presses the key that passes them on. */
function passOn({ bench, socket }: ReturnType<typeof connect>): void {
  socket.receive(message("dtmf", { digit: "0", track: "inbound_track" }));
  assertEquals(bench.calls.destination("CA1")?.name, "sales");
}

/** Nobody took the call: the caller's stream comes back. */
function comeBack({ bench }: ReturnType<typeof connect>) {
  return bench.stream("CA1", bench.calls.transferFailed("CA1", "busy") ?? "");
}

Deno.test("a caller who is back is passed on to nobody any more", () => {
  const call = connect();
  using bench = call.bench;
  passOn(call);
  comeBack(call);
  assertEquals([bench.calls.destination("CA1"), bench.calls.list()[0]?.state], [undefined, "connected"]);
  bench.calls.transferAnswered("CA1");
  assertEquals(bench.summary("CA1"), undefined, "what comes late of the other call ends nothing");
});

Deno.test("who was passed on is not greeted anew by a session that takes over", () => {
  const call = connect({ greeting: "Say hello." });
  using bench = call.bench;
  passOn(call);
  call.session.observer?.failed({ code: "gone", message: "lost" });
  comeBack(call);
  const asked = bench.sessions[1]?.asked.map(({ instructions }) => instructions) ?? [];
  assertEquals(asked.length, 1);
  assertMatch(asked[0] ?? "", /the line was busy/);
});

Deno.test("a call whose caller does not come back from a transfer ends, and not before it has rung", () => {
  const call = connect({}, { mediaTimeoutMs: 5_000 });
  using bench = call.bench;
  passOn(call);
  bench.clock.advance(49_999);
  assertEquals([bench.summary("CA1"), call.session.closed], [undefined, false]);
  bench.clock.advance(1);
  assertEquals([bench.summary("CA1")?.reason, call.session.closed], ["stream lost", true]);
  assertEquals(bench.clock.pending, IDLE_TIMERS);
});

Deno.test("a caller whom nobody answered has 30 s to come back", () => {
  const call = connect();
  using bench = call.bench;
  passOn(call);
  bench.clock.advance(1_000);
  bench.calls.transferFailed("CA1", "busy");
  bench.clock.advance(29_999);
  assertEquals(bench.summary("CA1"), undefined);
  bench.clock.advance(1);
  assertEquals(bench.summary("CA1")?.reason, "stream lost");
});

Deno.test("a caller who is back and falls silent on the wire is still noticed", () => {
  const call = connect({}, { mediaTimeoutMs: 5_000 });
  using bench = call.bench;
  passOn(call);
  comeBack(call);
  bench.clock.advance(5_000);
  assertEquals(bench.summary("CA1")?.reason, "no media");
});

Deno.test("nobody asks a caller who is elsewhere whether they are still there; one who is back, again", () => {
  const call = connect({ silence: { afterMs: 5_000, prompts: 1 } });
  using bench = call.bench;
  passOn(call);
  bench.clock.advance(15_000);
  assertEquals(call.session.asked, []);
  comeBack(call);
  bench.clock.advance(5_000);
  assertEquals(call.session.asked.length, 2);
  assertMatch(call.session.asked[1]?.instructions ?? "", /still there/);
});

Deno.test("a tool that ran when the caller was passed on is told to nobody, and nobody waits for it", async () => {
  const done = Promise.withResolvers<string>();
  const slow = tool(
    { name: "slow", description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => done.promise,
  );
  const call = connect({ tools: () => [slow], waiting: { afterMs: 500, say: "One moment." } });
  using bench = call.bench;
  call.session.observer?.functionCalled({ callId: "c", name: "slow", arguments: "{}" });
  call.session.observer?.answered(answer({ spoke: false }));
  passOn(call);
  bench.clock.advance(1_000);
  done.resolve("found");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([call.session.outputs, call.session.asked], [[], []]);
});

Deno.test("what the caller did not hear before they were passed on is not played when they are back", () => {
  const call = connect();
  using bench = call.bench;
  call.session.observer?.audio("a", new Uint8Array(3_000 * 8));
  bench.clock.advance(100);
  passOn(call);
  const back = comeBack(call);
  bench.clock.advance(1_000);
  assertEquals(back.sent.filter((text) => parseObject(text)?.event === "media"), []);
});

Deno.test("a caller who spoke as they were passed on and is back interrupts by speaking, and by nothing else", () => {
  const call = connect({ protectedMs: 1_000 });
  using bench = call.bench;
  call.session.observer?.speechStarted();
  passOn(call);
  const back = comeBack(call);
  call.session.observer?.audio("sorry", new Uint8Array(3_000 * 8));
  for (let i = 0; i < 15; i++) {
    bench.clock.advance(100);
    for (const text of back.sent) {
      const { event, mark } = parseObject(text) ?? {};
      if (event === "mark") back.receive(message("mark", mark));
    }
  }
  assertEquals(call.session.heard, []);
  call.session.observer?.speechStarted();
  assertEquals(call.session.heard.map(({ itemId }) => itemId), ["sorry"]);
});

Deno.test("a destination that there is not passes nobody on", async () => {
  // The file may have been read again since the tool was made.
  const gone = { name: "gone", about: "" };
  const call = connect({ tools: (phone) => [transferCall(phone, [gone])] });
  using bench = call.bench;
  const args = JSON.stringify({ destination: "gone" });
  call.session.observer?.functionCalled({ callId: "c", name: "transfer_call", arguments: args });
  call.session.observer?.answered(answer());
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([bench.calls.destination("CA1"), bench.calls.list()[0]?.state], [undefined, "connected"]);
});

Deno.test("keys that were being sent when the caller was passed on do not shield what they hear when back", async () => {
  const call = connect({ tools: (phone) => [sendDigits(phone)] });
  using bench = call.bench;
  call.session.observer?.functionCalled({ callId: "c", name: "send_digits", arguments: '{"digits":"123"}' });
  passOn(call);
  const back = comeBack(call);
  call.session.observer?.audio("sorry", new Uint8Array(2_000 * 8));
  bench.clock.advance(100);
  call.session.observer?.speechStarted();
  assertEquals(back.sent.filter((text) => parseObject(text)?.event === "clear").length, 1);
  await new Promise((resolve) => setTimeout(resolve, 0));
});
