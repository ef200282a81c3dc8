/**
 * Twilio's side of a media stream's messages.
 * Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */

import { BYTES_PER_MS, FRAME_MS } from "../../audio/line_format.js";

/** @typedef {{ accountSid: string, callSid: string, streamSid: string }} StreamIds */
/**
 * Receiver of the assistant's audio.
 * @typedef {object} Playback
 * @property {(bytes: Uint8Array) => boolean | void} media Buffers µ-law; false when the buffer is full.
 * @property {(name: string) => void} mark
 * @property {() => void} clear
 */
/**
 * @typedef {object} StreamWireOptions
 * @property {StreamIds} ids
 * @property {Record<string, string>} parameters The `<Parameter>`s of the TwiML.
 * @property {(message: string) => void} send
 * @property {Playback} playback
 * @property {(code: 31931 | 31950 | 31951, why: string) => void} [onWarning] A message Twilio would ignore and report.
 */
/**
 * A message of the service, or the reason why Twilio would ignore it.
 * @typedef {{ event: "media", payload: Uint8Array } | { event: "mark", name: string } | { event: "clear" }
 *   | { event: "invalid", code: 31950 | 31951, why: string }} ServiceMessage
 */

/** Numbers and sends Twilio's messages, and handles the service's. */
export class StreamWire {
  /** Messages in both directions; `mediaMs` is the audio received. */
  counts = {
    framesSent: 0,
    mediaReceived: 0,
    mediaMs: 0,
    marksReceived: 0,
    marksReturned: 0,
    clears: 0,
    warnings: 0,
  };
  #options;
  #sequence = 0;
  /** @type {number | undefined} */
  #firstFrameAt;
  #ended = false;

  /** @param {StreamWireOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** Sends `connected` and `start`. */
  start() {
    const { ids: { accountSid, streamSid, callSid }, parameters, send } = this.#options;
    send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }));
    this.#send("start", {
      start: {
        accountSid,
        streamSid,
        callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: parameters,
      },
    });
  }

  /**
   * Sends 20 ms of the caller. The first frame is at 0; a gap in the clock is a gap in the timestamps.
   *
   * @param {Uint8Array} bytes µ-law.
   * @param {number} atMs Start of the frame on any clock.
   */
  sendFrame(bytes, atMs) {
    if (this.#ended) return;
    this.#firstFrameAt ??= atMs;
    const timestamp = Math.round((atMs - this.#firstFrameAt) / FRAME_MS) * FRAME_MS;
    const chunk = ++this.counts.framesSent;
    const payload = btoa(String.fromCharCode(...bytes));
    this.#send("media", {
      media: { track: "inbound", chunk: String(chunk), timestamp: String(timestamp), payload },
    });
  }

  /** All audio before this mark was heard, or cleared. @param {string} name */
  returnMark(name) {
    if (this.#ended) return;
    this.counts.marksReturned++;
    this.#send("mark", { mark: { name } });
  }

  /** @param {string} digit 0 to 9, *, #, A to D. */
  press(digit) {
    this.#send("dtmf", { dtmf: { track: "inbound_track", digit } });
  }

  /** The caller hangs up. Sends `stop` and then stops sending and receiving. */
  stop() {
    const { accountSid, callSid } = this.#options.ids;
    this.#send("stop", { stop: { accountSid, callSid } });
    this.end();
  }

  /** The socket has closed. Stops sending and receiving. */
  end() {
    this.#ended = true;
  }

  /**
   * Handles one WebSocket message of the service.
   *
   * @param {unknown} data A string; anything else is a binary frame.
   * @returns {ServiceMessage["event"] | undefined} Undefined after the end.
   */
  receive(data) {
    if (this.#ended) return undefined;
    const { ids, playback } = this.#options;
    const message = readServiceMessage(data, ids.streamSid);
    switch (message.event) {
      case "media":
        this.counts.mediaReceived++;
        this.counts.mediaMs += message.payload.length / BYTES_PER_MS;
        if (playback.media(message.payload) === false) {
          this.#warn(31931, "more than 10 minutes of audio buffered, discarded");
        }
        break;
      case "mark":
        this.counts.marksReceived++;
        playback.mark(message.name);
        break;
      case "clear":
        this.counts.clears++;
        playback.clear();
        break;
      case "invalid":
        this.#warn(message.code, `message ignored: ${message.why}`);
    }
    return message.event;
  }

  /** @param {31931 | 31950 | 31951} code @param {string} why */
  #warn(code, why) {
    this.counts.warnings++;
    this.#options.onWarning?.(code, why);
  }

  /** @param {string} event @param {Record<string, unknown>} body */
  #send(event, body) {
    if (this.#ended) return;
    const sequenceNumber = String(++this.#sequence);
    const { send, ids: { streamSid } } = this.#options;
    send(JSON.stringify({ event, sequenceNumber, ...body, streamSid }));
  }
}

/**
 * Reads one message as strictly as Twilio does: unknown, missing and unexpected fields are errors (31951).
 *
 * @param {unknown} data @param {string} streamSid
 * @returns {ServiceMessage}
 */
export function readServiceMessage(data, streamSid) {
  if (typeof data !== "string") return { event: "invalid", code: 31950, why: "a binary frame" };
  try {
    return readMessage(JSON.parse(data), streamSid);
  } catch (error) {
    const why = error instanceof MalformedMessage ? error.message : "invalid JSON";
    return { event: "invalid", code: 31951, why };
  }
}

class MalformedMessage extends Error {}

/** @param {unknown} message @param {string} streamSid @returns {ServiceMessage} */
function readMessage(message, streamSid) {
  const event = isRecord(message) ? message.event : undefined;
  if (event === "media") {
    const { media } = fields(message, ["event", "streamSid", "media"], streamSid);
    return { event, payload: bytesOf(fields(media, ["payload"]).payload) };
  }
  if (event === "mark") {
    const { mark } = fields(message, ["event", "streamSid", "mark"], streamSid);
    const { name } = fields(mark, ["name"]);
    if (typeof name !== "string") throw new MalformedMessage("a mark without a name");
    return { event, name };
  }
  if (event === "clear") {
    fields(message, ["event", "streamSid"], streamSid);
    return { event };
  }
  throw new MalformedMessage(`an unknown event ${String(JSON.stringify(event)).slice(0, 60)}`);
}

/** @param {unknown} value @param {string[]} names @param {string} [streamSid] */
function fields(value, names, streamSid) {
  if (!isRecord(value)) throw new MalformedMessage(`not an object with ${names.join(", ")}`);
  const missing = names.find((name) => !(name in value));
  if (missing) throw new MalformedMessage(`a missing field "${missing}"`);
  const unexpected = Object.keys(value).find((name) => !names.includes(name));
  if (unexpected) throw new MalformedMessage(`an unexpected field "${unexpected}"`);
  if (streamSid !== undefined && value.streamSid !== streamSid) {
    throw new MalformedMessage("a wrong streamSid");
  }
  return value;
}

/** @param {unknown} payload */
function bytesOf(payload) {
  try {
    if (typeof payload === "string") return Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
  } catch {
    // Reported below.
  }
  throw new MalformedMessage("a payload that is not base64");
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
