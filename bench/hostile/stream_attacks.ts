import { encodeHex } from "@std/encoding/hex";
import { StreamTokens } from "../../src/calls/stream_tokens.ts";
import { systemClock } from "../../src/clock.ts";
import { type Attack, attack, refused, type Target } from "./attack.ts";
import { BAD_STARTS, badFrames, mediaFrame, startFrame, stopFrame } from "./frames.ts";
import { NO_START_OR_PENDING } from "./counters.ts";
import { clientAddress, itemAt, requestsTo, UNSIGNED } from "./requests.ts";
import { exchange, openSocket, requestText, UPGRADE } from "./wire.ts";

const PATH = "/media-stream";
const RUN = encodeHex(crypto.getRandomValues(new Uint8Array(8)));
const VALID_MS = 30_000;
/** Above the allowed burst: 10 s of 100 frames a second by default. */
const TOO_MANY = 1_200;
/** Sockets opened at once; the service keeps 256 pending by default. */
const FLOOD = 600;
/** Malformed frames are sent in batches at this interval (ms): above the allowed rate, within the allowed burst. */
const BATCH = 25;
const BATCH_MS = 20;
/** Frames sent after `stop`. */
const AFTER_STOP = 10;
/** Deno's close code of a reset connection: the close frame may be lost while the client still sends. */
const RESET = "0";

/**
 * Frames that violate RFC 6455, sections 5.2 to 5.5 and 8.1: a reserved bit, an unknown opcode, a length of 2^62, a ping of
 * 126 bytes, text that is not UTF-8, a continuation without a start, and an unmasked text.
 */
const BROKEN: readonly (readonly number[])[] = [
  [0xf1, 0x80, 0, 0, 0, 0],
  [0x83, 0x80, 0, 0, 0, 0],
  [0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0x89, 0xfe, 0, 126, 0, 0, 0, 0, ...Array<number>(126).fill(0)],
  [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28],
  [0x80, 0x80, 0, 0, 0, 0],
  [0x81, 0x02, 0x7b, 0x7d],
];

/** Forged and replayed media streams, and malformed frames in calls. */
export async function streamAttacks(target: Target): Promise<Attack[]> {
  const { authToken, publicUrl } = target;
  const wss = publicUrl.replace("https", "wss");
  const good = await requestsTo(target).sign(PATH, {}, authToken, wss);
  return [
    ...handshakes(target, wss, good),
    ...starts(target, { "x-twilio-signature": good }),
    ...frames(target, { "x-twilio-signature": good }),
  ];
}

/** Attacks refused before the upgrade. */
function handshakes(target: Target, wss: string, good: string): Attack[] {
  const { get, sign } = requestsTo(target);
  return [
    attack("handshake, not signed or forged", 1_200, UNSIGNED, async (n) => {
      const signature = await itemAt([
        () => "",
        () => good.slice(0, 27),
        () => sign(PATH, {}, `guess ${n}`, wss),
        () => sign(`${PATH}?token=1`, {}, target.authToken, wss),
        () => sign(PATH, {}, target.authToken, "wss://evil.example"),
      ], n)();
      const signed = signature ? { "x-twilio-signature": signature } : {};
      return await get(PATH, { ...UPGRADE, ...clientAddress(n), ...signed });
    }),
    attack("handshake from another site's page", 200, refused("request/origin", "403"), (n) => {
      return get(PATH, { ...UPGRADE, origin: `https://evil-${n}.example` });
    }),
    attack("media stream's address without an upgrade", 200, refused("request/no upgrade", "426"), (n) => {
      return get(PATH, n % 2 ? { upgrade: "h2c" } : clientAddress(n));
    }),
    attack("signed handshake without a key", 200, refused("request/bad upgrade", "400"), (n) => {
      const half = n % 2 ? { connection: "upgrade" } : { "sec-websocket-key": "x" };
      return get(PATH, { upgrade: "websocket", "x-twilio-signature": good, ...half });
    }),
  ];
}

