import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHmac } from "node:crypto";
import { settle } from "../support/wait_until.ts";
import { NumberMatcher } from "../../src/records/number_matcher.ts";
import { WebhookFiles } from "../../src/webhooks/webhook_files.ts";
import { ATTEMPT_MS, QueueRig, Receiver, SECRET, STOP_MS } from "./queue_rig.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DATA = { callSid: `CA${"1".repeat(32)}`, caller: "Zoë" };

/** A `fetch` that responds with these statuses in turn, repeating the last. */
function respondingWith(...statuses: number[]) {
  let next = 0;
  return () => Promise.resolve(new Response("no", { status: statuses[next++] ?? statuses.at(-1) ?? 500 }));
}

Deno.test("WebhookQueue delivers a signed webhook and removes it", async () => {
  await using bench = new QueueRig();
  await using receiver = new Receiver(bench.changes);
  const queue = bench.open();
  assert(await queue.enqueue(receiver.url, "call.ended", DATA));
  const [{ headers, body, id }] = [await bench.changes.until("the webhook", () => receiver.received[0])];
  await queue.stop();

  assertEquals(JSON.parse(body), { type: "call.ended", timestamp: "2026-01-01T00:00:01.000Z", data: DATA });
  assertEquals(headers.get("content-type"), "application/json");
  assertEquals(headers.get("webhook-timestamp"), "1767225601");
  const signed = createHmac("sha256", "of-the-secret").update(`${id}.1767225601.${body}`).digest("base64");
  assertEquals(headers.get("webhook-signature"), `v1,${signed}`);
  assertEquals(bench.files(), { waiting: [], failed: [] });
  assertEquals([queue.counts.pending, queue.counts.failed, queue.counts.dropped], [0, 0, 0]);
  assertEquals(bench.clock.pending, 0);
});

Deno.test("WebhookQueue keeps an undelivered webhook on disk and delivers the same bytes and ID after a restart", async () => {
  await using bench = new QueueRig();
  await using receiver = new Receiver(bench.changes);
  receiver.respond = () => new Response("not now", { status: 503 });
  const first = bench.open();
  await first.enqueue(receiver.url, "call.ended", DATA);
  await bench.untilDelayed(1);
  assertEquals(bench.clock.pending, 1);
  await first.stop();
  assertEquals(bench.clock.pending, 0);
  const [name = ""] = bench.files().waiting;
  const { mode } = Deno.statSync(`${bench.folder}/${name}`);
  assertEquals((mode ?? 0) & 0o777, 0o600);
  assertEquals((Deno.statSync(bench.folder).mode ?? 0) & 0o777, 0o700);

  receiver.respond = () => new Response("thanks");
  const second = bench.open();
  await bench.untilDelayed(2);
  assertEquals(second.counts.pending, 1);
  assertEquals(receiver.received.length, 1);
  bench.clock.advance(5_000);
  const again = await bench.changes.until("the retry", () => receiver.received[1]);
  await second.stop();
  assertEquals(again.body, receiver.received[0]?.body);
  assertEquals(`${again.id}.json`, name);
  assertEquals(again.headers.get("webhook-timestamp"), "1767225606");
  assertEquals(bench.files(), { waiting: [], failed: [] });
});

Deno.test("WebhookQueue retries with delays up to 3 h and gives up after 3 days", async () => {
  await using bench = new QueueRig();
  const queue = bench.open({ fetch: respondingWith(500) });
  await queue.enqueue("https://crm.example.com/", "call.ended", DATA);
  for (let attempt = 1; attempt < 30; attempt++) {
    await bench.untilDelayed(attempt);
    bench.clock.advance((bench.delays.at(-1) ?? 0) - 1);
    assertEquals(queue.counts.pending, 1);
    assertEquals(bench.delays.length, attempt);
    bench.clock.advance(1);
  }
  await bench.untilLogged("webhook undeliverable");
  await queue.stop();
  const later = Array.from({ length: 24 }, () => 3 * HOUR);
  assertEquals(bench.delays, [5_000, 30_000, 2 * MINUTE, 10 * MINUTE, HOUR, ...later]);
  assertEquals([queue.counts.pending, queue.counts.failed], [0, 1]);
  const { waiting, failed } = bench.files();
  assertEquals([waiting.length, failed.length], [0, 1]);
});

