/** One media stream from the opening of its socket to its end, whoever ends it. */

import { aborted, pause } from "./gather.js";
import { newSid, TwilioStream } from "./stream.js";
import { CallError } from "./webhooks.js";

/** Twilio gives a socket so long to open (ms). */
const OPEN_MS = 10_000;
/** How long the service may take to close its half when the caller hung up (ms). */
const CLOSE_MS = 2_000;

/**
 * Opens the stream a document asks for, and resolves when it is over.
 *
 * @param noun The `<Stream>`.
 * @param options `accountSid` and `callSid`; `webhooks`; `sound`; `over`, cut off when the caller hangs up;
 *   `started(stream)`, told the stream once it is open.
 * @returns how it ended: `clean` when nothing broke, `detail` as the socket tells it; undefined when it never began.
 * @throws {CallError} when it is refused.
 */
export async function runStream(noun, { accountSid, callSid, webhooks, sound, over, started }) {
  const socket = await open(webhooks.reach(noun.url, "ws"), over);
  if (!socket) return undefined;
  const closed = new Promise((resolve) => socket.onclose = resolve);
  const streamSid = newSid("MZ");
  const send = (text) => socket.readyState === WebSocket.OPEN && socket.send(text);
  const stream = new TwilioStream({ accountSid, callSid, streamSid }, noun.parameters, send, sound);
  socket.onmessage = ({ data }) => stream.receive(data);
  stream.start();
  const report = (StreamEvent, more = {}) =>
    webhooks.tell(noun.statusCallback, {
      StreamSid: streamSid,
      StreamName: noun.name ?? streamSid,
      StreamEvent,
      Timestamp: new Date().toISOString(),
      ...more,
    });
  report("stream-started");
  started(stream);

  const ended = new AbortController();
  const hungUp = aborted(over).then(async () => {
    if (ended.signal.aborted) return undefined;
    stream.stop();
    socket.close(1000);
    await pause(CLOSE_MS, ended.signal);
    return { code: 1000, reason: "" };
  });
  const { code, reason } = await Promise.race([closed, hungUp]);
  ended.abort();
  stream.end();
  // Twilio plays no more of what waits.
  sound.clear();
  // 1005: a close without a code.
  const clean = over.aborted || code === 1000 || code === 1005;
  const detail = `${code} ${reason}`.trim();
  report(clean ? "stream-stopped" : "stream-error", clean ? {} : { StreamError: `31921 ${detail}` });
  return { clean, detail };
}

/** The socket once it is open; undefined when the caller hangs up before. */
async function open(url, over) {
  const socket = new WebSocket(url);
  const opened = await new Promise((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onerror = () => resolve(false);
    aborted(AbortSignal.any([over, AbortSignal.timeout(OPEN_MS)])).then(() => resolve(false));
  });
  if (opened && !over.aborted) return socket;
  socket.close();
  if (over.aborted) return undefined;
  throw new CallError("noStream");
}