/** Attacks with a signed (or replayed) handshake and no valid `start`. */
function starts({ port, authToken, victims }: Target, signed: Record<string, string>): Attack[] {
  const tokens = new StreamTokens(systemClock, VALID_MS, authToken);
  const pastClock = { ...systemClock, wallTime: () => Date.now() - 2 * VALID_MS };
  const expired = new StreamTokens(pastClock, VALID_MS, authToken);
  const noToken = refused("stream/no valid token", "1008 no valid token");
  const hasStream = refused("stream/call has a stream", "1008 call has a stream");
  const leftEarly = (...answers: string[]) => refused("stream/gone before start", ...answers);
  const handshake = requestText(`GET ${PATH}`, { ...UPGRADE, ...signed });
  const silent = () => openSocket(port, signed);
  const start = (n: number, callSid: string, token: unknown) =>
    openSocket(port, signed, (socket) => socket.send(startFrame(`MZ${n}`, callSid, { token })));
  return [
    attack("start with a forged token, or none", 400, noToken, (n) => {
      const good = tokens.issue(newCallSid(n));
      const lastChanged = good.replace(/.$/, (last) => last === "0" ? "1" : "0");
      const long = "x".repeat(10_000);
      const cut = good.slice(0, -1);
      const forged = ["", lastChanged, cut, `${good} `, good.toUpperCase(), { good }, null, long];
      return start(n, newCallSid(n), itemAt(forged, n));
    }),
    attack("start with a token that has expired", 200, noToken, (n) => {
      return start(n, newCallSid(n), expired.issue(newCallSid(n)));
    }),
    attack("start with another call's token", 200, noToken, (n) => {
      return start(n, newCallSid(n), tokens.issue(newCallSid(n + 1)));
    }),
    attack("handshake and start of a call in progress, replayed", 300, noToken, (n) => {
      const { callSid, token } = itemAt(victims, n);
      return start(n, callSid, token);
    }),
    attack("second stream for a call in progress, with a new token", 200, hasStream, (n) => {
      const { callSid } = itemAt(victims, n);
      return start(n, callSid, tokens.issue(callSid));
    }),
    attack("incomplete start", 200, leftEarly("1005", "1000"), (n) => {
      return openSocket(port, signed, (socket) => {
        socket.send(itemAt(BAD_STARTS, n));
        socket.close(1000);
      });
    }),
    attack("disconnect right after the handshake", 200, leftEarly("left"), () => {
      return exchange(port, handshake, { leave: true });
    }),
    attack("frames that break RFC 6455", 200, leftEarly("101"), (n) => {
      return exchange(port, Uint8Array.from([...new TextEncoder().encode(handshake), ...itemAt(BROKEN, n)]));
    }),
    attack(
      "signed handshake, then silence",
      150,
      refused(NO_START_OR_PENDING, "1008 no start in time"),
      silent,
      {
        slow: true,
      },
    ),
    attack(
      "flood of signed handshakes",
      FLOOD,
      refused(NO_START_OR_PENDING, "1008 no start in time", "503"),
      silent,
      {
        slow: true,
        when: "last",
      },
    ),
  ];
}

/** Attacks on an accepted stream. */
function frames({ port, authToken }: Target, signed: Record<string, string>): Attack[] {
  const tokens = new StreamTokens(systemClock, VALID_MS, authToken);
  const started = (callSid: string) => startFrame("MZbad", callSid, { token: tokens.issue(callSid) });
  const malformed = badFrames("MZbad").flatMap((frame) => Array<typeof frame>(frame.repeat).fill(frame));
  const tooLong = refused("stream/frame too big", "1009 frame too big");
  const tooMany = refused("stream/too many frames", "1008 too many frames", RESET);
  const skipped: Record<string, number> = {};
  for (const { reason } of malformed) skipped[`frame/${reason}`] = (skipped[`frame/${reason}`] ?? 0) + 1;
  const malformedCall = { counted: { ...skipped, "ended/caller hung up": 1 }, answers: ["1000", RESET] };
  return [
    attack("frame too long, before start", 100, tooLong, (n) => {
      return openSocket(port, signed, (socket) => socket.send("x".repeat(n % 2 ? 65_537 : 1_048_576)));
    }),
    attack("too many frames, before start", 2, tooMany, () => {
      return openSocket(port, signed, (socket) => {
        for (let i = 0; i < TOO_MANY; i++) socket.send("{}");
      });
    }, { size: TOO_MANY }),
    attack("too many frames, in a call", 2, refused("ended/flood", "1000", RESET), (n) => {
      return openSocket(port, signed, (socket) => {
        socket.send(started(`${newCallSid(n)}flood`));
        for (let i = 0; i < TOO_MANY; i++) socket.send(mediaFrame("MZbad", i));
      });
    }, { size: TOO_MANY }),
    attack("malformed frames in a call, and frames after stop", 12, malformedCall, (n) => {
      return openSocket(port, signed, async (socket) => {
        socket.send(started(`${newCallSid(n)}malformed`));
        for (const [i, { data }] of malformed.entries()) {
          socket.send(data);
          if (i % BATCH === 0) await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
        }
        socket.send(stopFrame("MZbad"));
        for (let i = 0; i < AFTER_STOP; i++) socket.send(i % 2 ? mediaFrame("MZbad", i) : "{");
      });
    }, { size: malformed.length + AFTER_STOP }),
  ];
}

/** Unique per attack and run: the service refuses the CallSid of an ended call. */
const newCallSid = (n: number) => `CA${RUN}${String(n).padStart(16, "0")}`;
