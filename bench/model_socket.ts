/**
 * Delay and CPU cost of small frames to the model, for each available WebSocket client.
 *
 *     deno run -A bench/model_socket.ts [--sockets 100] [--seconds 8] [--rounds 3] [--host 127.0.0.1] [--variants "ours;native"]
 *
 * Linux only. Each variant is one process with `sockets` connections, each sending a text frame of 250 bytes every 20 ms at a
 * random phase. A server in another process (npm:ws) records when each frame arrives and responds to one in 10. Rounds are
 * interleaved, variant by variant; the table has the medians of the rounds.
 * `--host` is the server's address: bench/round_trip adds a round trip of 40 ms to it.
 */

import { cpuUsage } from "node:process";
import { WebSocket as WsClient, WebSocketServer } from "ws";
import { connectWebSocket } from "../src/model/web_socket/web_socket.ts";

const FRAME_MS = 20;
const FRAME_BYTES = 250;
const PAIRED = "native, two frames a message";
type Send = (text: string) => void;
type Printable = { toString(): string };

const VARIANTS: Record<string, (url: string) => Promise<Send>> = {
  "no socket": () => Promise.resolve(() => {}),
  "native": native,
  [PAIRED]: native,
  "native, TCP_NODELAY by FFI": native,
  "npm:ws": (url) =>
    new Promise((resolve, reject) => {
      const socket = new WsClient(url, { perMessageDeflate: false });
      socket.on("open", () => resolve((text) => socket.send(text)));
      socket.on("error", reject);
    }),
  "ours": async (url) => {
    const socket = await connectWebSocket(url, { handlers: { onMessage: () => {}, onClose: () => {} } });
    return (text) => void socket.send(text);
  },
};

function native(url: string): Promise<Send> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve((text) => socket.send(text));
    socket.onerror = () => reject(new Error("Cannot connect the native client"));
  });
}

const libc = Deno.dlopen("libc.so.6", {
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});

/** Sets TCP_NODELAY on every TCP socket of this process. */
function disableNagle(): void {
  let count = 0;
  for (let fd = 3; fd < 4096; fd++) {
    if (libc.symbols.setsockopt(fd, 6, 1, new Int32Array([1]), 4) === 0) count++;
  }
  if (count === 0) throw new Error("Cannot disable Nagle's algorithm: no socket took the option");
}

const timespec = new BigInt64Array(2);

