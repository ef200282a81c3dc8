import { assert, assertEquals } from "@std/assert";
import { readWebhook } from "../../../src/http/twilio/webhook_input.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const FORM = "application/x-www-form-urlencoded";

async function read(body: string, type = FORM) {
  const clock = new FakeClock();
  const request = new Request("http://x/?from=query", {
    method: "POST",
    headers: { "content-type": type },
    body,
  });
  const input = await readWebhook(request, clock);
  assertEquals(clock.pending, 0);
  return input;
}

Deno.test("readWebhook() reads a form of up to 64 KiB", async () => {
  const longest = `a=${"x".repeat(65_534)}`;
  const input = await read(longest);
  assert(typeof input !== "string");
  assertEquals(input.parameters.get("a")?.length, 65_534);
  assertEquals(await read(`${longest}x`), "body too large");
});

Deno.test("readWebhook() knows a form by its type, however that is written", async () => {
  for (const type of [FORM, `${FORM}; charset=UTF-8`, FORM.toUpperCase()]) {
    const input = await read("a=1", type);
    assert(typeof input !== "string");
    assertEquals([input.parameters.get("a"), input.body], ["1", undefined], type);
  }
  const json = await read("{}", "application/json");
  assert(typeof json !== "string");
  assertEquals([json.parameters.get("from"), json.body?.length], ["query", 2]);
});

Deno.test("readWebhook() reads no further once a body is too long", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_537)),
    cancel: () => {
      cancelled = true;
    },
  });
  const request = new Request("http://x/", { method: "POST", headers: { "content-type": FORM }, body });
  assertEquals([await readWebhook(request, new FakeClock()), cancelled], ["body too large", true]);
});
