import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHmac } from "node:crypto";
import { ATTEMPT_MS, PostBox, Receiver, SECRET, STOP_MS } from "./post_box.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DATA = { callSid: `CA${"1".repeat(32)}`, caller: "Zoë" };

/** Answers at once with this status, without any network. */
function answering(...statuses: number[]) {
  let next = 0;
  return () => Promise.resolve(new Response("no", { status: statuses[next++] ?? statuses.at(-1) ?? 500 }));
}

Deno.test("a webhook is delivered, signed for its id and its time, and forgotten", async () => {
  await using box = new PostBox();
  await using receiver = new Receiver(box.bell);
  const outbox = box.open();
  assert(await outbox.put(receiver.url, "call.ended", DATA));
  const [{ headers, body, id }] = [await box.bell.until("the webhook", () => receiver.received[0])];
  await outbox.stop();

  assertEquals(JSON.parse(body), { type: "call.ended", timestamp: "2026-01-01T00:00:01.000Z", data: DATA });
  assertEquals(headers.get("content-type"), "application/json");
  assertEquals(headers.get("webhook-timestamp"), "1767225601");
  const signed = createHmac("sha256", "of-the-secret").update(`${id}.1767225601.${body}`).digest("base64");
  assertEquals(headers.get("webhook-signature"), `v1,${signed}`);
  assertEquals(box.files(), { waiting: [], failed: [] });
  assertEquals([outbox.waiting, outbox.failed, outbox.dropped], [0, 0, 0]);
  assertEquals(box.clock.pending, 0);
});

Deno.test("what was not delivered waits on the disk, and the next start delivers it: the same bytes, the same id", async () => {
  await using box = new PostBox();
  await using receiver = new Receiver(box.bell);
  receiver.answer = () => new Response("not now", { status: 503 });
  const first = box.open();
  await first.put(receiver.url, "call.ended", DATA);
  await box.paused(1);
  assertEquals(box.clock.pending, 1);
  await first.stop();
  assertEquals(box.clock.pending, 0);
  const [name = ""] = box.files().waiting;
  const { mode } = Deno.statSync(`${box.folder}/${name}`);
  assertEquals((mode ?? 0) & 0o777, 0o600);
  assertEquals((Deno.statSync(box.folder).mode ?? 0) & 0o777, 0o700);

  receiver.answer = () => new Response("thanks");
  const second = box.open();
  await box.paused(2);
  assertEquals(second.waiting, 1);
  assertEquals(receiver.received.length, 1);
  box.clock.advance(5_000);
  const again = await box.bell.until("the repetition", () => receiver.received[1]);
  await second.stop();
  assertEquals(again.body, receiver.received[0]?.body);
  assertEquals(`${again.id}.json`, name);
  assertEquals(again.headers.get("webhook-timestamp"), "1767225606");
  assertEquals(box.files(), { waiting: [], failed: [] });
});

Deno.test("the pauses grow to three hours, and after three days of these it is given up", async () => {
  await using box = new PostBox();
  const outbox = box.open({ fetch: answering(500) });
  await outbox.put("https://crm.example.com/", "call.ended", DATA);
  for (let attempt = 1; attempt < 30; attempt++) {
    await box.paused(attempt);
    box.clock.advance((box.pauses.at(-1) ?? 0) - 1);
    assertEquals(outbox.waiting, 1);
    assertEquals(box.pauses.length, attempt);
    box.clock.advance(1);
  }
  await box.logs("webhook given up");
  await outbox.stop();
  const later = Array.from({ length: 24 }, () => 3 * HOUR);
  assertEquals(box.pauses, [5_000, 30_000, 2 * MINUTE, 10 * MINUTE, HOUR, ...later]);
  assertEquals([outbox.waiting, outbox.failed], [0, 1]);
  const { waiting, failed } = box.files();
  assertEquals([waiting.length, failed.length], [0, 1]);
});

Deno.test("a receiver that is gone for good, 410, is asked once", async () => {
  await using box = new PostBox();
  const outbox = box.open({ fetch: answering(410) });
  await outbox.put("https://crm.example.com/", "call.ended", DATA);
  await box.logs("webhook given up");
  await outbox.stop();
  assertEquals(box.files().failed.length, 1);
  assertEquals(outbox.failed, 1);
  assertEquals(box.open().waiting, 0);
});