Deno.test("WebhookQueue does not retry after 410", async () => {
  await using bench = new QueueRig();
  const queue = bench.open({ fetch: respondingWith(410) });
  await queue.enqueue("https://crm.example.com/", "call.ended", DATA);
  await bench.untilLogged("webhook undeliverable");
  await queue.stop();
  assertEquals(bench.files().failed.length, 1);
  assertEquals(queue.counts.failed, 1);
  assertEquals(bench.open().counts.pending, 0);
});

Deno.test("WebhookQueue retries after any status but 2xx and follows no redirect", async () => {
  await using bench = new QueueRig();
  await using elsewhere = new Receiver(bench.changes);
  await using receiver = new Receiver(bench.changes);
  const queue = bench.open();
  for (const [index, status] of [302, 307, 400, 404, 429, 500].entries()) {
    receiver.respond = () => new Response(null, { status, headers: { location: elsewhere.url } });
    await queue.enqueue(receiver.url, "call.ended", { status });
    await bench.untilLogged("webhook not delivered", index + 1);
  }
  await queue.stop();
  assertEquals(bench.files().waiting.length, 6);
  assertEquals(elsewhere.received, []);
});

Deno.test("WebhookQueue retries after 15 s without a response", async () => {
  await using bench = new QueueRig();
  await using receiver = new Receiver(bench.changes);
  const held = Promise.withResolvers<Response>();
  receiver.respond = () => held.promise;
  const queue = bench.open();
  await queue.enqueue(receiver.url, "call.ended", DATA);
  await bench.changes.until("the webhook", () => receiver.received[0]);
  bench.clock.advance(ATTEMPT_MS - 1);
  assertEquals(bench.events, []);
  bench.clock.advance(1);
  await bench.untilLogged("webhook not delivered");
  assertStringIncludes(bench.logged[0] ?? "", "no response within 15 s");
  held.resolve(new Response());
  await queue.stop();
});

Deno.test("WebhookQueue has at most four attempts in flight", async () => {
  await using bench = new QueueRig();
  await using receiver = new Receiver(bench.changes);
  let inFlight = 0;
  let maxInFlight = 0;
  const held: (() => void)[] = [];
  receiver.respond = async () => {
    maxInFlight = Math.max(maxInFlight, ++inFlight);
    await new Promise<void>((resolve) => held.push(resolve));
    inFlight--;
    return new Response();
  };
  const queue = bench.open();
  const ids = Array.from({ length: 20 }, (_, id) => id);
  await Promise.all(ids.map((id) => queue.enqueue(receiver.url, "call.ended", { id })));
  assertEquals(queue.counts.pending, 20);
  for (let arrived = 1; arrived <= 20; arrived++) {
    await bench.changes.until(
      `webhook ${arrived}`,
      () => receiver.received.length >= Math.min(20, arrived + 3),
    );
    held.shift()?.();
  }
  await queue.stop();
  assertEquals(maxInFlight, 4);
  const arrived = receiver.received.map(({ body }) => JSON.parse(body).data.id).sort((a, b) => a - b);
  assertEquals(arrived, ids);
  assertEquals(bench.files().waiting, []);
});

