/** A call from the browser phone: Twilio's part of the call runs in the page, with the browser's audio. */

import { CallError } from "../../simulator/twilio/call_error.js";
import { aborted } from "../../simulator/twilio/pause.js";
import { socketOpener } from "../../simulator/twilio/socket_opener.js";
import { StreamWire } from "../../simulator/twilio/stream_wire.js";
import { TwilioCall } from "../../simulator/twilio/twilio_call.js";
import { messageOf } from "../api_client.js";
import { speak } from "./speech_synthesis.js";

/** @import { Clock } from "../../clock.ts" */
/** @import { DialOutcome } from "../../simulator/twilio/dialed_number.js" */
/** @import { CallResult, CallStep } from "../../simulator/twilio/twilio_call.js" */
/** @import { PhoneCallOptions, PhoneState, Platform } from "./phone_types.ts" */

/** The caller, as Twilio names a client without a number. */
const FROM = "client:console";

/** @type {Clock} */
const browserClock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

/** @type {Platform} */
const BROWSER = {
  clock: browserClock,
  fetch: (input, init) => fetch(input, init),
  openSocket: socketOpener((url) => new WebSocket(url)),
  from: FROM,
};

/** A call from {@linkcode run} to its end. */
export class PhoneCall {
  /** @type {PhoneState} */
  state = { phase: "microphone" };
  /** Whether a media stream was opened. Only then does the call have a record. */
  connected = false;
  /** @type {StreamWire | undefined} The open stream. */
  stream;
  #options;
  #call;
  /** @type {((outcome: DialOutcome) => void) | undefined} */
  #endDial;

