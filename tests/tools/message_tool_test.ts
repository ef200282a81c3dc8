import { assertEquals, assertRejects } from "@std/assert";
import type { JsonObject } from "../../src/json.ts";
import { type Message, takeMessage } from "../../src/tools/message_tool.ts";
import { ToolError } from "../../src/tools/tool.ts";

const GIVEN = { name: " Zoë ", number: "555 0100", message: "Please call back" };

async function take(args: JsonObject, keep: (message: Message) => Promise<void> | void): Promise<unknown> {
  return await takeMessage(keep).run(args, new AbortController().signal);
}

Deno.test("a message is kept, and only then said to be", async () => {
  const kept: Message[] = [];
  assertEquals(await take(GIVEN, (message) => void kept.push(message)), { kept: true });
  assertEquals(await take({ ...GIVEN, urgent: true }, (message) => void kept.push(message)), { kept: true });
  const message = { ...GIVEN, name: "Zoë", urgent: false };
  assertEquals(kept, [message, { ...message, urgent: true }]);
  await assertRejects(() => take(GIVEN, () => Promise.reject(new Error("disk full"))), Error, "disk full");
});

Deno.test("a message without its parts, or too long, is not kept", async () => {
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
  const kept: Message[] = [];
  for (const args of wrong) {
    await assertRejects(() => take(args, (message) => void kept.push(message)), ToolError, "do not fit");
  }
  assertEquals(kept, []);
});

Deno.test("the model need not say whether it is urgent", () => {
  const { required } = takeMessage(() => {}).declaration.parameters;
  assertEquals(required, ["name", "number", "message"]);
});