Deno.test("WebhookQueue removes the oldest failed, then the oldest pending webhook at the file limit", async () => {
  await using bench = new QueueRig();
  const queue = bench.open({ fetch: respondingWith(410, 410, 500), maxFiles: 3 });
  const put = async (id: number) => {
    await queue.enqueue("https://crm.example.com/", "call.ended", { id });
    bench.clock.advance(1);
  };
  await put(1);
  await put(2);
  await bench.untilLogged("webhook undeliverable", 2);
  await put(3);
  await bench.untilLogged("webhook not delivered", 1);
  assertEquals([queue.counts.pending, queue.counts.failed, queue.counts.dropped], [1, 2, 0]);
  const [, newer] = bench.files().failed;
  await put(4);
  await bench.untilLogged("webhook not delivered", 2);
  assertEquals(bench.files().failed, [newer]);
  for (let id = 5; id <= 6; id++) {
    await put(id);
    await bench.untilLogged("webhook not delivered", id - 2);
  }
  await queue.stop();
  assertEquals([queue.counts.pending, queue.counts.failed, queue.counts.dropped], [3, 0, 3]);
  const { waiting, failed } = bench.files();
  const queued = waiting.map((name) =>
    JSON.parse(JSON.parse(Deno.readTextFileSync(`${bench.folder}/${name}`)).body)
  );
  assertEquals(queued.map(({ data }) => data.id), [4, 5, 6]);
  assertEquals(failed, []);
});

Deno.test("WebhookQueue moves malformed files to failed, deletes partial ones and leaves other files", async () => {
  await using bench = new QueueRig();
  const valid = { id: "msg_1", url: "https://crm.example.com/", body: "{}", attempts: 0, dueAt: 0 };
  Deno.mkdirSync(`${bench.folder}/failed`, { recursive: true });
  const files: Record<string, string> = {
    "msg_1.json": JSON.stringify(valid),
    "msg_2.json": JSON.stringify(valid),
    "msg_3.json": "",
    "msg_4.json": '{"id":"msg_4"',
    "msg_5.json": JSON.stringify({ ...valid, id: "msg_5", attempts: "0" }),
    "msg_6.json": JSON.stringify({ ...valid, id: "msg_6", url: "nowhere" }),
    "msg_7.json": JSON.stringify({ ...valid, id: "msg_7", dueAt: null }),
    "msg_8.tmp": '{"id":"msg_8"',
    "readme.txt": "not ours",
    "failed/msg_0.json": "whatever",
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(`${bench.folder}/${name}`, text);
  const requested: string[] = [];
  const queue = bench.open({
    fetch: (_, { headers }) => {
      requested.push(new Headers(headers).get("webhook-id") ?? "");
      bench.changes.notify();
      return Promise.resolve(new Response());
    },
  });
  await bench.changes.until("the valid webhook", () => requested.length > 0);
  await queue.stop();
  assertEquals(requested, ["msg_1"]);
  const failed = ["msg_0", "msg_2", "msg_3", "msg_4", "msg_5", "msg_6", "msg_7"].map((id) => `${id}.json`);
  assertEquals(bench.files(), { waiting: ["readme.txt"], failed });
  assertEquals(queue.counts.failed, 7);
});

Deno.test("WebhookQueue moves a file that became malformed to failed", async () => {
  await using bench = new QueueRig();
  const queue = bench.open({ fetch: respondingWith(500) });
  await queue.enqueue("https://crm.example.com/", "call.ended", DATA);
  await bench.untilDelayed(1);
  Deno.writeTextFileSync(`${bench.folder}/${bench.files().waiting[0]}`, "nonsense");
  bench.clock.advance(5_000);
  await bench.untilLogged("webhook file malformed");
  await queue.stop();
  assertEquals([queue.counts.pending, queue.counts.failed], [0, 1]);
  assertEquals(bench.files().failed.length, 1);
});

Deno.test("WebhookQueue.stop() aborts attempts after 2 s and does not count them", async () => {
  await using bench = new QueueRig();
  await using receiver = new Receiver(bench.changes);
  const held = Promise.withResolvers<Response>();
  receiver.respond = () => held.promise;
  const queue = bench.open();
  await queue.enqueue(receiver.url, "call.ended", DATA);
  await bench.changes.until("the webhook", () => receiver.received[0]);
  const stopped = queue.stop();
  await bench.changes.until("the timer of stop", () => bench.clock.timers.includes(STOP_MS));
  bench.clock.advance(STOP_MS);
  await stopped;
  assertEquals(bench.clock.pending, 0);
  assertEquals(bench.events, []);
  held.resolve(new Response());

  receiver.respond = () => new Response();
  const next = bench.open();
  await bench.changes.until("the retry", () => receiver.received[1]);
  await next.stop();
  assertEquals(bench.files().waiting, []);
});

Deno.test("WebhookQueue stores webhooks enqueued after stop for the next start", async () => {
  await using bench = new QueueRig();
  const requested: string[] = [];
  const fetch = (url: string) => {
    requested.push(url);
    bench.changes.notify();
    return Promise.resolve(new Response());
  };
  const queue = bench.open({ fetch });
  await queue.stop();
  assert(await queue.enqueue("https://crm.example.com/", "call.ended", DATA));
  await queue.stop();
  assertEquals([requested, bench.clock.pending], [[], 0]);
  assertEquals(bench.files().waiting.length, 1);
  const next = bench.open({ fetch });
  await bench.changes.until("the delivery", () => requested.length === 1);
  await next.stop();
});

/** Waits up to 5 s for a condition without an event. */
async function eventually(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 5_000; !condition() && performance.now() < end;) await settle();
  assert(condition(), String(condition));
}

