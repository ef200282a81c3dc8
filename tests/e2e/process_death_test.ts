import { assertEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/clock.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { openCallDatabase } from "../../src/records/call_database.ts";
import { writeCall } from "../../src/records/call_writer.ts";
import { call, turnsOf } from "../records/store_rig.ts";
import { field } from "../support/field.ts";
import { parleyProcess } from "../support/parley_process.ts";
import { tokenIn } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";
import { ChangeSignal } from "../support/wait_until.ts";

/** Long enough for a process to start beside other tests (ms). */
const START_MS = 60_000;
const CALL_SID = `CA${"1".repeat(32)}`;
const CALLER = "+15551230000";

/** The service as a process of its own, with its log. */
class ServiceProcess implements AsyncDisposable {
  readonly lines: JsonObject[] = [];
  readonly process: Deno.ChildProcess;
  readonly #changes = new ChangeSignal();
  readonly #reading: Promise<void>;

  constructor(folder: string, env: Record<string, string>) {
    const settings = {
      PORT: "0",
      LOG_FORMAT: "json",
      DATA_DIR: `${folder}/data`,
      GREETING: "Say hello.",
      ...env,
    };
    this.process = parleyProcess(["serve"], folder, settings, {
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    this.#reading = this.#read();
  }

  async logged(event: string, count = 1): Promise<JsonObject> {
    const find = () => this.lines.filter((line) => line.event === event)[count - 1];
    return await this.#changes.until(`${count} of "${event}" in the log`, find, START_MS);
  }

  async url(): Promise<string> {
    return String((await this.logged("listening")).url);
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines.map((line) => parseObject(line) ?? {}));
      this.#changes.notify();
    }
  }

  async kill(signal: Deno.Signal): Promise<number> {
    this.process.kill(signal);
    const { code } = await this.process.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.process.status;
    await this.#reading;
  }
}

/** Calls the service and waits for its greeting; the stream stays open. */
async function connectCaller(url: string, callSid = CALL_SID): Promise<StreamClient> {
  const body = new URLSearchParams({ CallSid: callSid, From: CALLER, To: "+15559870000" });
  const token = tokenIn(await (await fetch(`${url}/incoming-call`, { method: "POST", body })).text());
  const stream = new StreamClient(`${url.replace("http", "ws")}/media-stream`);
  stream.echoMarks = true;
  await stream.start(callSid, { token, from: CALLER });
  await stream.waitFor("mark", 3);
  return stream;
}

/** Runs a command to its end. */
async function run(folder: string, args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { DATA_DIR: `${folder}/data` };
  const io = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const { code, stdout, stderr } = await parleyProcess(args, folder, env, io).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("A call in progress when the service is killed is listed as interrupted, with its webhook and recording", async () => {
  await withFolder(async (folder) => {
    const events: JsonObject[] = [];
    const changes = new ChangeSignal();
    await using receiver = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      events.push(parseObject(await request.text()) ?? {});
      changes.notify();
      return new Response(null, { status: 204 });
    });
    const assistants = {
      afterCall: { url: `http://127.0.0.1:${receiver.addr.port}/`, allowPrivate: true },
      assistants: { reception: {} },
    };
    await Deno.writeTextFile(`${folder}/assistants.json`, JSON.stringify(assistants));
    const env = {
      ASSISTANTS_FILE: "assistants.json",
      WEBHOOK_SECRET: "a secret of 24 characters",
      RECORDING: "on",
      CARRIER_PRICES: "in=0.5, stream=0",
    };
    {
      await using service = new ServiceProcess(folder, env);
      await using stream = await connectCaller(await service.url());
      const path = `${folder}/data/recordings/${CALL_SID}.wav`;
      for (let at = 0; !exists(path) || turnsOfOpenCall(folder) === 0; at += 20) {
        stream.media(at);
        await new Promise<void>((resolve) => systemClock.after(20, resolve));
      }
      await service.kill("SIGKILL");
      await stream.end();
    }
    // Its number can be forgotten before the service starts again.
    assertStringIncludes((await run(folder, ["calls", "--forget", CALLER])).out, "Found 1 call from or to");
    await using service = new ServiceProcess(folder, env);
    const left = await service.logged("call left over");
    assertEquals([left.call, left.reason], [CALL_SID, "interrupted"]);
    const event = await changes.until("the webhook", () => events[0], START_MS);
    assertEquals(event.type, "call.ended");
    assertEquals([field(event, "data", "callSid"), field(event, "data", "endReason")], [
      CALL_SID,
      "interrupted",
    ]);
    assertEquals(Number(field(event, "data", "seconds")) > 0, true, "as long as its recording");
    assertEquals([field(event, "data", "carrierMinutes"), field(event, "data", "costs", "carrierUsd")], [
      1,
      0.5,
    ]);
    assertEquals(await service.kill("SIGTERM"), 0);
    const { calls } = JSON.parse((await run(folder, ["calls", "--json"])).out);
    assertEquals(calls.map((call: JsonObject) => [call.callSid, call.endReason]), [[
      CALL_SID,
      "interrupted",
    ]]);
    const [turn] = JSON.parse((await run(folder, ["calls", CALL_SID, "--json"])).out).turns;
    assertEquals([turn.speaker, turn.text], ["assistant", "(a chime)"], "as of the last 10 s");
    assertStringIncludes(String(calls[0].recording.path), CALL_SID);
    assertStringIncludes((await run(folder, ["calls", "--forget", CALLER, "--yes"])).out, "Deleted 1 call");
    assertEquals(exists(`${folder}/data/recordings/${CALL_SID}.wav`), false);
  });
});

