/** A disk that fills up during a call: the recording stops, and the record says so. */

import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { isObject, type JsonObject, parseObject } from "../../src/json.ts";
import { freePort } from "../support/free_port.ts";
import { parleyProcess } from "../support/parley_process.ts";
import { tokenIn } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";

const CALL_SID = `CA${"1".repeat(32)}`;
const START_MS = 60_000;
const MOUNT = 'mount -t tmpfs -o size=4m none disk && exec "$@"';

/** Whether this user may mount a file system of its own: Linux with user namespaces. */
const canMount = await new Deno.Command("unshare", { args: ["-rm", "true"], stderr: "null" }).output()
  .then(({ success }) => success, () => false);

/** Tries until there is a result, for at most a minute; a service that is not there yet gives none. */
async function poll<Result>(attempt: () => Promise<Result | undefined>): Promise<Result> {
  for (const until = performance.now() + START_MS; performance.now() < until;) {
    const result = await attempt().catch(() => undefined);
    if (result !== undefined) return result;
    await pause(100);
  }
  throw new Error("Nothing came of it within a minute");
}

const pause = (ms: number) => new Promise<void>((resolve) => void systemClock.after(ms, resolve));

/** Writes until the disk is full. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const bytes = new Uint8Array(4_096);
  try {
    for (;;) await file.write(bytes);
  } catch {
    // It is full.
  }
}

Deno.test({
  name: "Record of a call says that its recording is incomplete because the disk is full",
  ignore: !canMount,
  async fn() {
    const folder = await Deno.makeTempDir();
    await Deno.mkdir(`${folder}/disk`);
    const url = `http://127.0.0.1:${freePort()}`;
    const env = { PORT: new URL(url).port, DATA_DIR: "disk/data", RECORDING: "on", GREETING: "Say hello." };
    const io = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const process = parleyProcess(["serve"], folder, env, io, ["unshare", "-rm", "sh", "-c", MOUNT, "sh"]);
    try {
      const body = new URLSearchParams({ CallSid: CALL_SID, From: "+15551230000", To: "+15559870000" });
      const twiml = await poll(async () =>
        await (await fetch(`${url}/incoming-call`, { method: "POST", body })).text()
      );
      await using stream = new StreamClient(`${url.replace("http", "ws")}/media-stream`);
      await stream.start(CALL_SID, { token: tokenIn(twiml), from: "+15551230000" });
      /** The file system as the process sees it. */
      const disk = `/proc/${process.pid}/root${folder}/disk`;
      const recordingFails = async () => {
        const call = await record(url);
        return eventsOf(call).find(({ kind }) => kind === "recording");
      };
      let event: JsonObject | undefined;
      let isFull = false;
      for (let at = 0; !event; at += 20) {
        stream.media(at);
        await pause(20);
        if (at % 500 !== 0) continue;
        if (!isFull && await exists(`${disk}/data/recordings/${CALL_SID}.wav`)) {
          await fill(`${disk}/fill`);
          isFull = true;
        }
        event = await recordingFails();
      }
      assertEquals([event.name, event.detail], ["incomplete", "the disk is full"]);
      assertEquals((await record(url))?.state, "connected", "the call goes on");
      stream.stop();
      const ended = await poll(async () => {
        const call = await record(url);
        return call?.state === "ended" ? call : undefined;
      });
      assertEquals(eventsOf(ended).filter(({ name }) => name === "incomplete").length, 1);
    } finally {
      process.kill("SIGKILL");
      await process.status;
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function record(url: string): Promise<JsonObject | undefined> {
  return parseObject(await (await fetch(`${url}/api/calls/${CALL_SID}`)).text());
}

function eventsOf(call: JsonObject | undefined): JsonObject[] {
  return Array.isArray(call?.events) ? call.events.filter(isObject) : [];
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ size }) => size > 0, () => false);
}
