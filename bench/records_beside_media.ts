/**
 * Does storing records delay audio? 20 calls talk while short calls end, by default 20 a second. The service runs with and
 * without its records in turn, so that other load affects both. Linux, two cores.
 *
 *     deno run $(deno task -q packages test) -A bench/records_beside_media.ts [ROUNDS] [ENDING_PER_SECOND]
 */

import { DatabaseSync } from "node:sqlite";
import { connectWebSocket } from "../src/model/web_socket/web_socket.ts";
import { twilioSignature } from "../src/twilio/request_signature.ts";
import { spreadOf } from "./hostile/measured_window.ts";
import { mediaFrame, startFrame, stopFrame } from "./hostile/frames.ts";
import { GoodCalls, type ServiceAddress } from "./hostile/good_calls.ts";
import { pause, pinBench } from "./hostile/process.ts";
import { ServiceProcess } from "./hostile/service.ts";

const [ROUNDS = 3, ENDING_PER_SECOND = 20] = Deno.args.map(Number);
const TALKING = 20;
const WARM_UP_MS = 3_000;
const WINDOW_MS = 10_000;

/** Places one short call and waits for its end. */
async function shortCall(n: number, { port, publicUrl, authToken }: ServiceAddress): Promise<void> {
  const callSid = `CA${n.toString(16).padStart(32, "f")}`;
  const form = { CallSid: callSid, From: "+15557654321", To: "+15559870000", CallStatus: "ringing" };
  const twiml = await (await fetch(`http://127.0.0.1:${port}/incoming-call`, {
    method: "POST",
    headers: { "x-twilio-signature": await twilioSignature(authToken, `${publicUrl}/incoming-call`, form) },
    body: new URLSearchParams(form),
  })).text();
  const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  const wss = `${publicUrl.replace("https", "wss")}/media-stream`;
  const closed = Promise.withResolvers<void>();
  const socket = await connectWebSocket(`ws://127.0.0.1:${port}/media-stream`, {
    headers: { "x-twilio-signature": await twilioSignature(authToken, wss) },
    handlers: { onMessage() {}, onClose: () => closed.resolve() },
  });
  const streamSid = `MZ${callSid.slice(2)}`;
  socket.send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }));
  socket.send(startFrame(streamSid, callSid, { token }));
  for (let frame = 0; frame < 5; frame++) socket.send(mediaFrame(streamSid, frame));
  socket.send(stopFrame(streamSid));
  await closed.promise;
}

/** Places short calls for the length of a window; returns their number. */
async function placeShortCalls(service: ServiceAddress): Promise<number> {
  const placed: Promise<void>[] = [];
  const end = performance.now() + WINDOW_MS;
  for (let n = 0; performance.now() < end; n++) {
    placed.push(shortCall(n, service));
    await pause(1_000 / ENDING_PER_SECOND);
  }
  await Promise.all(placed);
  return placed.length;
}

async function measure(records: "with" | "without", core: number | undefined): Promise<string> {
  const folder = await Deno.makeTempDir();
  await using calls = new GoodCalls();
  const settings = { DATA_DIR: folder };
  const program = ["-A", "bench/records_service.ts", records];
  const service = await ServiceProcess.start(calls.modelUrl, core, settings, program);
  await calls.place(TALKING, service.address);
  await pause(WARM_UP_MS);
  const window = calls.startWindow(records);
  const ended = await placeShortCalls(service.address);
  calls.startWindow("after");
  await calls.hangUp();
  await service.stop();
  const rows = records === "with"
    ? new DatabaseSync(`${folder}/calls.db`).prepare("SELECT count(*) AS rows FROM calls").get()?.rows
    : 0;
  await Deno.remove(folder, { recursive: true });
  const format = ({ p50, p99, max }: ReturnType<typeof spreadOf>) =>
    [p50, p99, max].map((ms) => ms.toFixed(2)).join(" / ");
  return `| ${records} | ${ended} | ${rows} | ${format(spreadOf(window.toModel))} | ${
    format(spreadOf(window.toCaller))
  } | ${window.lost} |`;
}

const cores = await pinBench();
console.log(
  "| records | ended calls | stored | caller → model p50 / p99 / max (ms) | and back | frames lost |",
);
console.log(
  "| ------- | ----------- | ---- | ----------------------------------- | -------- | ----------- |",
);
for (let round = 0; round < ROUNDS; round++) {
  for (const records of ["without", "with"] as const) console.log(await measure(records, cores?.service));
}
