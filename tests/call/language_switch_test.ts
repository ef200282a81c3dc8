import { assertEquals, assertMatch } from "@std/assert";
import { switchLanguage } from "../../src/tools/call_tools.ts";
import { connect, MENU, PLAIN_ASSISTANT, slowTool, testAudio } from "../support/call_rig.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

Deno.test("Language switch plays the old session's audio to its end, and the next session reports its tools' results", async () => {
  const { tool, resolve } = slowTool("slow");
  const call = connect({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [tool, switchLanguage(phone, ["es"])],
    silence: { afterMs: 5_000, prompts: 1 },
    waiting: { afterMs: 4_000, say: "One moment." },
  });
  const { rig, session } = call;
  session.observer?.assistantAudio("bye", testAudio(500));
  call.callFunction("slow");
  call.callFunction("switch_language", { language: "es", summary: "A table" });
  const next = rig.sessions[1];
  next?.observer?.sessionReady();
  resolve("found");
  await settle();
  assertEquals([session.closed, next?.functionResults.at(-1), next?.requests.length], [
    false,
    { callId: "slow", output: '"found"' },
    2,
  ]);
  assertMatch(next?.known.join("\n") ?? "", /You called the function "slow"/);
  assertEquals(call.sent("clear").length, 0);
  next?.observer?.assistantAudio("hola", testAudio(500));
  next?.observer?.responseDone(response());
  call.play(2_000);
  rig.clock.advance(5_000);
  assertMatch(next?.requests[2]?.instructions ?? "", /still there/);
});

Deno.test("Speech from before a language switch does not interrupt the new session", () => {
  const call = connect({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [switchLanguage(phone, ["es"])],
    protectedMs: 500,
  });
  const { rig } = call;
  call.session.observer?.callerSpeechStarted();
  call.callFunction("switch_language", { language: "es", summary: "A table" });
  const next = rig.sessions[1];
  next?.observer?.sessionReady();
  next?.observer?.assistantAudio("hola", testAudio(2_000));
  call.play(1_000);
  assertEquals([next?.interruptions, call.sent("clear").length], [[], 0]);
});

Deno.test("Key after a language switch answers no approval request of the old session", () => {
  const call = connect({
    tools: (phone) => [switchLanguage(phone, ["es"])],
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    approvals: new Map([["cal", ["book"]]]),
    ...MENU,
  });
  const { rig } = call;
  call.session.observer?.approvalRequested({ id: "a1", server: "cal", name: "book", arguments: "{}" });
  call.session.requests.at(-1)?.onDone?.(response());
  call.callFunction("switch_language", { language: "es", summary: "s" });
  const second = rig.sessions[1];
  second?.observer?.sessionReady();
  call.press("0");
  assertEquals({ approvals: second?.approvalsSent, to: rig.calls.destination("CA1")?.name }, {
    approvals: [],
    to: "sales",
  });
});

Deno.test("Session after a language switch keeps the summary beyond its first response", () => {
  const call = connect({
    tools: (phone) => [switchLanguage(phone, ["es"])],
    languages: new Map([["es", PLAIN_ASSISTANT]]),
  });
  const { rig } = call;
  call.callFunction("switch_language", { language: "es", summary: "order 4711 is late" });
  const second = rig.sessions[1];
  second?.observer?.sessionReady();
  assertMatch([...second?.known ?? [], second?.options?.instructions].join(), /4711/);
});

Deno.test("Turn from before a language switch or a transfer is not sent to the next session", () => {
  const { rig, callFunction, frame, press } = connect({
    ...MENU,
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [switchLanguage(phone, ["es"])],
  });
  const turn = (value: number) => {
    rig.session.observer?.callerSpeechStarted();
    frame(value);
    rig.session.observer?.callerSpeechStopped();
  };
  turn(1);
  callFunction("switch_language", { language: "es", summary: "A table" });
  assertEquals(rig.sessions.length, 2);
  rig.session.observer?.sessionReady();
  turn(2);
  press("0");
  rig.dropSession();
  rig.comeBack();
  rig.session.observer?.sessionReady();
  assertEquals(rig.sessions.map(({ firstBytes }) => firstBytes), [[1], [2], []]);
});
