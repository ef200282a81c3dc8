import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  collectDigits,
  type MessagePlace,
  pauseRecording,
  resumeRecording,
  sendDigits,
  switchLanguage,
  takeMessage,
} from "../../src/tools/call_tools.ts";
import type { JsonObject } from "../../src/json.ts";
import type { CallMessage } from "../../src/records/call_record.ts";
import type { CallControl, CollectedDigits } from "../../src/tools/call_control.ts";
import { ToolError } from "../../src/tools/tool.ts";

/** A call control that records its calls. */
function fakeCall(collected: CollectedDigits = { digits: 4 }) {
  const actions: unknown[] = [];
  const call: CallControl = {
    hangUp: () => actions.push("hang up"),
    transfer: (name) => actions.push(name),
    sendDigits: (digits) => Promise.resolve(void actions.push(digits)),
    collectDigits: () => Promise.resolve(collected),
    addMessage: (message) => actions.push(message),
    switchLanguage: (...args) => actions.push(args),
    setRecording: (on) => actions.push(on ? "resume" : "pause"),
  };
  return { call, actions };
}
const signal = new AbortController().signal;
const PIN = [{ name: "pin", digits: 4 }];

Deno.test("collect_digits reports only whether the secret is complete", async () => {
  const collect = (collected: CollectedDigits) =>
    Promise.resolve(collectDigits(fakeCall(collected).call, PIN).run({ name: "pin" }, signal));
  assertEquals(await collect({ digits: 4 }), { entered: true });
  await assertRejects(() => collect({ digits: 3 }), ToolError, "3 digits instead of 4");
  await assertRejects(() => collect({ failed: "timeout" }), ToolError, "did not enter anything in time");
  await assertRejects(() => collect({ failed: "cancelled" }), ToolError, "did not finish");
});

Deno.test("collect_digits and send_digits have timeouts long enough for their longest input", () => {
  const { call } = fakeCall();
  // The caller has 30 s for each digit and 60 s in total; 40 keys with pauses take 40 × 500 ms.
  assertEquals(collectDigits(call, PIN).timeoutMs >= 60_000, true);
  assertEquals(sendDigits(call).timeoutMs >= 40 * 500, true);
});

Deno.test("pause_recording and resume_recording set the recording and request a response", () => {
  const { call, actions } = fakeCall();
  for (const tool of [pauseRecording(call), resumeRecording(call)]) {
    tool.run({}, signal);
    assertEquals(tool.skipResponse ?? false, false);
  }
  assertEquals(actions, ["pause", "resume"]);
});

Deno.test("send_digits rejects anything but keys", async () => {
  const { call, actions } = fakeCall();
  const send = sendDigits(call);
  for (const digits of ["", "1;2", "+49", "1\n", "1".repeat(41)]) {
    assertThrows(() => send.run({ digits }, signal), ToolError, "at most 40");
  }
  await send.run({ digits: "12*#w" }, signal);
  assertEquals(actions, ["12*#w"]);
});

Deno.test("switch_language rejects unknown languages and summaries that are too long", async () => {
  const { call, actions } = fakeCall();
  const change = switchLanguage(call, ["es"]);
  assertThrows(() => change.run({ language: "fr", summary: "" }, signal), ToolError, "language");
  assertThrows(
    () => change.run({ language: "es", summary: "x".repeat(2_001) }, signal),
    ToolError,
    "summary",
  );
  await change.run({ language: "es", summary: "A table" }, signal);
  assertEquals(actions, [["es", "A table"]]);
});

const GIVEN = { name: " Zoë ", number: "555 0100", message: "Please call back" };
const MESSAGE = { kind: "message", ...GIVEN, name: "Zoë", urgent: false } as const;

/** Runs take_message. Returns what it adds to the call and what it saves. */
async function take(args: JsonObject, save: () => MessagePlace | Promise<never> = () => "disk") {
  const { call, actions } = fakeCall();
  const saved: CallMessage[] = [];
  const tool = takeMessage(call, async (message) => {
    const place = await save();
    saved.push(message);
    return place;
  });
  const result = await tool.run(args, signal);
  return { result, actions, saved };
}

Deno.test("take_message reports success only after the message is saved", async () => {
  const result = { saved: true };
  assertEquals(await take(GIVEN), { result, actions: [MESSAGE], saved: [MESSAGE] });
  assertEquals((await take({ ...GIVEN, urgent: true })).saved, [{ ...MESSAGE, urgent: true }]);
  const note = "The message could not be written to disk: it is in memory, and is delivered from there.";
  assertEquals((await take(GIVEN, () => "memory")).result, { ...result, note });
  await assertRejects(() => take(GIVEN, () => Promise.reject(new Error("disk full"))), Error, "disk full");
});

Deno.test("take_message rejects incomplete and long messages", async () => {
  const wrong: JsonObject[] = [
    {},
    { ...GIVEN, name: "  " },
    { ...GIVEN, number: undefined },
    { ...GIVEN, message: "" },
    { ...GIVEN, message: "x".repeat(4_001) },
    { ...GIVEN, name: "x".repeat(201) },
    { ...GIVEN, number: "5".repeat(51) },
    { ...GIVEN, urgent: "yes" },
  ];
  for (const args of wrong) await assertRejects(() => take(args), ToolError, "are invalid");
});

Deno.test("take_message has an optional urgent parameter", () => {
  const { required } = takeMessage(fakeCall().call, () => "disk").declaration.parameters;
  assertEquals(required, ["name", "number", "message"]);
});