Deno.test("only 2xx is a delivery; a redirect is not followed", async () => {
  await using box = new PostBox();
  await using elsewhere = new Receiver(box.bell);
  await using receiver = new Receiver(box.bell);
  const outbox = box.open();
  for (const [index, status] of [302, 307, 400, 404, 429, 500].entries()) {
    receiver.answer = () => new Response(null, { status, headers: { location: elsewhere.url } });
    await outbox.put(receiver.url, "call.ended", { status });
    await box.logs("webhook not delivered", index + 1);
  }
  await outbox.stop();
  assertEquals(box.files().waiting.length, 6);
  assertEquals(elsewhere.received, []);
});

Deno.test("one that does not answer is given up after 15 s, and tried again", async () => {
  await using box = new PostBox();
  await using receiver = new Receiver(box.bell);
  const held = Promise.withResolvers<Response>();
  receiver.answer = () => held.promise;
  const outbox = box.open();
  await outbox.put(receiver.url, "call.ended", DATA);
  await box.bell.until("the webhook", () => receiver.received[0]);
  box.clock.advance(ATTEMPT_MS - 1);
  assertEquals(box.events, []);
  box.clock.advance(1);
  await box.logs("webhook not delivered");
  assertStringIncludes(box.logged[0] ?? "", "no answer within 15 s");
  held.resolve(new Response());
  await outbox.stop();
});

Deno.test("four are under way at most, and all arrive", async () => {
  await using box = new PostBox();
  await using receiver = new Receiver(box.bell);
  let underWay = 0;
  let most = 0;
  const held: (() => void)[] = [];
  receiver.answer = async () => {
    most = Math.max(most, ++underWay);
    await new Promise<void>((resolve) => held.push(resolve));
    underWay--;
    return new Response();
  };
  const outbox = box.open();
  const ids = Array.from({ length: 20 }, (_, id) => id);
  await Promise.all(ids.map((id) => outbox.put(receiver.url, "call.ended", { id })));
  assertEquals(outbox.waiting, 20);
  for (let arrived = 1; arrived <= 20; arrived++) {
    await box.bell.until(`webhook ${arrived}`, () => receiver.received.length >= Math.min(20, arrived + 3));
    held.shift()?.();
  }
  await outbox.stop();
  assertEquals(most, 4);
  const arrived = receiver.received.map(({ body }) => JSON.parse(body).data.id).sort((a, b) => a - b);
  assertEquals(arrived, ids);
  assertEquals(box.files().waiting, []);
});

Deno.test("where there are too many files the oldest failed makes room, then the oldest that waits", async () => {
  await using box = new PostBox();
  const outbox = box.open({ fetch: answering(410, 410, 500), maxFiles: 3 });
  const put = async (id: number) => {
    await outbox.put("https://crm.example.com/", "call.ended", { id });
    box.clock.advance(1);
  };
  await put(1);
  await put(2);
  await box.logs("webhook given up", 2);
  await put(3);
  await box.logs("webhook not delivered", 1);
  assertEquals([outbox.waiting, outbox.failed, outbox.dropped], [1, 2, 0]);
  const [, newer] = box.files().failed;
  await put(4);
  await box.logs("webhook not delivered", 2);
  assertEquals(box.files().failed, [newer]);
  for (let id = 5; id <= 6; id++) {
    await put(id);
    await box.logs("webhook not delivered", id - 2);
  }
  await outbox.stop();
  assertEquals([outbox.waiting, outbox.failed, outbox.dropped], [3, 0, 3]);
  const { waiting, failed } = box.files();
  const kept = waiting.map((name) =>
    JSON.parse(JSON.parse(Deno.readTextFileSync(`${box.folder}/${name}`)).body)
  );
  assertEquals(kept.map(({ data }) => data.id), [4, 5, 6]);
  assertEquals(failed, []);
});

