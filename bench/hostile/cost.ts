/** What a socket that is refused costs the service, against one that is accepted: CPU time of the whole process. */

import { StreamTokens } from "../../src/calls/stream_tokens.ts";
import { systemClock } from "../../src/clock.ts";
import { twilioSignature } from "../../src/simulator/caller/sign.ts";
import { mediaFrame, startFrame, stopFrame } from "./frames.ts";
import { markedFrame } from "./marked_frame.ts";
import { Model } from "./model.ts";
import { cpuMs, pause } from "./process.ts";
import { ServiceProcess } from "./service.ts";
import { exchange, openSocket, requestText, UPGRADE } from "./wire.ts";

const ROUNDS = 5;
const WIDTH = 8;
/** Sockets the service lets wait for their start while this is measured. */
const PENDING = 16;
/** What is on its way has come to its end after this long (ms). */
const SETTLE_MS = 400;

/** One way a socket's life may go. */
export interface Cost {
  readonly name: string;
  /** Refused before the upgrade. */
  readonly refused: boolean;
  /** What each round measured (ms of CPU a socket), and their median. */
  readonly rounds: readonly number[];
  readonly median: number;
}

interface Case {
  readonly name: string;
  readonly count: number;
  /** How many at a time. */
  readonly width: number;
  /** How each must end. */
  readonly answer: string;
  make(n: number): Promise<string>;
}

export const ACCEPTED = "accepted: handshake, start, session opened, hang-up";

/** Measures on a service of its own. */
export async function measureCosts(core: number | undefined): Promise<Cost[]> {
  /** Told by the model when the call with this number is in its session. */
  const inSession = new Map<number, () => void>();
  await using model = new Model({ heard: ({ call }) => inSession.get(call)?.(), spoke: () => {} });
  const service = await ServiceProcess.start(model.url, core, {
    START_SECONDS: "60",
    MAX_PENDING_STREAMS: `${PENDING}`,
  });
  const { port, authToken, publicUrl } = service.address;
  const wss = `${publicUrl.replace("https", "wss")}/media-stream`;
  const signed = { "x-twilio-signature": await twilioSignature(authToken, wss) };
  const forged = { "x-twilio-signature": `${"x".repeat(27)}=` };
  const tokens = new StreamTokens(systemClock, 30_000, authToken);
  const request = (line: string, headers: Record<string, string> = {}) =>
    exchange(port, requestText(line, headers));

  let calls = 0;
  const accepted = () => {
    const call = ++calls;
    return openSocket(port, signed, async (socket) => {
      const heard = new Promise<void>((resolve) => inSession.set(call, resolve));
      socket.send(startFrame("MZ1", `CA${call}`, { token: tokens.issue(`CA${call}`) }));
      // The model is told nothing before its session is configured. It answers no frame with this number.
      socket.send(mediaFrame("MZ1", 0, markedFrame({ call, frame: 1 })));
      await heard;
      socket.send(stopFrame("MZ1"));
    });
  };
  const noToken = () =>
    openSocket(port, signed, (socket) => socket.send(startFrame("MZ1", "CA1", { token: "x" })));
  const cases: readonly Case[] = [
    { name: "GET /healthz", count: 3_000, width: WIDTH, answer: "200", make: () => request("GET /healthz") },
    {
      name: "handshake, forged",
      count: 3_000,
      width: WIDTH,
      answer: "403",
      make: () => request("GET /media-stream", { ...UPGRADE, ...forged }),
    },
    {
      name: "handshake, too many wait already",
      count: 2_000,
      width: 1_000,
      answer: "503",
      make: () => request("GET /media-stream", { ...UPGRADE, ...signed }),
    },
    {
      name: "handshake and start, no valid token",
      count: 1_000,
      width: WIDTH,
      answer: "1008 no valid token",
      make: noToken,
    },
    { name: ACCEPTED, count: 400, width: WIDTH, answer: "1000", make: accepted },
  ];

  const rounds = cases.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, each] of cases.entries()) {
      const open = () => new Promise<WebSocket>((resolve) => openSocket(port, signed, resolve));
      const silent = await Promise.all(Array.from({ length: each.answer === "503" ? PENDING : 0 }, open));
      const before = await cpuMs(service.pid);
      await many(each);
      await pause(SETTLE_MS);
      // The first round warms up.
      if (round > 0) rounds[i]?.push((await cpuMs(service.pid) - before) / each.count);
      for (const socket of silent) socket.close();
    }
  }
  await service.stop();
  return cases.map(({ name, answer }, i) => {
    const measured = rounds[i] ?? [];
    const median = measured.toSorted((a, b) => a - b)[measured.length >> 1] ?? NaN;
    return { name: `${name}: ${answer}`, refused: /^[45]/.test(answer), rounds: measured, median };
  });
}

async function many({ name, count, width, make, answer }: Case): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < count) {
      const got = await make(next++);
      if (got !== answer) throw new Error(`Cannot measure "${name}": the answer was "${got}"`);
    }
  }));
}