/** A `fetch` whose responses are held until they are released. */
function heldFetch() {
  const { promise, resolve } = Promise.withResolvers<Response>();
  return { fetch: () => promise, release: () => resolve(new Response(null, { status: 204 })) };
}

/** A folder that cannot be written, as on a full disk, until it is released. */
async function blockFolder(folder: string): Promise<() => Promise<void>> {
  await Deno.writeTextFile(folder, "");
  return () => Deno.remove(folder);
}

Deno.test("WebhookQueue counts webhooks that it could not store until the end as dropped", async () => {
  await using bench = new QueueRig();
  const release = await blockFolder(bench.folder);
  const queue = bench.open({ fetch: respondingWith(500) });
  assertEquals(await queue.enqueue("https://crm.example.com/", "call.ended", DATA), false);
  assertEquals([queue.counts.dropped, queue.counts.unsaved], [0, 1]);
  await bench.untilLogged("webhook not delivered");
  await queue.stop();
  assertEquals([queue.counts.dropped, queue.counts.unsaved, bench.clock.pending], [1, 0, 0]);
  assertEquals(bench.events, [
    "webhook queue unreadable",
    "webhook not stored",
    "webhook not delivered",
    "webhook dropped",
  ]);
  await release();
});

Deno.test("WebhookQueue delivers from memory while the disk is full, and stores the rest when there is room", async () => {
  await using bench = new QueueRig();
  await using receiver = new Receiver(bench.changes);
  const release = await blockFolder(bench.folder);
  receiver.respond = ({ body }) => new Response(null, { status: body.includes("later") ? 503 : 204 });
  const queue = bench.open();
  await queue.enqueue(receiver.url, "call.ended", { text: "now" });
  await eventually(() => receiver.received.length === 1 && queue.counts.pending === 0);
  for (let i = 0; i < 3; i++) await queue.enqueue(receiver.url, "call.ended", { text: `later ${i}` });
  await bench.untilLogged("webhook not delivered", 3);
  assertEquals([queue.counts.pending, queue.counts.unsaved, queue.counts.dropped], [3, 3, 0]);
  await release();
  receiver.respond = () => new Response(null, { status: 204 });
  const ids = receiver.received.slice(1).map(({ id }) => id);
  await queue.stop();
  assertEquals(bench.files().waiting, ids.map((id) => `${id}.json`).sort());
  assertEquals([queue.counts.unsaved, queue.counts.dropped], [0, 0]);
  const next = bench.open();
  bench.clock.advance(5_000);
  await bench.changes.until("the deliveries after the restart", () => receiver.received.length === 7);
  assertEquals(receiver.received.slice(4).map(({ id }) => id).sort(), ids.toSorted());
  await next.stop();
});