  /** @param {PhoneCallOptions} options */
  constructor(options) {
    this.#options = options;
    const { audio, publicUrl, to, assistant, onLevels, platform = BROWSER } = options;
    this.#call = new TwilioCall({
      ...platform,
      reach: (url) => this.#reach(url),
      voiceUrl: { url: `${publicUrl}/incoming-call`, method: "POST" },
      statusCallback: { url: `${publicUrl}/call-status`, method: "POST" },
      to,
      fields: assistant ? { Assistant: assistant } : {},
      speak: (say, signal) => speak(say, signal, platform.clock),
      dial: (number, signal) => this.#dial(number, signal),
      createEndpoint: ({ parameters, send, ...ids }) =>
        this.stream = new StreamWire({ ids, parameters, send, playback: audio }),
      onStep: (step) => this.#report(step),
    });
    audio.onMark = (name) => this.stream?.returnMark(name);
    audio.onFrame = (frame, atMs, levels) => {
      this.stream?.sendFrame(frame, atMs);
      onLevels(levels);
    };
  }

  get callSid() {
    return this.#call.callSid;
  }

  /** Time since the call was answered (ms). */
  get answeredMs() {
    return this.#call.answeredMs;
  }

  /** Places the call and resolves when it has ended. Failures are reported in the state. */
  async run() {
    const { audio, ready, onStep } = this.#options;
    /** @type {PhoneState} */
    let ended;
    try {
      await Promise.all([audio.start(), Promise.race([ready, aborted(this.#call.hungUp)])]);
      if (!this.#call.hungUp.aborted) this.#setState({ phase: "ringing" });
      ended = this.#call.hungUp.aborted
        ? { phase: "ended", why: "hungUp" }
        : endState(await this.#call.run());
    } catch (error) {
      ended = {
        phase: "ended",
        why: "failed",
        detail: messageOf(error),
      };
    }
    onStep("hangsUp", {});
    await audio.close();
    this.#setState(ended);
  }

  /** Resolves when every callback was sent; {@linkcode run} does not wait for them. */
  async delivered() {
    await this.#call.delivered();
  }

  hangUp() {
    this.#call.hangUp();
  }

  /** @param {string} key */
  press(key) {
    if (this.#call.hungUp.aborted) return;
    this.#options.audio.playTone(key);
    this.#call.press(key);
  }

  /**
   * Decides whether the dialed party answers.
   *
   * @param {DialOutcome["status"]} status
   */
  endDial(status) {
    this.#endDial?.({ status, talkMs: 0 });
  }

  /** @param {string} number @param {AbortSignal} signal @returns {Promise<DialOutcome>} */
  async #dial(number, signal) {
    this.#setState({ phase: "dialling", number });
    const { promise, resolve } = /** @type {PromiseWithResolvers<DialOutcome>} */ (Promise.withResolvers());
    this.#endDial = resolve;
    aborted(signal).then(() => resolve({ status: "no-answer", talkMs: 0 }));
    const outcome = await promise;
    this.#endDial = undefined;
    return outcome;
  }

  /**
   * Maps the service's own URLs to the page's origin, whatever PUBLIC_URL is. A page must not request other
   * hosts.
   *
   * @param {URL} url
   * @throws {CallError} `foreign-host`
   */
  #reach(url) {
    const { base, publicUrl } = this.#options;
    const scheme = url.protocol.startsWith("ws") ? "ws" : "http";
    const absolute = url.href.replace(/^ws/, "http");
    const knownBase = [publicUrl, base].find((each) => absolute.startsWith(`${each}/`));
    if (knownBase === undefined) {
      throw new CallError(
        "foreign-host",
        `Cannot request ${url.href}: a page may not request other hosts`,
        url.href,
      );
    }
    return new URL((base + absolute.slice(knownBase.length)).replace(/^http/, scheme));
  }

  /** @param {CallStep} step */
  #report(step) {
    const { audio, onStep } = this.#options;
    switch (step.type) {
      case "twiml-requested":
        return onStep("requests", { url: step.url });
      case "verb":
        if (step.verb.verb === "Say") {
          this.#setState({ phase: "saying", text: step.verb.text });
          onStep("says", { text: step.verb.text });
        } else if (step.verb.verb === "Play") onStep("plays", { url: step.verb.url });
        else if (step.verb.verb === "Connect") this.#setState({ phase: "connecting" });
        else if (step.verb.verb === "Dial") onStep("dials", { number: step.verb.number });
        return;
      case "gather-waiting":
        return this.#setState({ phase: "gathering" });
      case "keys-gathered":
        return onStep(step.digits === "" ? "noKeys" : "keys", { keys: step.digits });
      case "stream-opened":
        this.connected = true;
        onStep("streams", { url: step.url });
        return this.#setState({ phase: "talking" });
      case "stream-closed":
      case "stream-refused":
        this.stream = undefined;
        // Twilio does not play the rest of the buffer.
        audio.clear();
        return onStep(step.type === "stream-closed" && step.isClean ? "closed" : "broken", {
          detail: step.detail,
        });
      case "dial-answered":
        return onStep("answered", { number: step.number });
      case "dial-ended":
        if (step.status !== "completed" && step.status !== "canceled") {
          onStep("notAnswered", { number: step.number });
        }
        return;
      case "callback-failed":
        return onStep("callbackFailed", { url: step.url });
    }
  }

  /** @param {PhoneState} state */
  #setState(state) {
    this.state = state;
    this.#options.onChange();
  }
}

/** @param {CallResult} result @returns {PhoneState} */
function endState({ ending, failure, rejectReason, transferredTo = "" }) {
  const phase = "ended";
  switch (ending) {
    case "caller":
      return { phase, why: "hungUp" };
    case "service":
      return { phase, why: "service" };
    case "transferred":
      return { phase, why: "transferred", detail: transferredTo };
    case "rejected":
      return { phase, why: rejectReason === "busy" ? "busy" : "rejected" };
  }
  const { message = "", detail = "" } = failure ?? {};
  switch (failure?.reason) {
    case "unreachable":
      return { phase, why: "unreachable", detail };
    case "refused":
      return { phase, why: "refused", detail };
    case "foreign-host":
      return { phase, why: "foreignHost", detail };
    case "stream-refused":
      return { phase, why: "streamRefused" };
    case "stream-broken":
      return { phase, why: "streamBroken", detail };
    default:
      return { phase, why: "failed", detail: message };
  }
}
