import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { endCall, transferCall } from "../../src/tools/call_tools.ts";
import { field } from "../support/field.ts";
import { connect, SALES, testAudio } from "../support/call_rig.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

type RigCall = ReturnType<typeof connect>;

/** Audio sent to Twilio (ms). */
function sentMs({ sent }: RigCall): number {
  const payloads = sent("media").map((media) =>
    Uint8Array.fromBase64(String(field(media, "media", "payload")))
  );
  return payloads.reduce((sum, { length }) => sum + length, 0) / 8;
}

Deno.test("Voicemail message of 60 s is heard to its end", () => {
  const call = connect({ voicemail: { leave: "Call us back." } });
  const { rig } = call;
  rig.calls.reportAnsweredBy("CA1", "machine_end_beep");
  rig.clock.advance(1_000);
  const request = call.session.requests.at(-1);
  call.observer?.assistantAudio("message", testAudio(60_000));
  call.observer?.responseDone(response());
  request?.onDone?.(response());
  call.play(59_500);
  assertEquals(rig.summary("CA1"), undefined);
  call.play(1_000);
  assertEquals([sentMs(call), rig.summary("CA1")?.end_reason], [60_000, "answering machine"]);
});

Deno.test("Answering machine hears no apology", async (t) => {
  const cases: [name: string, end: (call: RigCall) => void][] = [
    ["message that is never spoken", ({ rig }) => rig.clock.advance(16_000)],
    ["session lost during the message", ({ rig }) => rig.dropSession()],
    ["shutdown during the message", ({ rig }) => rig.calls.endAll("shutdown")],
    [
      "message without audio",
      (call) => call.session.requests.at(-1)?.onDone?.(response({ hasAudio: false })),
    ],
  ];
  for (const [name, end] of cases) {
    await t.step(name, () => {
      const call = connect({ voicemail: { leave: "Call us back." } });
      const { rig } = call;
      rig.calls.reportAnsweredBy("CA1", "machine_end_beep");
      rig.clock.advance(1_000);
      end(call);
      assertEquals(rig.calls.afterStreamRequested("CA1")?.callerInformed, true);
    });
  }
  await t.step("model failure while the machine greets", () => {
    const { rig, observer } = connect({ voicemail: { leave: "Call us back." } });
    rig.calls.reportAnsweredBy("CA1", "machine_start");
    observer?.sessionFailed({ code: "insufficient_quota", message: "" });
    assertEquals(rig.calls.afterStreamRequested("CA1"), { reason: "model failed", callerInformed: true });
  });
});

Deno.test("Last words of 25 s before end_call or transfer_call are heard to their end", async (t) => {
  for (const name of ["end_call", "transfer_call"]) {
    await t.step(name, async () => {
      const call = connect({
        tools: (phone) => [endCall(phone), transferCall(phone, [SALES])],
        destinations: [SALES],
      });
      const { rig } = call;
      call.observer?.assistantAudio("bye", testAudio(25_000));
      call.callFunction(name, name === "end_call" ? {} : { destination: "sales" });
      call.observer?.responseDone(response());
      await settle();
      call.play(24_500);
      assertEquals([rig.summary("CA1"), rig.calls.destination("CA1")], [undefined, undefined]);
      call.play(1_000);
      assertEquals(sentMs(call), 25_000);
      if (name === "end_call") assertEquals(rig.summary("CA1")?.end_reason, "assistant hung up");
      else assertEquals(rig.calls.destination("CA1")?.name, "sales");
    });
  }
});

Deno.test("Hang-up waits 2 s at most for marks that never return", async () => {
  const call = connect({ tools: (phone) => [endCall(phone)] });
  const { rig } = call;
  call.observer?.assistantAudio("bye", testAudio(1_500));
  call.callFunction("end_call");
  call.observer?.responseDone(response());
  await settle();
  rig.clock.advance(3_400);
  assertEquals(rig.summary("CA1"), undefined);
  rig.clock.advance(200);
  assertEquals(rig.summary("CA1")?.end_reason, "assistant hung up");
});

Deno.test("end_call is cancelled when the caller already speaks", async (t) => {
  for (const hasAudio of [true, false]) {
    await t.step(hasAudio ? "with last words" : "without last words", async () => {
      const call = connect({ tools: (phone) => [endCall(phone)] });
      const { rig } = call;
      call.observer?.assistantAudio("bye", testAudio(1_000));
      rig.clock.advance(200);
      call.observer?.callerSpeechStarted({ itemId: "u", audioMs: 100 });
      call.callFunction("end_call");
      call.observer?.responseDone(response({ hasAudio }));
      await settle();
      rig.clock.advance(20_000);
      assertEquals(rig.summary("CA1"), undefined);
      assertStringIncludes(call.session.notes.join(), "cancelled");
    });
  }
});

Deno.test("Silence prompt does not wait for a mark that never returns", () => {
  const { rig, observer, session } = connect({ silence: { afterMs: 5_000, prompts: 1 } });
  observer?.assistantAudio("a", testAudio(1_000));
  observer?.responseDone(response());
  rig.clock.advance(1_000 + 2_000 + 5_100);
  assert(session.requests.some(({ instructions = "" }) => instructions.includes("still there")));
});
