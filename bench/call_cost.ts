/**
 * CPU time per call-second of the whole service in pcm16 and in pcmu mode. The service runs in its own process; callers and
 * model run here. Linux only. Results and machine: CODEC_RESULTS.md.
 *
 *     deno run -A bench/call_cost.ts
 *
 * Each caller sends a frame every 20 ms; the model speaks 1.2 s every 2 s, in four deltas at once.
 */

import { encodeMulaw } from "../src/audio/g711.js";
import { isObject, parseObject } from "../src/json.ts";
import { packageFlags } from "./package_flags.ts";

const CALLS = 40;
const ROUNDS = 3;
const WARM_UP_MS = 4000;
const MEASURED_MS = 6000;
/** Clock tick of /proc/PID/stat (ms): 100 ticks a second on every machine Deno supports. */
const TICK_MS = 10;

type Format = "pcmu" | "pcm16";
const tone = (rate: number, ms: number) =>
  Int16Array.from({ length: rate * ms / 1000 }, (_, i) => Math.round(9000 * Math.sin(2800 * i / rate)));
const FRAME = encodeMulaw(tone(8000, 20)).toBase64();
const DELTA: Record<Format, string> = {
  pcmu: encodeMulaw(tone(8000, 300)).toBase64(),
  pcm16: new Uint8Array(tone(24000, 300).buffer).toBase64(),
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** A model that confirms every session and speaks at a fixed interval. */
class TalkingModel {
  /** Received caller frames. */
  frames = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(format: Format) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#converse(socket, format);
      return response;
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/v1/realtime`;
  }

  #converse(socket: WebSocket, format: Format): void {
    const send = (event: Record<string, unknown>) => socket.send(JSON.stringify({ event_id: "e", ...event }));
    let speaking: ReturnType<typeof setInterval> | undefined;
    let spoken = 0;
    const speak = () => {
      const [response_id, item_id] = [`resp_${++spoken}`, `item_${spoken}`];
      send({ type: "response.created", response: { id: response_id, status: "in_progress" } });
      for (let i = 0; i < 4; i++) {
        send({ type: "response.output_audio.delta", response_id, item_id, delta: DELTA[format] });
      }
      send({ type: "response.output_audio.done", response_id, item_id });
      const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
      send({
        type: "response.done",
        response: { id: response_id, status: "completed", status_details: null, usage },
      });
    };
    socket.onopen = () => send({ type: "session.created", session: { id: "sess_1" } });
    socket.onclose = () => clearInterval(speaking);
    socket.onmessage = ({ data }) => {
      // Frames are counted without parsing, so that the bench needs less CPU than the service.
      if (String(data).startsWith('{"type":"input_audio_buffer.append"')) return void this.frames++;
      const event = parseObject(String(data));
      if (event?.type !== "session.update") return;
      send({ type: "session.updated", session: event.session });
      speaking ??= setInterval(speak, 2000);
    };
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A caller who talks without a pause and echoes marks immediately. */
class Caller {
  /** Received audio (base64 characters). */
  received = 0;
  readonly #socket: WebSocket;
  #talking: ReturnType<typeof setInterval> | undefined;

  constructor(url: string, callSid: string, token: string) {
    const streamSid = `MZ${callSid.slice(2)}`;
    const socket = new WebSocket(`${url.replace("http", "ws")}/media-stream`);
    let frame = 0;
    const talk = () => {
      const media = { track: "inbound", chunk: `${++frame}`, timestamp: `${frame * 20}`, payload: FRAME };
      socket.send(JSON.stringify({ event: "media", sequenceNumber: `${frame + 1}`, media, streamSid }));
    };
    socket.onopen = () => {
      socket.send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }));
      const start = {
        accountSid: "AC1",
        streamSid,
        callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: { token },
      };
      socket.send(JSON.stringify({ event: "start", sequenceNumber: "1", start, streamSid }));
      this.#talking = setInterval(talk, 20);
    };
    socket.onmessage = ({ data }) => {
      const message = parseObject(String(data));
      if (message?.event === "mark") socket.send(JSON.stringify({ ...message, sequenceNumber: "1" }));
      else if (isObject(message?.media)) this.received += String(message.media.payload).length;
    };
    socket.onclose = () => clearInterval(this.#talking);
    this.#socket = socket;
  }

  async hangUp(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve));
    this.#socket.close();
    await closed;
  }
}

async function cpuMs(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The process name may contain parentheses; user and system time are fields 14 and 15.
  const [utime, stime] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
  return TICK_MS * ((utime ?? NaN) + (stime ?? NaN));
}

/** CPU time of the service per call-second (ms). */
async function measure(format: Format, flags: string[]): Promise<number> {
  const model = new TalkingModel(format);
  const probe = Deno.listen({ port: 0 });
  const url = `http://127.0.0.1:${probe.addr.port}`;
  probe.close();
  const env = {
    PORT: new URL(url).port,
    HOST: "127.0.0.1",
    AUDIO_FORMAT: format,
    OPENAI_API_KEY: "sk-bench",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "",
    LOG_LEVEL: "warn",
  };
  const args = ["run", "--quiet", ...flags, "-A", "main.ts", "serve"];
  const service = new Deno.Command(Deno.execPath(), { args, env, stdout: "null" }).spawn();
  for (let tries = 0;; tries++) {
    const up = await fetch(url).then((response) => response.text(), () => undefined);
    if (up !== undefined) break;
    if (tries === 200) throw new Error("Cannot measure: the service did not start within 10 s");
    await pause(50);
  }
  const callers: Caller[] = [];
  for (let i = 0; i < CALLS; i++) {
    const callSid = `CA${String(i).padStart(32, "0")}`;
    const body = new URLSearchParams({ CallSid: callSid, From: "+15551230000", To: "+15559870000" });
    const twiml = await (await fetch(`${url}/incoming-call`, { method: "POST", body })).text();
    callers.push(new Caller(url, callSid, /name="token" value="(\w+)"/.exec(twiml)?.[1] ?? ""));
    await pause(2000 / CALLS); // spreads the model's turns
  }
  await pause(WARM_UP_MS);
  const received = () => callers.reduce((sum, caller) => sum + caller.received, 0);
  const before = {
    cpu: await cpuMs(service.pid),
    frames: model.frames,
    received: received(),
    at: performance.now(),
  };
  await pause(MEASURED_MS);
  const seconds = (performance.now() - before.at) / 1000;
  const cost = (await cpuMs(service.pid) - before.cpu) / CALLS / seconds;
  const frames = (model.frames - before.frames) / CALLS / seconds;
  const voice = (received() - before.received) * 3 / 4 / 8000 / CALLS / seconds;
  console.error(
    `${format}: ${cost.toFixed(2)} ms CPU per call-second, ${frames.toFixed(1)} caller frames/s, ` +
      `${voice.toFixed(2)} s of model audio/s`,
  );
  await Promise.all(callers.map((caller) => caller.hangUp()));
  service.kill("SIGTERM");
  await service.status;
  await model.close();
  return cost;
}

const flags = await packageFlags();
const costs: Record<Format, number[]> = { pcmu: [], pcm16: [] };
for (let round = 0; round < ROUNDS; round++) {
  for (const format of ["pcmu", "pcm16"] as const) costs[format].push(await measure(format, flags));
}
const [pcmu, pcm16] = [median(costs.pcmu), median(costs.pcm16)];
console.log(
  `medians of ${ROUNDS}: pcmu ${pcmu.toFixed(2)}, pcm16 ${pcm16.toFixed(2)} ms CPU per call-second; ` +
    `ratio ${(pcm16 / pcmu).toFixed(2)}`,
);
