import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { runCalls } from "../../src/cli/calls_command.ts";
import { startRehearsalModel } from "../../src/simulator/model/server.ts";
import { StartError } from "../../src/app/confined.ts";
import { startRecords } from "../../src/app/records_thread.ts";
import { startService } from "../../src/app/service.ts";
import { configOf } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";

Deno.test("a call to the service in its threads is kept, and parley calls shows it", async () => {
  const folder = await Deno.makeTempDir();
  const model = startRehearsalModel();
  const config = configOf({ PORT: "0", LOG_LEVEL: "error", DATA_DIR: folder, GREETING: "Say hello." });
  const service = await startService(config, model.url);
  const form = { CallSid: "CA1", From: "+15551230000", To: "+15559870000" };
  const body = new URLSearchParams(form);
  const twiml = await (await fetch(`${service.url}/incoming-call`, { method: "POST", body })).text();
  const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  {
    await using stream = new StreamClient(`${service.url.replace("http", "ws")}/media-stream`);
    stream.echoMarks = true;
    await stream.start("CA1", { token });
    await stream.waitFor("mark", 3);
    stream.stop();
    await stream.end();
  }
  service.tell("drain");
  assertEquals(await service.stopped, 0);
  await model.close();
  let out = "";
  const io = {
    out: (text: string) => void (out += text),
    err() {},
    path: `${folder}/calls.db`,
    isTerminal: false,
    confirm: () => false,
    wallTime: Date.now,
  };
  assertEquals(await runCalls(["CA1", "--json"], io), 0);
  const call = JSON.parse(out);
  assertEquals([call.from, call.assistant, call.direction, call.reason], [
    "+15551230000",
    "default",
    "inbound",
    "caller hung up",
  ]);
  assertEquals([call.turns[0].who, call.turns[0].heardMs > 0, call.model], ["assistant", true, "stand-in"]);
  out = "";
  assertEquals(await runCalls([], io), 0);
  assertMatch(out, /\+15551230000/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a service that cannot keep calls does not start, and says why", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/calls.db`);
  const config = configOf({ PORT: "0", LOG_LEVEL: "error", DATA_DIR: folder });
  await assertRejects(() => startService(config, undefined), StartError, "DATA_DIR: ");
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "a folder this program may not go to is told in its own words",
  permissions: { read: true, write: false, net: true },
  async fn() {
    const config = configOf({ PORT: "0", LOG_LEVEL: "error", DATA_DIR: "/var/lib/parley" });
    const message = "lies where this program may not go";
    await assertRejects(() => startRecords(config), StartError, message);
    await assertRejects(() => startService(config, undefined), StartError, message);
  },
});
