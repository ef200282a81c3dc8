/** One media stream of a rehearsed call: opened, talked through, reported to its status callback. */

import type { Clock } from "../../clock.ts";
import { CallFailure } from "./call_failure.ts";
import { type CallerOptions, RehearsalCaller } from "./caller.ts";
import type { MediaSocket, MediaSocketHandlers, OpenSocket } from "./media_socket.ts";
import type { Timeline } from "./timeline.ts";
import type { StreamNoun } from "./twiml.ts";
import { tell, type Webhooks } from "./webhook.ts";

/** How long a server may take to close its half after the caller hung up. */
const CLOSE_TIMEOUT_MS = 2000;

export interface StreamOptions extends Pick<CallerOptions, "accountSid" | "callSid" | "streamSid" | "part"> {
  clock: Clock;
  timeline: Timeline;
  webhooks: Webhooks;
  open: OpenSocket;
  /** Where to really find a public URL. */
  reach: (url: URL) => URL;
  /** The call is given up when this aborts. */
  signal: AbortSignal;
  /** Told of the caller once it speaks on the stream. */
  onStream(caller: RehearsalCaller): void;
}

/** Who ended the stream, and what was wrong with it. */
export interface StreamEnd {
  by: "caller" | "server";
  problem?: string;
}

/**
 * Opens the stream a TwiML document asks for, lets the caller talk, and resolves when somebody ended it.
 *
 * @param document The URL the document came from.
 */
export async function runStream(
  options: StreamOptions,
  stream: StreamNoun,
  document: string,
): Promise<StreamEnd> {
  const { clock, timeline, signal } = options;
  const url = streamUrl(stream, document);
  const report = (event: string, error?: string) => reportStream(options, stream, document, event, error);
  const headers = await options.webhooks.headers(url);
  const { promise: closed, resolve: onClose } = Promise.withResolvers<{ code: number; reason: string }>();

  let receive: MediaSocketHandlers["onMessage"] = () => {};
  let socket: MediaSocket;
  try {
    socket = await options.open(options.reach(url), headers, {
      onMessage: (data) => receive(data),
      onClose: (code, reason) => onClose({ code, reason }),
    });
  } catch (error) {
    const why = refusal(error);
    timeline.note("twilio", "stream failed", { detail: why });
    await report("stream-error", why);
    return { by: "server", problem: `Cannot open the media stream ${url}: ${why}` };
  }

  timeline.streamStarts();
  let hungUp = false;
  let giveUp = () => {};
  const caller = new RehearsalCaller({
    ...options,
    parameters: stream.parameters,
    note: timeline.note,
    send: (message) => socket.send(message),
    onHangUp() {
      hungUp = true;
      socket.close(1000);
      giveUp = clock.after(CLOSE_TIMEOUT_MS, () => onClose({ code: 1006, reason: "" }));
    },
  });
  receive = (data) => caller.receive(data);
  const abort = () => caller.hangUp("the rehearsal was stopped");
  signal.addEventListener("abort", abort, { once: true });
  caller.start();
  options.onStream(caller);
  if (signal.aborted) abort();
  const started = report("stream-started");

  const { code, reason } = await closed;
  caller.end();
  giveUp();
  signal.removeEventListener("abort", abort);
  await started;
  // 1005: a close frame without a code.
  const isClean = hungUp || code === 1000 || code === 1005;
  const detail = `${code} ${reason}`.trim();
  if (!hungUp) timeline.note("server", "closes the stream", { detail });
  await report(isClean ? "stream-stopped" : "stream-error", isClean ? undefined : `31921 ${detail}`);
  if (isClean) return { by: hungUp ? "caller" : "server" };
  return {
    by: "server",
    problem: `The server broke the media stream off (${detail}): look for errors in its log`,
  };
}

function streamUrl({ url }: StreamNoun, document: string): URL {
  const fail = (why: string) => new CallFailure(`Cannot open the media stream "${url}": ${why}`);
  const base = document.replace(/^http/, "ws");
  if (!URL.canParse(url, base)) throw fail("the address is malformed (31923)");
  const stream = new URL(url, base);
  if (!["wss:", "ws:"].includes(stream.protocol)) throw fail("a wss address was expected (31922)");
  if (stream.search !== "") throw fail("Twilio carries no query, use <Parameter> (31920)");
  return stream;
}

function refusal(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const refused = "status" in error && error.status !== undefined;
  return refused ? `the server answered ${error.status} to the upgrade (31920)` : `${error.message} (31902)`;
}

async function reportStream(
  options: StreamOptions,
  { name, statusCallback }: StreamNoun,
  document: string,
  event: string,
  error?: string,
): Promise<void> {
  if (!statusCallback) return;
  const url = new URL(statusCallback.url, document).href;
  const fields = {
    StreamSid: options.streamSid,
    StreamName: name ?? options.streamSid,
    StreamEvent: event,
    Timestamp: new Date().toISOString(),
    ...(error !== undefined && { StreamError: error }),
  };
  await tell(options.webhooks, options.timeline.note, { url, method: statusCallback.method }, fields);
}
