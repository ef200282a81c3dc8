/** CPU time that the service spends on a refused socket, compared with an accepted one. */

import { StreamTokens } from "../../src/calls/stream_tokens.ts";
import { systemClock } from "../../src/clock.ts";
import { twilioSignature } from "../../src/twilio/request_signature.ts";
import { mediaFrame, startFrame, stopFrame } from "./frames.ts";
import { markedFrame } from "./marked_frame.ts";
import { EchoModel } from "./model.ts";
import { cpuMs, pause } from "./process.ts";
import { ServiceProcess } from "./service.ts";
import { exchange, openSocket, requestText, UPGRADE } from "./wire.ts";

const ROUNDS = 5;
const WIDTH = 8;
/** MAX_PENDING_STREAMS of the measured service. */
const PENDING = 16;
/** Wait for the service to finish before the CPU time is read (ms). */
const SETTLE_MS = 400;

/** Measured cost of one kind of socket. */
export interface SocketCost {
  readonly name: string;
  /** Refused before the upgrade. */
  readonly refused: boolean;
  /** CPU per socket in each round, and the median (ms). */
  readonly rounds: readonly number[];
  readonly median: number;
}

interface SocketKind {
  readonly name: string;
  readonly count: number;
  /** Concurrent sockets. */
  readonly width: number;
  /** Required result of each. */
  readonly expectedResult: string;
  make(n: number): Promise<string>;
}

export const ACCEPTED = "accepted: handshake, start, session opened, hang-up";

/** Measures all kinds on a separate service. */
export async function measureCosts(core: number | undefined): Promise<SocketCost[]> {
  /** Called when the first frame of a call reaches its session, by call number. */
  const onFirstFrame = new Map<number, () => void>();
  await using model = new EchoModel({
    frameReceived: ({ call }) => onFirstFrame.get(call)?.(),
    frameSent: () => {},
  });
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
      const received = new Promise<void>((resolve) => onFirstFrame.set(call, resolve));
      socket.send(startFrame("MZ1", `CA${call}`, { token: tokens.issue(`CA${call}`) }));
      // Frames reach the model once its session is configured. It responds to no frame with number 1.
      socket.send(mediaFrame("MZ1", 0, markedFrame({ call, frame: 1 })));
      await received;
      socket.send(stopFrame("MZ1"));
    });
  };
  const noToken = () =>
    openSocket(port, signed, (socket) => socket.send(startFrame("MZ1", "CA1", { token: "x" })));
  const cases: readonly SocketKind[] = [
    {
      name: "GET /healthz",
      count: 3_000,
      width: WIDTH,
      expectedResult: "200",
      make: () => request("GET /healthz"),
    },
    {
      name: "handshake, forged",
      count: 3_000,
      width: WIDTH,
      expectedResult: "403",
      make: () => request("GET /media-stream", { ...UPGRADE, ...forged }),
    },
    {
      name: "handshake, too many pending",
      count: 2_000,
      width: 1_000,
      expectedResult: "503",
      make: () => request("GET /media-stream", { ...UPGRADE, ...signed }),
    },
    {
      name: "handshake and start, no valid token",
      count: 1_000,
      width: WIDTH,
      expectedResult: "1008 no valid token",
      make: noToken,
    },
    { name: ACCEPTED, count: 400, width: WIDTH, expectedResult: "1000", make: accepted },
  ];

  const rounds = cases.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, each] of cases.entries()) {
      const open = () => new Promise<WebSocket>((resolve) => openSocket(port, signed, resolve));
      const pending = await Promise.all(
        Array.from({ length: each.expectedResult === "503" ? PENDING : 0 }, open),
      );
      const before = await cpuMs(service.pid);
      await runMany(each);
      await pause(SETTLE_MS);
      // Round 0 is the warm-up.
      if (round > 0) rounds[i]?.push((await cpuMs(service.pid) - before) / each.count);
      for (const socket of pending) socket.close();
    }
  }
  await service.stop();
  return cases.map(({ name, expectedResult: answer }, i) => {
    const measured = rounds[i] ?? [];
    const median = measured.toSorted((a, b) => a - b)[measured.length >> 1] ?? NaN;
    return { name: `${name}: ${answer}`, refused: /^[45]/.test(answer), rounds: measured, median };
  });
}

async function runMany({ name, count, width, make, expectedResult: answer }: SocketKind): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < count) {
      const result = await make(next++);
      if (result !== answer) throw new Error(`Cannot measure "${name}": the result was "${result}"`);
    }
  }));
}
