import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  collectDigits,
  pauseRecording,
  resumeRecording,
  sendDigits,
  switchLanguage,
} from "../../src/tools/call_tools.ts";
import type { CollectedDigits, Phone } from "../../src/tools/phone.ts";
import { ToolError } from "../../src/tools/tool.ts";

/** A telephone that keeps what it was told. */
function phone(collected: CollectedDigits = { digits: 4 }) {
  const done: unknown[] = [];
  const telephone: Phone = {
    hangUp: () => done.push("hang up"),
    transfer: (name) => done.push(name),
    sendDigits: (digits) => Promise.resolve(void done.push(digits)),
    collectDigits: () => Promise.resolve(collected),
    switchLanguage: (...how) => done.push(how),
    record: (on) => done.push(on ? "resume" : "pause"),
  };
  return { telephone, done };
}
const signal = new AbortController().signal;
const PIN = [{ name: "pin", digits: 4 }];

Deno.test("collect_digits tells whether all of a secret is there, and nothing of it", async () => {
  const collect = (collected: CollectedDigits) =>
    Promise.resolve(collectDigits(phone(collected).telephone, PIN).run({ name: "pin" }, signal));
  assertEquals(await collect({ digits: 4 }), { entered: true });
  await assertRejects(() => collect({ digits: 3 }), ToolError, "3 digits of 4");
  await assertRejects(() => collect({ failed: "timeout" }), ToolError, "nothing in time");
  await assertRejects(() => collect({ failed: "cancelled" }), ToolError, "did not finish");
});

Deno.test("what a caller needs time for, or is long to hear, has its time", () => {
  const { telephone } = phone();
  // A secret has 30 s for each digit and twice that in all; 40 keys with pauses are 40 × 500 ms.
  assertEquals(collectDigits(telephone, PIN).timeoutMs >= 60_000, true);
  assertEquals(sendDigits(telephone).timeoutMs >= 40 * 500, true);
});

Deno.test("pause_recording and resume_recording do so, and the model goes on to speak", () => {
  const { telephone, done } = phone();
  for (const tool of [pauseRecording(telephone), resumeRecording(telephone)]) {
    tool.run({}, signal);
    assertEquals(tool.quiet ?? false, false);
  }
  assertEquals(done, ["pause", "resume"]);
});

Deno.test("send_digits sends keys and nothing else", async () => {
  const { telephone, done } = phone();
  const send = sendDigits(telephone);
  for (const digits of ["", "1;2", "+49", "1\n", "1".repeat(41)]) {
    assertThrows(() => send.run({ digits }, signal), ToolError, "at most 40");
  }
  await send.run({ digits: "12*#w" }, signal);
  assertEquals(done, ["12*#w"]);
});

Deno.test("switch_language knows its languages, and takes no novel for a summary", async () => {
  const { telephone, done } = phone();
  const change = switchLanguage(telephone, ["es"]);
  assertThrows(() => change.run({ language: "fr", summary: "" }, signal), ToolError, "language");
  assertThrows(
    () => change.run({ language: "es", summary: "x".repeat(2_001) }, signal),
    ToolError,
    "summary",
  );
  await change.run({ language: "es", summary: "A table" }, signal);
  assertEquals(done, [["es", "A table"]]);
});