/** CLOCK_MONOTONIC, which all processes share (ms); `performance.now()` starts at 0 in each process. */
function now(): number {
  libc.symbols.clock_gettime(1, timespec);
  return Number(timespec[0]) * 1000 + Number(timespec[1]) / 1e6;
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Opens the sockets, sends for `seconds` after a warm-up of 1 s, and prints the CPU time (ms). */
async function client(variant: string, url: string, sockets: number, seconds: number): Promise<void> {
  const open = VARIANTS[variant];
  if (!open) throw new Error(`Cannot run "${variant}": use one of ${Object.keys(VARIANTS).join(", ")}`);
  const perMessage = variant === PAIRED ? 2 : 1;
  const sends = await Promise.all(Array.from({ length: sockets }, () => open(url)));
  if (variant === "native, TCP_NODELAY by FFI") disableNagle();
  let warm = false;
  for (const send of sends) {
    let waiting: string[] = [];
    setTimeout(() => {
      setInterval(() => {
        const head = `{"type":"input_audio_buffer.append","sent":${now().toFixed(3)},"warm":${
          warm ? 1 : 0
        },"audio":"`;
        waiting.push(`${head.padEnd(FRAME_BYTES - 2, "/")}"}`);
        if (waiting.length < perMessage) return;
        send(waiting.join("\n"));
        waiting = [];
      }, FRAME_MS);
    }, Math.random() * FRAME_MS);
  }
  await sleep(1000);
  warm = true;
  const before = cpuUsage();
  await sleep(seconds * 1000);
  const spent = cpuUsage(before);
  warm = false;
  await sleep(500); // frames in flight belong to the measurement
  console.log((spent.user + spent.system) / 1000);
  Deno.exit();
}

/** Prints its port; for each line on standard input, prints the delays since the previous one (ms). */
async function server(): Promise<void> {
  let delays: number[] = [];
  const listener = new WebSocketServer({ host: "0.0.0.0", port: 0, perMessageDeflate: false });
  listener.on(
    "connection",
    (socket: { on(event: string, then: (data: Printable) => void): void; send: Send }) => {
      let count = 0;
      socket.on("message", (data) => {
        const arrived = now();
        for (const frame of data.toString().split("\n")) {
          const [, sent, warm] = /"sent":([\d.]+),"warm":(\d)/.exec(frame) ?? [];
          if (warm === "1") delays.push(arrived - Number(sent));
          if (++count % 10 === 0) socket.send('{"type":"response.output_audio.delta"}');
        }
      });
    },
  );
  listener.on("listening", () => console.log((listener.address() as { port: number }).port));
  for await (const _ of Deno.stdin.readable) {
    console.log(JSON.stringify(delays));
    delays = [];
  }
  Deno.exit();
}

interface Measured {
  cpuMs: number;
  delays: [p50: number, p95: number, p99: number, max: number];
  roundTripMs: number;
}

async function measure(variant: string, host: string, sockets: number, seconds: number): Promise<Measured> {
  await using listening = start(1, ["server"]);
  const lines = listening.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = (await lines.read()).value?.trim();
  const dialled = now();
  (await Deno.connect({ hostname: host, port: Number(port) })).close();
  const roundTripMs = now() - dialled;
  const args = ["client", variant, `ws://${host}:${port}/`, `${sockets}`, `${seconds}`];
  await using sending = start(0, args);
  const cpuMs = Number(await new Response(sending.stdout).text());
  const input = listening.stdin.getWriter();
  await input.write(new Uint8Array([10]));
  let json = "";
  while (!json.endsWith("]\n")) json += (await lines.read()).value ?? "";
  await input.close();
  await Promise.all([sending.status, listening.status]);
  const delays = (JSON.parse(json) as number[]).sort((a, b) => a - b);
  const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? NaN;
  return { cpuMs, delays: [at(0.5), at(0.95), at(0.99), at(1)], roundTripMs };
}

/** Starts this file in another process, pinned to one core; BENCH_FLAGS adds flags of `deno run`. */
function start(core: number, args: string[]): Deno.ChildProcess {
  const flags = Deno.env.get("BENCH_FLAGS")?.split(" ") ?? [];
  return new Deno.Command("taskset", {
    args: [
      "-c",
      `${core}`,
      Deno.execPath(),
      "run",
      ...flags,
      "--quiet",
      "-A",
      import.meta.filename ?? "",
      ...args,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

async function compare(): Promise<void> {
  const options = new Map<string, string>();
  for (let i = 0; i < Deno.args.length; i += 2) options.set(Deno.args[i] ?? "", Deno.args[i + 1] ?? "");
  const sockets = Number(options.get("--sockets") ?? 100);
  const seconds = Number(options.get("--seconds") ?? 8);
  const rounds = Number(options.get("--rounds") ?? 3);
  const host = options.get("--host") ?? "127.0.0.1";
  const variants = options.get("--variants")?.split(";") ?? Object.keys(VARIANTS);
  const all = new Map<string, Measured[]>(variants.map((variant) => [variant, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const variant of variants) {
      const one = await measure(variant, host, sockets, seconds);
      all.get(variant)?.push(one);
      const delays = one.delays.map((ms) => ms.toFixed(2)).join(" / ");
      console.error(`round ${round}, ${variant}: ${delays} ms, ${one.cpuMs.toFixed(0)} ms CPU`);
    }
  }
  const cost = (variant: string) =>
    median((all.get(variant) ?? []).map((one) => one.cpuMs)) / sockets / seconds;
  const roundTrip = median([...all.values()].flat().map((one) => one.roundTripMs)).toFixed(1);
  console.log(
    `Deno ${Deno.version.deno}, ${sockets} sockets, ${seconds} s, ${rounds} rounds, ${roundTrip} ms to connect\n`,
  );
  console.log(
    "| client | delay ms p50 / p95 / p99 / max | p99 of the rounds | CPU ms per socket-second | to native |",
  );
  console.log("|---|---|---|---|---|");
  for (const [variant, measured] of all) {
    const show = (ms: number | undefined, digits: number) =>
      ms === undefined || isNaN(ms) ? "-" : ms.toFixed(digits);
    const delays = [0, 1, 2, 3].map((i) => show(median(measured.map((one) => one.delays[i] ?? NaN)), 2)).join(
      " / ",
    );
    const p99s = measured.map((one) => show(one.delays[2], 1)).join(", ");
    const ratio = (cost(variant) / cost("native")).toFixed(2);
    console.log(`| ${variant} | ${delays} | ${p99s} | ${cost(variant).toFixed(2)} | ${ratio} |`);
  }
}

const [mode, variant = "", url = "", sockets, seconds] = Deno.args;
if (mode === "server") await server();
else if (mode === "client") await client(variant, url, Number(sockets), Number(seconds));
else await compare();
