import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { runCalls } from "../../src/cli/calls_command.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { StartError } from "../../src/app/confined_worker.ts";
import { startService } from "../../src/app/service.ts";
import { configOf, tokenIn } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";

Deno.test("startService() stores a call that parley calls shows", async () => {
  const folder = await Deno.makeTempDir();
  const model = startSimulatedModel();
  const config = configOf({ PORT: "0", LOG_LEVEL: "error", DATA_DIR: folder, GREETING: "Say hello." });
  const service = await startService(config, model.url);
  const form = { CallSid: "CA1", From: "+15551230000", To: "+15559870000" };
  const body = new URLSearchParams(form);
  const twiml = await (await fetch(`${service.url}/incoming-call`, { method: "POST", body })).text();
  const token = tokenIn(twiml);
  {
    await using stream = new StreamClient(`${service.url.replace("http", "ws")}/media-stream`);
    stream.echoMarks = true;
    await stream.start("CA1", { token });
    await stream.waitFor("mark", 3);
    stream.stop();
    await stream.end();
  }
  service.send("drain");
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
  assertEquals([call.from, call.assistant, call.direction, call.endReason], [
    "+15551230000",
    "default",
    "inbound",
    "caller hung up",
  ]);
  assertEquals([call.turns[0].speaker, call.turns[0].heardMs > 0, call.model], [
    "assistant",
    true,
    "stand-in",
  ]);
  out = "";
  assertEquals(await runCalls([], io), 0);
  assertMatch(out, /\+15551230000/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("startService() names DATA_DIR when the call database cannot be opened", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/calls.db`);
  const config = configOf({ PORT: "0", LOG_LEVEL: "error", DATA_DIR: folder });
  await assertRejects(() => startService(config, undefined), StartError, "DATA_DIR: ");
  await Deno.remove(folder, { recursive: true });
});