Deno.test("WebhookQueue stores webhooks within 5 s when there is room again", async () => {
  await using bench = new QueueRig();
  const release = await blockFolder(bench.folder);
  const held = heldFetch();
  const queue = bench.open(held);
  for (let i = 0; i < 5; i++) await queue.enqueue("https://crm.example.com/", "call.ended", { i });
  assertEquals(queue.counts.unsaved, 5);
  await release();
  bench.clock.advance(5_000);
  // Four are being delivered; the fifth waits for its turn.
  await eventually(() => queue.counts.unsaved === 4);
  assertEquals(bench.files().waiting.length, 1);
  held.release();
  await eventually(() => queue.counts.pending === 0);
});

Deno.test("WebhookQueue keeps at most 1,000 webhooks in memory, the newest", async () => {
  await using bench = new QueueRig();
  const release = await blockFolder(bench.folder);
  const held = heldFetch();
  const queue = bench.open(held);
  for (let i = 0; i < 1_010; i++) await queue.enqueue("https://crm.example.com/", "call.ended", { i });
  assertEquals([queue.counts.unsaved, queue.counts.dropped], [1_000, 10]);
  held.release();
  await eventually(() => queue.counts.pending === 0);
  await release();
});

Deno.test("WebhookQueue creates its folder again when it vanishes", async () => {
  await using bench = new QueueRig();
  const queue = bench.open({ fetch: respondingWith(500, 410) });
  assert(await queue.enqueue("https://crm.example.com/", "call.ended", DATA));
  await bench.untilDelayed(1);
  Deno.removeSync(bench.folder, { recursive: true });
  assert(await queue.enqueue("https://crm.example.com/", "call.ended", DATA));
  await bench.untilLogged("webhook undeliverable");
  assertEquals([queue.counts.dropped, bench.files().failed.length], [0, 1]);
});

Deno.test("WebhookQueue retries on time when the system clock is set back", async () => {
  await using bench = new QueueRig();
  const queue = bench.open({ fetch: respondingWith(500) });
  await queue.enqueue("https://crm.example.com/", "call.ended", DATA);
  await bench.untilDelayed(1);
  bench.clock.setWallClock(-86_400_000);
  bench.clock.advance(5_000);
  await bench.untilLogged("webhook not delivered", 2);
  await queue.stop();
});

Deno.test("WebhookQueue gives an event that is queued twice the same ID", async () => {
  await using bench = new QueueRig();
  await using receiver = new Receiver(bench.changes);
  const queue = bench.open();
  for (const key of ["CA1", "CA1", "CA2"]) {
    await queue.enqueue(receiver.url, "call.ended", DATA, { key, at: 1_767_225_600_000 });
    await eventually(() => queue.counts.pending === 0);
  }
  const [first, again, other] = receiver.received.map(({ id }) => id);
  assertEquals([first === again, first === other], [true, false]);
});

Deno.test("WebhookQueue deletes webhooks of events before a time, pending and failed", async () => {
  await using bench = new QueueRig();
  const queue = bench.open({
    fetch: (_, { body }) =>
      Promise.resolve(new Response(null, { status: String(body).includes("gone") ? 410 : 500 })),
  });
  const start = bench.clock.wallTime();
  const enqueue = (key: string, at: number) =>
    queue.enqueue("https://crm.example.com/", "call.ended", { key }, { key, at });
  for (const key of ["gone", "pending"]) for (const at of [start - 2, start]) await enqueue(key, at);
  await bench.untilLogged("webhook undeliverable", 2);
  await bench.untilLogged("webhook not delivered", 2);
  await eventually(() => queue.counts.pending === 2);
  await queue.deleteBefore(new Date(start - 1).toISOString());
  assertEquals([queue.counts.pending, queue.counts.failed], [1, 1]);
  const { waiting, failed } = bench.files();
  assertEquals([waiting.length, failed.length], [1, 1]);
  await queue.stop();
});

