import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { CallStore } from "../../src/records/call_store.ts";
import { RemoteCallStore, serveCallStore } from "../../src/records/remote_call_store.ts";
import { Recordings } from "../../src/recording/recordings.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";

const CALL_SID = `CA${"1".repeat(32)}`;

Deno.test("A call that comes back after its stream was lost continues its record", async () => {
  const folder = await Deno.makeTempDir();
  const { port1, port2 } = new MessageChannel();
  const log = createLog({ level: "error", format: "pretty", write: console.log });
  const store = new CallStore(`${folder}/calls.db`, systemClock, log);
  serveCallStore(store, new Recordings({ folder: `${folder}/recordings` }, systemClock, log), port2);
  const records = new RemoteCallStore(port1);
  {
    await using model = new ScriptedModel();
    await using service = new TestService(
      {
        OPENAI_API_KEY: "sk-test",
        OPENAI_REALTIME_URL: model.url,
        GREETING: "",
        DATA_DIR: folder,
        STREAM_GRACE_SECONDS: "0",
      },
      systemClock,
      undefined,
      records,
    );
    for (const [at, item] of ["first", "second"].entries()) {
      const token = await service.announce(CALL_SID);
      const session = await model.session(at);
      await session.configure();
      await using stream = new StreamClient(service.streamUrl);
      await stream.start(CALL_SID, { token });
      await service.logged("stream started", at + 1);
      session.respond(`r${at}`, { [item]: 200 });
      stream.mark(await stream.markAfter(200));
      stream.close();
      await service.logged("call ended", at + 1);
    }
    // Connected once more, but the stream never comes: nothing is lost.
    await service.announce(CALL_SID);
    await service.stop();
  }
  const call = new CallStore(`${folder}/calls.db`, systemClock, log);
  const record = call.get(CALL_SID);
  assertEquals([record?.turns.length, record?.endReason], [2, "stream lost"]);
  const [first, second] = record?.turns ?? [];
  assertEquals((first?.atMs ?? 0) < (second?.atMs ?? 0), true);
  call.close();
  await Deno.remove(folder, { recursive: true });
});
