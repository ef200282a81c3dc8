import { assert, assertEquals } from "@std/assert";
import { readRequestInput, UnverifiedBodies } from "../../src/http/request_input.ts";
import { FakeClock } from "../support/fake_clock.ts";

const FORM = "application/x-www-form-urlencoded";

function post(body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request("http://x/?from=query", {
    method: "POST",
    headers: { "content-type": FORM, ...headers },
    body,
  });
}

async function read(body: string, type = FORM) {
  const clock = new FakeClock();
  const input = await readRequestInput(post(body, { "content-type": type }), { clock });
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
  assertEquals([await readRequestInput(post(body), { clock: new FakeClock() }), cancelled], [
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
  return {
    request: post(body),
    cancelled: cancelled.promise,
    arrive(text: string) {
      controller?.enqueue(new TextEncoder().encode(text));
      controller?.close();
    },
  };
}

Deno.test("readRequestInput() accepts 16 KiB within 3 s before the sender is known", async () => {
  const clock = new FakeClock();
  const bodies = new UnverifiedBodies();
  const unverified = { bodies, address: "203.0.113.9" };
  const longest = `a=${"x".repeat(16_382)}`;
  const input = await readRequestInput(post(longest), { clock, unverified });
  assert(typeof input !== "string");
  assertEquals(await readRequestInput(post(`${longest}x`), { clock, unverified }), "body too large");

  const slow = slowPost();
  const reading = readRequestInput(slow.request, { clock, unverified });
  clock.advance(2_999);
  assertEquals(bodies.count, 1);
  clock.advance(1);
  assertEquals([await reading, bodies.count, clock.pending], ["body too slow", 0, 0]);
});

Deno.test("readRequestInput() rejects a body by its Content-Length without reading it", async () => {
  let pulled = false;
  const body = new ReadableStream({
    pull: () => void (pulled = true),
  }, { highWaterMark: 0 });
  const request = post(body, { "content-length": "16385" });
  const options = {
    clock: new FakeClock(),
    unverified: { bodies: new UnverifiedBodies(), address: "203.0.113.9" },
  };
  assertEquals([await readRequestInput(request, options), pulled], ["body too large", false]);
});

Deno.test("readRequestInput() rejects forms and queries of more than 200 parameters", async () => {
  const options = {
    clock: new FakeClock(),
    unverified: { bodies: new UnverifiedBodies(), address: "203.0.113.9" },
  };
  const names = (count: number) => Array.from({ length: count }, (_, n) => `${n}=`).join("&");
  for (const [count, refused] of [[200, false], [201, true]] as const) {
    for (const request of [post(names(count)), new Request(`http://x/?${names(count)}`)]) {
      const input = await readRequestInput(request, options);
      assertEquals(input === "too many parameters", refused, `${request.method} ${count}`);
    }
  }
});

Deno.test("UnverifiedBodies drops the oldest body of the network with the most bodies when a 513th arrives", async () => {
  const clock = new FakeClock();
  const bodies = new UnverifiedBodies();
  const open = (address: string) => {
    const post = slowPost();
    const input = readRequestInput(post.request, { clock, unverified: { bodies, address } });
    return { ...post, input };
  };
  const twilio = open("54.172.60.0");
  const neighbour = open("203.0.113.9");
  const strangers = Array.from({ length: 510 }, (_, n) => open(`2001:db8:0:1::${n.toString(16)}`));
  assertEquals(bodies.count, 512);
  const newest = open("2001:db8:0:1::ffff");
  assertEquals([await strangers[0]?.input, bodies.count], ["too many bodies", 512]);
  await strangers[0]?.cancelled;
  const other = open("54.172.60.0");
  assertEquals([await strangers[1]?.input, bodies.count], ["too many bodies", 512]);
  for (const { arrive, input } of [twilio, other, neighbour, newest]) {
    arrive("CallSid=CA1");
    const read = await input;
    assert(typeof read !== "string");
    assertEquals(read.parameters.get("CallSid"), "CA1");
  }
  clock.advance(3_000);
  const rest = await Promise.all(strangers.slice(2).map(({ input }) => input));
  assertEquals([...new Set(rest)], ["body too slow"]);
  assertEquals([bodies.count, clock.pending], [0, 0]);
});

Deno.test("UnverifiedBodies drops the oldest body when every network has one", async () => {
  const clock = new FakeClock();
  const bodies = new UnverifiedBodies();
  const inputs = Array.from({ length: 513 }, (_, n) => {
    const unverified = { bodies, address: `10.0.${n >> 8}.${n & 255}` };
    return readRequestInput(slowPost().request, { clock, unverified });
  });
  assertEquals([await inputs[0], bodies.count], ["too many bodies", 512]);
  clock.advance(3_000);
  await Promise.all(inputs);
});
