/** One media stream, from the opening of its socket to its end. */

import { CallError } from "./call_error.js";
import { newSid } from "./sid.js";

/** @import { Clock } from "../../clock.ts" */
/** @import { StreamIds } from "./stream_wire.js" */
/** @import { StreamNoun } from "./twiml_reader.js" */
/** @import { WebhookClient } from "./webhook_client.js" */

/**
 * @typedef {object} MediaSocket
 * @property {(message: string) => void} send Sends a text message; does nothing on a socket that is closing.
 * @property {(code?: number) => void} close
 */
/**
 * @typedef {object} MediaSocketHandlers
 * @property {(data: unknown) => void} onMessage A string, or something else for a binary frame.
 * @property {(code: number, reason: string) => void} onClose Called once and last; 1006 without a close frame.
 */
/**
 * Opens a socket, or rejects with the reason; when the server refused the upgrade, the error has its
 * `status`. Gives up when the signal aborts.
 * @typedef {(url: URL, headers: Record<string, string>, handlers: MediaSocketHandlers, signal: AbortSignal) =>
 *   Promise<MediaSocket>} OpenSocket
 */
/**
 * The caller's end of a stream, such as a {@linkcode StreamWire} with audio attached.
 * @typedef {object} StreamEndpoint
 * @property {() => void} start Sends `connected` and `start`.
 * @property {(data: unknown) => void} receive Handles one WebSocket message.
 * @property {(digit: string) => void} press
 * @property {() => void} stop Sends `stop`, unless it did so before, and ends.
 * @property {() => void} end Stops sending and receiving.
 */
/** @typedef {StreamIds & { parameters: Record<string, string>, send: (message: string) => void }} EndpointOptions */
/**
 * @typedef {object} StreamRunOptions
 * @property {Clock} clock
 * @property {OpenSocket} openSocket
 * @property {(options: EndpointOptions) => StreamEndpoint} createEndpoint Called when the socket has opened.
 */
/**
 * @typedef {object} StreamEnd
 * @property {"caller" | "service"} by
 * @property {string} detail Close code and reason, or the reason why the socket could not be opened.
 * @property {CallError} [failure] `stream-refused` or `stream-broken`.
 */

/** Twilio's timeout for the response to the upgrade (error 31901). */
const OPEN_TIMEOUT_MS = 10_000;
/** Timeout for the service's close frame after a hang-up. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Opens the stream of a `<Stream>`, reports it to its status callback and resolves when it has ended.
 *
 * @param {StreamNoun} noun
 * @param {StreamRunOptions} options
 * @param {{ accountSid: string, callSid: string, hungUp: AbortSignal }} call
 * @param {WebhookClient} webhooks
 * @param {(endpoint: StreamEndpoint, streamSid: string) => void} onOpened
 * @returns {Promise<StreamEnd>}
 * @throws {CallError} `stream-refused` for a URL Twilio does not open. Also errors of `reach`.
 */
export async function runStream(noun, options, { accountSid, callSid, hungUp }, webhooks, onOpened) {
  const { clock, createEndpoint } = options;
  const streamSid = newSid("MZ");
  /** @param {string} event @param {string} [error] */
  const report = (event, error) =>
    webhooks.notify(noun.statusCallback, {
      StreamSid: streamSid,
      StreamName: noun.name ?? streamSid,
      StreamEvent: event,
      Timestamp: new Date(clock.wallTime()).toISOString(),
      ...(error !== undefined && { StreamError: error }),
    });

  const url = streamUrl(noun.url, webhooks.documentUrl);
  const closed =
    /** @type {PromiseWithResolvers<{ code: number, reason: string }>} */ (Promise.withResolvers());
  /** @type {StreamEndpoint | undefined} */
  let endpoint;
  let socket;
  try {
    socket = await open(url, options, webhooks, hungUp, {
      onMessage: (data) => endpoint?.receive(data),
      onClose: (code, reason) => closed.resolve({ code, reason }),
    });
  } catch (error) {
    if (error instanceof CallError) throw error;
    if (hungUp.aborted) return { by: "caller", detail: "" };
    const why = refusal(error);
    await report("stream-error", why);
    const failure = new CallError("stream-refused", `Cannot open the media stream ${url}: ${why}`, why);
    return { by: "service", detail: why, failure };
  }

  let giveUp = () => {};
  const streamEndpoint = endpoint = createEndpoint({
    accountSid,
    callSid,
    streamSid,
    parameters: noun.parameters,
    send: (message) => socket.send(message),
  });
  const hangUp = () => {
    streamEndpoint.stop();
    socket.close(1000);
    giveUp = clock.after(CLOSE_TIMEOUT_MS, () => closed.resolve({ code: 1006, reason: "" }));
  };
  hungUp.addEventListener("abort", hangUp, { once: true });
  streamEndpoint.start();
  onOpened(streamEndpoint, streamSid);
  if (hungUp.aborted) hangUp();
  const started = report("stream-started");

  const { code, reason } = await closed.promise;
  hungUp.removeEventListener("abort", hangUp);
  streamEndpoint.end();
  giveUp();
  await started;
  // 1005 is a close frame without a code.
  const isClean = hungUp.aborted || code === 1000 || code === 1005;
  const detail = `${code} ${reason}`.trim();
  await report(isClean ? "stream-stopped" : "stream-error", isClean ? undefined : `31921 ${detail}`);
  if (isClean) return { by: hungUp.aborted ? "caller" : "service", detail };
  const message = `The server broke off the media stream (${detail}): look for errors in its log`;
  return { by: "service", detail, failure: new CallError("stream-broken", message, detail) };
}

/**
 * @param {URL} url @param {StreamRunOptions} options @param {WebhookClient} webhooks @param {AbortSignal} hungUp
 * @param {MediaSocketHandlers} handlers
 */
async function open(url, { clock, openSocket }, webhooks, hungUp, handlers) {
  const target = webhooks.reach(url);
  const headers = await webhooks.headers(url);
  const timeout = new AbortController();
  const cancel = clock.after(OPEN_TIMEOUT_MS, () => timeout.abort());
  try {
    return await openSocket(target, headers, handlers, AbortSignal.any([timeout.signal, hungUp]));
  } catch (error) {
    if (timeout.signal.aborted) throw new Error(`no answer within ${OPEN_TIMEOUT_MS / 1000} s (31901)`);
    throw error;
  } finally {
    cancel();
  }
}

/** @param {string} url @param {string} documentUrl */
function streamUrl(url, documentUrl) {
  /** @param {string} why */
  const fail = (why) => new CallError("stream-refused", `Cannot open the media stream "${url}": ${why}`, why);
  const base = documentUrl.replace(/^http/, "ws");
  if (!URL.canParse(url, base)) throw fail("the address is malformed (31923)");
  const stream = new URL(url, base);
  if (!["wss:", "ws:"].includes(stream.protocol)) throw fail("a wss address was expected (31922)");
  if (stream.search !== "") throw fail("Twilio does not send a query, use <Parameter> (31920)");
  return stream;
}

/** @param {unknown} error */
function refusal(error) {
  if (!(error instanceof Error)) return String(error);
  if ("status" in error && error.status !== undefined) {
    return `the server answered ${error.status} to the upgrade (31920)`;
  }
  return /\(319\d\d\)$/.test(error.message) ? error.message : `${error.message} (31902)`;
}
