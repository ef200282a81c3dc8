import { assert, assertEquals } from "@std/assert";
import { readRequestInput, UnverifiedBodies } from "../../src/http/request_input.ts";
import { FakeClock } from "../support/fake_clock.ts";

const FORM = "application/x-www-form-urlencoded";

async function read(body: string, type = FORM) {
  const clock = new FakeClock();
  const request = new Request("http://x/?from=query", {
    method: "POST",
    headers: { "content-type": type },
    body,
  });
  const input = await readRequestInput(request, { clock });
  assertEquals(clock.pending, 0);
  return input;
}

Deno.test("readRequestInput() reads a form of up to 64 KiB", async () => {
  const longest = `a=${"x".repeat(65_534)}`;
  const input = await read(longest);
  assert(typeof input !== "string");
  assertEquals(input.parameters.get("a")?.length, 65_534);
  assertEquals(await read(`${longest}x`), "body too large");
});

Deno.test("readRequestInput() recognizes a form by its content type in any spelling", async () => {
  for (const type of [FORM, `${FORM}; charset=UTF-8`, FORM.toUpperCase()]) {
    const input = await read("a=1", type);
    assert(typeof input !== "string");
    assertEquals([input.parameters.get("a"), input.body], ["1", undefined], type);
  }
  const json = await read("{}", "application/json");
  assert(typeof json !== "string");
  assertEquals([json.parameters.get("from"), json.body?.length], ["query", 2]);
});

Deno.test("readRequestInput() stops reading a body that is too long", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_537)),
    cancel: () => {
      cancelled = true;
    },
  });
  const request = new Request("http://x/", { method: "POST", headers: { "content-type": FORM }, body });
  assertEquals([await readRequestInput(request, { clock: new FakeClock() }), cancelled], [
    "body too large",
    true,
  ]);
});

/** A POST. `arrive` sends its body; `cancelled` reports that its connection was closed. */
function slowPost() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (it) => void (controller = it),
    cancel: () => cancelled.resolve(),
  });
  const request = new Request("http://x/", { method: "POST", headers: { "content-type": FORM }, body });
  return {
    request,
    cancelled: cancelled.promise,
    arrive(text: string) {
      controller?.enqueue(new TextEncoder().encode(text));
      controller?.close();
    },
  };
}

Deno.test("readRequestInput() accepts 16 KiB within 3 s before the sender is known", async () => {
  const clock = new FakeClock();
  const unverified = new UnverifiedBodies();
  const post = (body: string) =>
    new Request("http://x/", { method: "POST", headers: { "content-type": FORM }, body });
  const longest = `a=${"x".repeat(16_382)}`;
  const input = await readRequestInput(post(longest), { clock, unverified });
  assert(typeof input !== "string");
  assertEquals(await readRequestInput(post(`${longest}x`), { clock, unverified }), "body too large");

  const slow = slowPost();
  const reading = readRequestInput(slow.request, { clock, unverified });
  clock.advance(2_999);
  assertEquals(unverified.count, 1);
  clock.advance(1);
  assertEquals([await reading, unverified.count, clock.pending], ["body too slow", 0, 0]);
});

Deno.test("readRequestInput() rejects a body by its Content-Length without reading it", async () => {
  let pulled = false;
  const body = new ReadableStream({
    pull: () => void (pulled = true),
  }, { highWaterMark: 0 });
  const headers = { "content-type": FORM, "content-length": "16385" };
  const request = new Request("http://x/", { method: "POST", headers, body });
  const options = { clock: new FakeClock(), unverified: new UnverifiedBodies() };
  assertEquals([await readRequestInput(request, options), pulled], ["body too large", false]);
});

Deno.test("readRequestInput() rejects forms and queries of more than 200 parameters", async () => {
  const options = { clock: new FakeClock(), unverified: new UnverifiedBodies() };
  const names = (count: number) => Array.from({ length: count }, (_, n) => `${n}=`).join("&");
  const post = (body: string) =>
    new Request("http://x/", { method: "POST", headers: { "content-type": FORM }, body });
  for (const [count, refused] of [[200, false], [201, true]] as const) {
    for (const request of [post(names(count)), new Request(`http://x/?${names(count)}`)]) {
      const input = await readRequestInput(request, options);
      assertEquals(input === "too many parameters", refused, `${request.method} ${count}`);
    }
  }
});

Deno.test("UnverifiedBodies gives up the oldest body when a 513th arrives", async () => {
  const clock = new FakeClock();
  const unverified = new UnverifiedBodies();
  const slow = Array.from({ length: 512 }, slowPost);
  const reading = slow.map(({ request }) => readRequestInput(request, { clock, unverified }));
  assertEquals(unverified.count, 512);

  const twilio = slowPost();
  const input = readRequestInput(twilio.request, { clock, unverified });
  assertEquals([await reading[0], unverified.count], ["too many bodies", 512]);
  await slow[0]?.cancelled;
  twilio.arrive("CallSid=CA1");
  const read = await input;
  assert(typeof read !== "string");
  assertEquals(read.parameters.get("CallSid"), "CA1");
  clock.advance(3_000);
  assertEquals([...new Set(await Promise.all(reading.slice(1)))], ["body too slow"]);
  assertEquals([unverified.count, clock.pending], [0, 0]);
});