Deno.test("what is broken is set aside, what was half written is swept away, what is not ours stays", async () => {
  await using box = new PostBox();
  const sound = { id: "msg_1", url: "https://crm.example.com/", body: "{}", attempts: 0, dueAt: 0 };
  Deno.mkdirSync(`${box.folder}/failed`, { recursive: true });
  const files: Record<string, string> = {
    "msg_1.json": JSON.stringify(sound),
    "msg_2.json": JSON.stringify(sound),
    "msg_3.json": "",
    "msg_4.json": '{"id":"msg_4"',
    "msg_5.json": JSON.stringify({ ...sound, id: "msg_5", attempts: "0" }),
    "msg_6.json": JSON.stringify({ ...sound, id: "msg_6", url: "nowhere" }),
    "msg_7.json": JSON.stringify({ ...sound, id: "msg_7", dueAt: null }),
    "msg_8.tmp": '{"id":"msg_8"',
    "readme.txt": "not ours",
    "failed/msg_0.json": "whatever",
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(`${box.folder}/${name}`, text);
  const asked: string[] = [];
  const outbox = box.open({
    fetch: (_, { headers }) => {
      asked.push(new Headers(headers).get("webhook-id") ?? "");
      box.bell.ring();
      return Promise.resolve(new Response());
    },
  });
  await box.bell.until("the sound one", () => asked.length > 0);
  await outbox.stop();
  assertEquals(asked, ["msg_1"]);
  const failed = ["msg_0", "msg_2", "msg_3", "msg_4", "msg_5", "msg_6", "msg_7"].map((id) => `${id}.json`);
  assertEquals(box.files(), { waiting: ["readme.txt"], failed });
  assertEquals(outbox.failed, 7);
});

Deno.test("a file that broke while it waited is set aside too", async () => {
  await using box = new PostBox();
  const outbox = box.open({ fetch: answering(500) });
  await outbox.put("https://crm.example.com/", "call.ended", DATA);
  await box.paused(1);
  Deno.writeTextFileSync(`${box.folder}/${box.files().waiting[0]}`, "nonsense");
  box.clock.advance(5_000);
  await box.logs("webhook broken");
  await outbox.stop();
  assertEquals([outbox.waiting, outbox.failed], [0, 1]);
  assertEquals(box.files().failed.length, 1);
});

Deno.test("a stop waits two seconds for what is under way, cuts it, and counts it as no attempt", async () => {
  await using box = new PostBox();
  await using receiver = new Receiver(box.bell);
  const held = Promise.withResolvers<Response>();
  receiver.answer = () => held.promise;
  const outbox = box.open();
  await outbox.put(receiver.url, "call.ended", DATA);
  await box.bell.until("the webhook", () => receiver.received[0]);
  const stopped = outbox.stop();
  await box.bell.until("the wait of the stop", () => box.clock.waits.includes(STOP_MS));
  box.clock.advance(STOP_MS);
  await stopped;
  assertEquals(box.clock.pending, 0);
  assertEquals(box.events, []);
  held.resolve(new Response());

  receiver.answer = () => new Response();
  const next = box.open();
  await box.bell.until("the repetition", () => receiver.received[1]);
  await next.stop();
  assertEquals(box.files().waiting, []);
});

Deno.test("what comes after the stop is kept for the next start", async () => {
  await using box = new PostBox();
  const asked: string[] = [];
  const fetch = (url: string) => {
    asked.push(url);
    box.bell.ring();
    return Promise.resolve(new Response());
  };
  const outbox = box.open({ fetch });
  await outbox.stop();
  assert(await outbox.put("https://crm.example.com/", "call.ended", DATA));
  await outbox.stop();
  assertEquals([asked, box.clock.pending], [[], 0]);
  assertEquals(box.files().waiting.length, 1);
  const next = box.open({ fetch });
  await box.bell.until("the delivery", () => asked.length === 1);
  await next.stop();
});

Deno.test("without a place on the disk a webhook is counted as lost, and the call goes on", async () => {
  await using box = new PostBox();
  Deno.writeTextFileSync(box.folder, "a file where the folder should be");
  const outbox = box.open();
  assertEquals(await outbox.put("https://crm.example.com/", "call.ended", DATA), false);
  assertEquals(outbox.dropped, 1);
  assertEquals(box.events, ["outbox not readable", "webhook not kept"]);
});

Deno.test("a machine's clock that was set back puts nothing off for years", async () => {
  await using box = new PostBox();
  Deno.mkdirSync(box.folder, { recursive: true });
  const item = { id: "msg_1", url: "https://crm.example.com/", body: "{}", attempts: 1, dueAt: 4e12 };
  Deno.writeTextFileSync(`${box.folder}/msg_1.json`, JSON.stringify(item));
  const outbox = box.open({ fetch: answering(200) });
  await box.paused(1);
  assertEquals(box.pauses, [3 * HOUR]);
  await outbox.stop();
});

Deno.test("neither the secret, nor the query of the address, nor the body is logged", async () => {
  await using box = new PostBox();
  const nobody = new Receiver(box.bell);
  await nobody[Symbol.asyncDispose]();
  const outbox = box.open();
  await outbox.put(nobody.url, "call.ended", DATA);
  await box.logs("webhook not delivered");
  await outbox.stop();
  const lines = box.logged.join("\n");
  assertStringIncludes(lines, new URL(nobody.url).host);
  for (const secret of ["of-the-query", SECRET, "of-the-secret", DATA.caller, DATA.callSid]) {
    assert(!lines.includes(secret), lines);
  }
});
