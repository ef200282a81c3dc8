import { assertEquals, assertRejects } from "@std/assert";
import type { JsonObject } from "../../src/json.ts";
import { type CallerMessage, takeMessage } from "../../src/tools/message_tool.ts";
import { ToolError } from "../../src/tools/tool.ts";

const GIVEN = { name: " Zoë ", number: "555 0100", message: "Please call back" };

async function take(
  args: JsonObject,
  keep: (message: CallerMessage) => Promise<void> | void,
): Promise<unknown> {
  return await takeMessage(keep).run(args, new AbortController().signal);
}

Deno.test("take_message reports success only after the message is saved", async () => {
  const saved: CallerMessage[] = [];
  assertEquals(await take(GIVEN, (message) => void saved.push(message)), { saved: true });
  assertEquals(await take({ ...GIVEN, urgent: true }, (message) => void saved.push(message)), {
    saved: true,
  });
  const message = { ...GIVEN, name: "Zoë", urgent: false };
  assertEquals(saved, [message, { ...message, urgent: true }]);
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
  const saved: CallerMessage[] = [];
  for (const args of wrong) {
    await assertRejects(() => take(args, (message) => void saved.push(message)), ToolError, "are invalid");
  }
  assertEquals(saved, []);
});

Deno.test("take_message has an optional urgent parameter", () => {
  const { required } = takeMessage(() => {}).declaration.parameters;
  assertEquals(required, ["name", "number", "message"]);
});
