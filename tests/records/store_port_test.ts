import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { decodeMulaw, readWav } from "../../src/audio/mod.ts";
import type { RecordsStart, RecordsStarted } from "../../src/records/records_worker.ts";
import { RemoteCallStore } from "../../src/records/store_port.ts";
import { ANN, call, plain, said, Shelf, sidOf } from "./calls.ts";

/** The thread as the service has it: it may go nowhere but to its folder. */
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
  const [asks, says] = [new MessageChannel(), new MessageChannel()];
  const started = new Promise<RecordsStarted>((resolve) =>
    says.port1.onmessage = ({ data }) => resolve(data)
  );
  const message: RecordsStart = {
    path: `${folder}/calls.db`,
    recordings: { folder: `${folder}/recordings` },
    log: { level: "error", format: "pretty" },
    port: asks.port2,
    report: says.port2,
  };
  worker.postMessage(message, [message.port, message.report]);
  const opened = await started;
  says.port1.close();
  return { started: opened, port: asks.port1, worker };
}

Deno.test("a store in a thread of its own, which may read and write its folder only, does all of it", async () => {
  using shelf = new Shelf();
  const folder = `${shelf.folder}/data`;
  const { started, port, worker } = await start(folder);
  const store = new RemoteCallStore(port);
  assertEquals(started, { opened: true });
  const first = call(1, { turns: said("Hello") });
  for (const each of [first, call(2, { from: "anonymous" }), call(3, { from: "+15550000003" })]) {
    store.write(each);
  }
  assertEquals(plain(await store.get(first.callSid)), plain(first));
  assertEquals(await store.get("CA"), undefined);
  for (const at of [1, 2, 3]) {
    const side = new Uint8Array(4_000).fill(at);
    for (const atMs of [0, 500, 1_000]) {
      store.record(sidOf(at), { atMs, caller: side, assistant: side.map(() => 0xff) });
    }
    store.endRecording(sidOf(at));
  }
  assertEquals(await store.recording(sidOf(2)), { ms: 1_500, bytes: 44 + 1_500 * 32 });
  await assertRejects(() => store.list({ limit: 0 }), RangeError, "0 is no number of calls");
  await assertRejects(() => store.stats({ since: "soon" }), RangeError);
  assertEquals(await store.forget(ANN), { calls: [sidOf(1)], mentions: [] });
  assertEquals(await store.deleteBefore(call(3).startedAt), [sidOf(2)]);
  assertEquals((await store.list({ search: "3" })).calls.length, 0);
  assertEquals(await store.recording(sidOf(1)), undefined, "forgotten");
  assertEquals(await store.recording(sidOf(2)), undefined, "too old");
  const bytes = new Uint8Array(await new Response(store.readRecording(sidOf(3), 0, 1e9)).arrayBuffer());
  const { channels: [left, right] } = readWav(bytes, "recording");
  assertEquals(left, decodeMulaw(new Uint8Array(12_000).fill(3)));
  assertEquals(right?.every((sample) => sample === 0), true);
  assertEquals((await store.list()).calls.map(({ callSid }) => callSid), [sidOf(3)]);
  assertEquals((await store.stats()).map(({ calls }) => calls), [1]);
  store.write(call(4));
  await Promise.all([store.close(), store.close()]);
  await assertRejects(() => store.list(), Error, "are closed");
  worker.terminate();
  assertEquals(shelf.open().list().calls.length, 2);
});

Deno.test("a file that cannot be used is told at the start", async () => {
  using shelf = new Shelf();
  shelf.open().close();
  Deno.removeSync(shelf.path);
  Deno.mkdirSync(shelf.path);
  const { started, port, worker } = await start(`${shelf.folder}/data`);
  worker.terminate();
  port.close();
  assertEquals(started.opened, false);
  assertStringIncludes(started.opened ? "" : started.problem, "directory");
});
