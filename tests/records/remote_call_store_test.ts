import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { decodeMulaw } from "../../src/audio/g711.js";
import { readWav } from "../../src/audio/wav.ts";
import type { RecordsStart, RecordsStarted } from "../../src/records/records_worker.ts";
import { RemoteCallStore } from "../../src/records/remote_call_store.ts";
import { asJson } from "../support/as_json.ts";
import { call, sidOf, StoreRig, turnsOf } from "./store_rig.ts";

/** Starts the worker with the service's permissions: its folder only. */
async function start(
  folder: string,
): Promise<{ started: RecordsStarted; port: MessagePort; worker: Worker }> {
  const worker = new Worker(new URL("../../src/records/records_worker.ts", import.meta.url), {
    type: "module",
    deno: {
      permissions: {
        read: [folder],
        write: [folder],
        net: false,
        env: false,
        sys: false,
        run: false,
        ffi: false,
        import: false,
      },
    },
  });
  const [requests, report] = [new MessageChannel(), new MessageChannel()];
  const started = new Promise<RecordsStarted>((resolve) =>
    report.port1.onmessage = ({ data }) => resolve(data)
  );
  const message: RecordsStart = {
    path: `${folder}/calls.db`,
    recordings: { folder: `${folder}/recordings` },
    log: { level: "error", format: "pretty" },
    port: requests.port2,
    report: report.port2,
  };
  worker.postMessage(message, [message.port, message.report]);
  const opened = await started;
  report.port1.close();
  return { started: opened, port: requests.port1, worker };
}

Deno.test("RemoteCallStore serves every request from a worker limited to its folder", async () => {
  using rig = new StoreRig();
  const folder = `${rig.folder}/data`;
  const { started, port, worker } = await start(folder);
  const store = new RemoteCallStore(port);
  assertEquals(started, { opened: true });
  const first = call(1, { turns: turnsOf("Hello") });
  for (const each of [first, call(2, { from: "anonymous" }), call(3, { from: "+15550000003" })]) {
    store.write(each);
  }
  assertEquals(asJson(await store.get(first.callSid)), asJson(first));
  assertEquals(await store.get("CA"), undefined);
  await store.flush();
  const onDisk = rig.open(`${folder}/calls.db`).list().calls.map(({ callSid }) => callSid);
  assertEquals(onDisk.toSorted(), [1, 2, 3].map(sidOf), "flushed");
  for (const at of [1, 2, 3]) {
    const side = new Uint8Array(4_000).fill(at);
    for (const atMs of [0, 500, 1_000]) {
      store.record(sidOf(at), { atMs, caller: side, assistant: side.map(() => 0xff) });
    }
    store.endRecording(sidOf(at));
  }
  assertEquals(await store.recording(sidOf(2)), { ms: 1_500, bytes: 44 + 1_500 * 32 });
  await assertRejects(() => store.list({ limit: 0 }), RangeError, "limit is 0");
  await assertRejects(() => store.stats({ since: "soon" }), RangeError);
  assertEquals(await store.deleteBefore(call(3).startedAt), [sidOf(1), sidOf(2)]);
  assertEquals((await store.list({ search: "3" })).calls.length, 0);
  assertEquals(await store.recording(sidOf(2)), undefined, "too old");
  const bytes = new Uint8Array(await new Response(store.readRecording(sidOf(3), 0, 1e9)).arrayBuffer());
  const { channels: [left, right] } = readWav(bytes, "recording");
  assertEquals(left, decodeMulaw(new Uint8Array(12_000).fill(3)));
  assertEquals(right?.every((sample) => sample === 0), true);
  assertEquals((await store.list()).calls.map(({ callSid }) => callSid), [sidOf(3)]);
  assertEquals((await store.stats()).map(({ calls }) => calls), [1]);
  assertEquals(await store.assistants(), ["sales"]);
  assertEquals(await store.beginPlacement("order-1", "call Ann"), undefined);
  store.endPlacement("order-1", '"placed"');
  assertEquals(await store.beginPlacement("order-1", "call Ann"), { sameRequest: true, answer: '"placed"' });
  store.write(call(4));
  await Promise.all([store.close(), store.close()]);
  await assertRejects(() => store.list(), Error, "is closed");
  worker.terminate();
  assertEquals(rig.open().list().calls.length, 2);
});

Deno.test("records worker reports a database that cannot be opened", async () => {
  using rig = new StoreRig();
  rig.open().close();
  Deno.removeSync(rig.path);
  Deno.mkdirSync(rig.path);
  const { started, port, worker } = await start(`${rig.folder}/data`);
  worker.terminate();
  port.close();
  assertEquals(started.opened, false);
  assertStringIncludes(started.opened ? "" : started.problem, "directory");
});