Deno.test("WebhookFiles forgets a number in pending and failed webhooks, and redacts its mentions", async () => {
  await using bench = new QueueRig();
  const queue = bench.open({
    fetch: (_, { body }) =>
      Promise.resolve(new Response(null, { status: String(body).includes("fails") ? 410 : 500 })),
  });
  const ann = "+15551230000";
  const texts = [
    { from: ann, to: "+15559870000", turns: [{ text: "I am ill" }] },
    { from: ann, text: "fails" },
    { from: "+15550001111", turns: [{ text: "Ann's number is 555 123 0000" }] },
    { from: "+15550001111", turns: [{ text: "It is 5" }] },
  ];
  for (const data of texts) await queue.enqueue("https://crm.example.com/", "call.ended", data);
  await bench.untilLogged("webhook not delivered", 3);
  await bench.untilLogged("webhook undeliverable");
  await queue.stop();
  const files = new WebhookFiles(bench.folder);
  const number = new NumberMatcher(ann);
  assertEquals(await files.forget(number, true), 3);
  assertEquals([bench.files().waiting.length, bench.files().failed.length], [3, 1]);
  assertEquals(await files.forget(number, false), 3);
  const { waiting, failed } = bench.files();
  assertEquals([waiting.length, failed], [2, []]);
  const left = waiting.map((name) => Deno.readTextFileSync(`${bench.folder}/${name}`)).join();
  assert(!left.includes("123 0000") && !left.includes("5551230000") && left.includes("It is 5"));
  assertStringIncludes(left, "[forgotten]");
});

Deno.test("WebhookQueue does not restore a number that is forgotten during a failed attempt", async () => {
  for (const status of [500, 410]) {
    await using bench = new QueueRig();
    await using receiver = new Receiver(bench.changes);
    const held = Promise.withResolvers<void>();
    receiver.respond = async () => {
      await held.promise;
      return new Response(null, { status });
    };
    const queue = bench.open();
    const ann = "+15551230000";
    await queue.enqueue(receiver.url, "call.ended", { from: ann });
    await queue.enqueue(receiver.url, "call.ended", { from: "+15550001111", text: `Call ${ann}` });
    await bench.changes.until("both webhooks", () => receiver.received.length === 2);
    assertEquals(await new WebhookFiles(bench.folder).forget(new NumberMatcher(ann), false), 2);
    held.resolve();
    await bench.untilLogged("webhook deleted");
    await bench.untilLogged(status === 410 ? "webhook undeliverable" : "webhook not delivered");
    await queue.stop();
    const { waiting, failed } = bench.files();
    assertEquals([waiting.length, failed.length], status === 410 ? [0, 1] : [1, 0]);
    const path = status === 410 ? `failed/${failed[0]}` : waiting[0];
    const { body, attempts } = JSON.parse(Deno.readTextFileSync(`${bench.folder}/${path}`));
    assertEquals(JSON.parse(body).data.text, "Call [forgotten]");
    assertEquals(attempts, status === 410 ? 0 : 1);
    assertEquals(bench.events.includes("webhook file error"), false);
  }
});

Deno.test("WebhookQueue delays a webhook at most 3 h after the clock was set back", async () => {
  await using bench = new QueueRig();
  Deno.mkdirSync(bench.folder, { recursive: true });
  const item = { id: "msg_1", url: "https://crm.example.com/", body: "{}", attempts: 1, dueAt: 4e12 };
  Deno.writeTextFileSync(`${bench.folder}/msg_1.json`, JSON.stringify(item));
  const queue = bench.open({ fetch: respondingWith(200) });
  await bench.untilDelayed(1);
  assertEquals(bench.delays, [3 * HOUR]);
  await queue.stop();
});

Deno.test("WebhookQueue logs neither secret, URL query nor body", async () => {
  await using bench = new QueueRig();
  const closed = new Receiver(bench.changes);
  await closed[Symbol.asyncDispose]();
  const queue = bench.open();
  await queue.enqueue(closed.url, "call.ended", DATA);
  await bench.untilLogged("webhook not delivered");
  await queue.stop();
  const lines = bench.logged.join("\n");
  assertStringIncludes(lines, new URL(closed.url).host);
  for (const secret of ["of-the-query", SECRET, "of-the-secret", DATA.caller, DATA.callSid]) {
    assert(!lines.includes(secret), lines);
  }
});
