/** One media stream as Twilio conducts it: its messages, to the letter. */

/** A frame of the caller's (ms). */
const FRAME_MS = 20;

/** Speaks for the caller from {@linkcode start} to {@linkcode stop}; the sound itself is somebody else's. */
export class TwilioStream {
  /** What went over it. */
  counts = { sent: 0, marks: 0, clears: 0, warnings: 0 };
  #ids;
  #parameters;
  #send;
  #line;
  #sequence = 0;
  /** When the first frame was heard. */
  #startedAt;
  #over = false;

  /**
   * @param ids `{ accountSid, callSid, streamSid }`.
   * @param parameters The `<Parameter>`s of the TwiML.
   * @param send Sends one text.
   * @param line Where the assistant's sound goes: `media(bytes)`, `mark(name)`, `clear()`.
   */
  constructor(ids, parameters, send, line) {
    this.#ids = ids;
    this.#parameters = parameters;
    this.#send = send;
    this.#line = line;
  }

  start() {
    const { accountSid, streamSid, callSid } = this.#ids;
    this.#send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }));
    this.#say("start", {
      start: {
        accountSid,
        streamSid,
        callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: this.#parameters,
      },
    });
  }

  /** The caller was heard for 20 ms: µ-law, and when that began (ms, by whatever clock). */
  frame(bytes, atMs) {
    this.#startedAt ??= atMs;
    const timestamp = Math.round((atMs - this.#startedAt) / FRAME_MS) * FRAME_MS;
    this.#say("media", {
      media: {
        track: "inbound",
        chunk: String(this.counts.sent + 1),
        timestamp: String(timestamp),
        payload: btoa(String.fromCharCode(...bytes)),
      },
    });
    this.counts.sent++;
  }

  /** All before this mark was heard. */
  mark(name) {
    this.counts.marks++;
    this.#say("mark", { mark: { name } });
  }

  press(digit) {
    this.#say("dtmf", { dtmf: { track: "inbound_track", digit } });
  }

  /** The caller hangs up. */
  stop() {
    const { accountSid, callSid } = this.#ids;
    this.#say("stop", { stop: { accountSid, callSid } });
    this.end();
  }

  /** It is over, whoever ended it: nothing is sent or heard any more. */
  end() {
    this.#over = true;
  }

  /** Takes one message of the service's. What Twilio would not understand is not done, and counted. */
  receive(data) {
    if (this.#over) return;
    const message = read(data, this.#ids.streamSid);
    if (message === undefined) this.counts.warnings++;
    else if (message.event === "media") this.#line.media(message.bytes);
    else if (message.event === "mark") this.#line.mark(message.name);
    else {
      this.counts.clears++;
      this.#line.clear();
    }
  }

  #say(event, body) {
    if (this.#over) return;
    const sequenceNumber = String(++this.#sequence);
    this.#send(JSON.stringify({ event, sequenceNumber, ...body, streamSid: this.#ids.streamSid }));
  }
}

/** A new identifier as Twilio makes them: two letters and 32 hexadecimal digits. */
export function newSid(letters) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return letters + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a message asks for; undefined when it is malformed (31951), or no text (31950). */
function read(data, streamSid) {
  try {
    const { event, streamSid: named, media, mark } = JSON.parse(data);
    if (named !== streamSid) return undefined;
    if (event === "clear") return { event };
    if (event === "mark" && typeof mark.name === "string") return { event, name: mark.name };
    if (event !== "media" || typeof media.payload !== "string") return undefined;
    return { event, bytes: Uint8Array.from(atob(media.payload), (letter) => letter.charCodeAt(0)) };
  } catch {
    return undefined;
  }
}