/** Turns in the record of the call in progress, as the other process has written it. */
function turnsOfOpenCall(folder: string): number {
  using db = new DatabaseSync(`${folder}/data/calls.db`, { readOnly: true });
  const row = db.prepare("SELECT record FROM open_calls").get();
  const turns = parseObject(String(row?.record))?.turns;
  return Array.isArray(turns) ? turns.length : 0;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).size > 0;
  } catch {
    return false;
  }
}

Deno.test("A second signal within a second of the first does not cut the drain", async () => {
  await withFolder(async (folder) => {
    {
      await using service = new ServiceProcess(folder, { DRAIN_SECONDS: "60" });
      const stream = await connectCaller(await service.url());
      service.process.kill("SIGINT");
      service.process.kill("SIGTERM");
      assertEquals((await service.logged("draining")).second_signal, "ends all calls immediately");
      stream.stop();
      await service.logged("call ended");
      assertEquals((await service.process.status).code, 0);
      await stream[Symbol.asyncDispose]();
    }
  });
});

Deno.test("A second service on the same DATA_DIR is refused, and parley calls still reads it", async () => {
  await withFolder(async (folder) => {
    await using service = new ServiceProcess(folder, {});
    await service.url();
    const { code, err } = await run(folder, ["serve"]);
    assertEquals(code, 1);
    assertStringIncludes(err, `DATA_DIR: another Parley uses "${folder}/data"`);
    assertEquals((await run(folder, ["calls"])).code, 0);
    await service.kill("SIGKILL");
    await using again = new ServiceProcess(folder, {});
    await again.url();
  });
});

Deno.test("parley calls --json prints all of 2 MB to a pipe that is read slowly", async () => {
  await withFolder(async (folder) => {
    const db = openCallDatabase(`${folder}/data/calls.db`);
    for (let at = 0; at < 40; at++) writeCall(db, call(at, { turns: turnsOf("word ".repeat(5_000), "ok") }));
    db.close();
    for (const args of [["calls", "--json"], ["calls", call(1).callSid, "--json"], ["calls", "--csv"]]) {
      const io = { stdin: "null", stdout: "piped", stderr: "null" } as const;
      const process = parleyProcess(args, folder, { DATA_DIR: `${folder}/data` }, io);
      let text = "";
      for await (const part of process.stdout.pipeThrough(new TextDecoderStream())) {
        text += part;
        await new Promise<void>((resolve) => systemClock.after(1, resolve));
      }
      assertEquals((await process.status).code, 0);
      if (args.includes("--csv")) assertEquals(text.split("\r\n").length, 42);
      else if (args.length === 3) assertEquals(JSON.parse(text).turns.length, 2);
      else {
        const { calls } = JSON.parse(text);
        assertEquals([calls.length, text.length > 1_000_000], [40, true]);
      }
    }
  });
});

Deno.test("parley calls ends quietly when the reader of its output has gone", async () => {
  await withFolder(async (folder) => {
    const db = openCallDatabase(`${folder}/data/calls.db`);
    for (let at = 0; at < 40; at++) writeCall(db, call(at, { turns: turnsOf("word ".repeat(5_000)) }));
    db.close();
    const io = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    const process = parleyProcess(["calls", "--json"], folder, { DATA_DIR: `${folder}/data` }, io);
    await process.stdout.cancel();
    assertEquals([(await process.status).code, await new Response(process.stderr).text()], [0, ""]);
  });
});
