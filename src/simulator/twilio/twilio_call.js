/** One inbound call, as Twilio runs it: requests TwiML, runs it verb by verb and sends the callbacks. */

import { CallError } from "./call_error.js";
import { dialNumber, progressFields } from "./dialed_number.js";
import { KeyGatherer } from "./key_gatherer.js";
import { pause } from "./pause.js";
import { newSid } from "./sid.js";
import { runStream } from "./stream_runner.js";
import { readTwiml } from "./twiml_reader.js";
import { WebhookClient } from "./webhook_client.js";

/** @import { DialOptions, DialOutcome } from "./dialed_number.js" */
/** @import { Callback, ConnectVerb, DialVerb, GatherVerb, SayVerb, Verb } from "./twiml_reader.js" */
/** @import { StreamEnd, StreamEndpoint, StreamRunOptions } from "./stream_runner.js" */
/** @import { WebhookOptions } from "./webhook_client.js" */

/**
 * @typedef {object} CallSetup
 * @property {Callback} voiceUrl URL of the called number's TwiML; absolute.
 * @property {Callback} [statusCallback] Notified when an answered call has ended.
 * @property {string} from
 * @property {string} to
 * @property {string} [accountSid] Default: a new one, also for `callSid`.
 * @property {string} [callSid]
 * @property {Record<string, string>} [fields] More form fields for every request.
 * @property {(verb: SayVerb, signal: AbortSignal) => Promise<void> | void} [speak] Speaks the text of `<Say>`.
 * @property {(event: CallStep) => void} onStep
 */
/** @typedef {CallSetup & WebhookOptions & StreamRunOptions & DialOptions} TwilioCallOptions */
/**
 * A step of the call. `verb` is reported before each verb runs, prompts of a `Gather` included.
 * @typedef {{ type: "twiml-requested", url: string } | { type: "verb", verb: Verb } | { type: "document-ended" }
 *   | { type: "gather-waiting" } | { type: "keys-gathered", digits: string, verb: GatherVerb }
 *   | { type: "stream-opened", endpoint: StreamEndpoint, streamSid: string, url: string }
 *   | { type: "stream-closed", isClean: boolean, detail: string } | { type: "stream-refused", detail: string }
 *   | { type: "dial-answered", number: string } | { type: "dial-ended", number: string, status: DialOutcome["status"] }
 *   | { type: "callback-failed", url: string, detail: string }} CallStep
 */
/**
 * @typedef {object} CallResult
 * @property {"caller" | "service" | "transferred" | "rejected" | "failed"} ending The party that ended the call, or how it ended otherwise.
 * @property {CallError | undefined} failure The reason why it, or a stream, broke off.
 * @property {string | undefined} rejectReason
 * @property {string | undefined} transferredTo The last number that was dialed and answered.
 * @property {Verb[]} verbs Every verb that ran, in order, without prompts.
 */
/** @typedef {{ callback: Callback, fields: Record<string, string> }} NextDocument */

/**
 * A call from {@linkcode run} to its end. Clock, HTTP, sockets, audio and the dialed party are options, so
 * that it runs in a browser, in Deno and on a fake clock.
 */
export class TwilioCall {
  /** @type {string} */
  callSid;
  /** @type {string} */
  accountSid;
  /** The open stream. @type {StreamEndpoint | undefined} */
  stream;
  /** @type {CallResult} */
  #result = {
    ending: "service",
    failure: undefined,
    rejectReason: undefined,
    transferredTo: undefined,
    verbs: [],
  };
  #options;
  #webhooks;
  #hangUp = new AbortController();
  /** @type {number | undefined} */
  #answeredAt;
  /** @type {KeyGatherer | undefined} */
  #gatherer;

  /** @param {TwilioCallOptions} options */
  constructor(options) {
    const { from, to, voiceUrl, accountSid = newSid("AC"), callSid = newSid("CA") } = options;
    this.#options = options;
    this.accountSid = accountSid;
    this.callSid = callSid;
    const fields = {
      CallSid: callSid,
      AccountSid: accountSid,
      From: from,
      To: to,
      Caller: from,
      Called: to,
      ApiVersion: "2010-04-01",
      Direction: "inbound",
      ...options.fields,
    };
    this.#webhooks = new WebhookClient(options, fields, voiceUrl.url, (url, detail) => {
      options.onStep({ type: "callback-failed", url, detail });
    });
  }

  /** Aborts when the caller hangs up, and at the end. */
  get hungUp() {
    return this.#hangUp.signal;
  }

  /** Time since the call was answered (ms); 0 before. */
  get answeredMs() {
    return this.#answeredAt === undefined ? 0 : this.#options.clock.now() - this.#answeredAt;
  }

  /**
   * Places the call and resolves when it has ended; callbacks may still be on their way, see
   * {@linkcode delivered}.
   *
   * @returns {Promise<CallResult>}
   */
  async run() {
    const result = this.#result;
    try {
      await this.#runDocuments();
    } catch (error) {
      if (!(error instanceof CallError)) {
        this.hangUp();
        throw error;
      }
      result.ending = "failed";
      // Requests that a hang-up aborted are not failures.
      if (!this.hungUp.aborted) result.failure ??= error;
    }
    if (this.hungUp.aborted) result.ending = "caller";
    this.#hangUp.abort();
    if (this.#answeredAt !== undefined) {
      this.#webhooks.notify(this.#options.statusCallback, {
        CallStatus: "completed",
        CallDuration: String(Math.ceil(this.answeredMs / 1000)),
        ...progressFields(0, this.#options.clock),
      });
    }
    return result;
  }

  /** Resolves when every callback was delivered, or could not be. */
  async delivered() {
    await this.#webhooks.delivered();
  }

  /** The caller hangs up. */
  hangUp() {
    this.#hangUp.abort();
  }

  /** The caller presses a key. @param {string} key 0 to 9, *, #, A to D. */
  press(key) {
    if (this.hungUp.aborted) return;
    if (this.#gatherer) this.#gatherer.press(key);
    else this.stream?.press(key);
  }

  async #runDocuments() {
    const { voiceUrl, onStep, clock } = this.#options;
    let verbs = await this.#request(voiceUrl, { CallStatus: "ringing" });
    if (verbs[0]?.verb !== "Reject") this.#answeredAt = clock.now();
    for (let verb = verbs.shift(); verb; verb = verbs.shift()) {
      if (this.hungUp.aborted) return;
      this.#result.verbs.push(verb);
      const next = await this.#perform(verb, this.hungUp);
      if (next === "ended" || this.hungUp.aborted) return;
      // The next document replaces the rest of this one.
      if (next) verbs = await this.#request(next.callback, { CallStatus: "in-progress", ...next.fields });
    }
    onStep({ type: "document-ended" });
  }

  /** @param {Callback} callback @param {Record<string, string>} fields */
  async #request(callback, fields) {
    const url = new URL(callback.url, this.#webhooks.documentUrl).href;
    this.#options.onStep({ type: "twiml-requested", url });
    return readTwiml(await this.#webhooks.requestTwiml(callback, fields, this.hungUp));
  }

  /** @param {Verb} verb @param {AbortSignal} signal @returns {Promise<NextDocument | "ended" | undefined>} */
  async #perform(verb, signal) {
    const { clock, onStep, speak } = this.#options;
    onStep({ type: "verb", verb });
    switch (verb.verb) {
      case "Say":
        await speak?.(verb, signal);
        return undefined;
      case "Play":
        return undefined;
      case "Pause":
        await pause(clock, verb.seconds * 1000, signal);
        return undefined;
      case "Reject":
        this.#result.ending = "rejected";
        this.#result.rejectReason = verb.reason;
        return "ended";
      case "Hangup":
        return "ended";
      case "Redirect":
        return { callback: verb.target, fields: {} };
      case "Gather":
        return await this.#gather(verb);
      case "Connect":
        return await this.#connect(verb);
      case "Dial":
        return await this.#dial(verb);
    }
  }

  /** @param {GatherVerb} verb @returns {Promise<NextDocument | undefined>} */
  async #gather(verb) {
    const { clock, onStep } = this.#options;
    const gatherer = this.#gatherer = new KeyGatherer(verb, clock, this.hungUp);
    for (const prompt of verb.prompts) {
      if (!gatherer.prompting.aborted) await this.#perform(prompt, gatherer.prompting);
    }
    onStep({ type: "gather-waiting" });
    await gatherer.finish();
    this.#gatherer = undefined;
    if (this.hungUp.aborted) return undefined;
    const { digits } = gatherer;
    onStep({ type: "keys-gathered", digits, verb });
    if (digits === "") return undefined;
    const callback = verb.action ?? { url: this.#webhooks.documentUrl, method: "POST" };
    return { callback, fields: { Digits: digits } };
  }

  /** @param {ConnectVerb} verb @returns {Promise<NextDocument | undefined>} */
  async #connect({ stream, action }) {
    const { onStep } = this.#options;
    this.#result.ending = "service";
    /** @type {StreamEnd} */
    const end = await runStream(stream, this.#options, this, this.#webhooks, (endpoint, streamSid) => {
      this.stream = endpoint;
      onStep({ type: "stream-opened", endpoint, streamSid, url: stream.url });
    });
    this.stream = undefined;
    if (end.by === "caller") return undefined;
    const { failure, detail } = end;
    if (failure?.reason === "stream-refused") onStep({ type: "stream-refused", detail });
    else onStep({ type: "stream-closed", isClean: !failure, detail });
    if (failure) {
      this.#result.failure = failure;
      this.#result.ending = "failed";
    }
    return action && { callback: action, fields: {} };
  }

  /** @param {DialVerb} verb @returns {Promise<NextDocument | "ended" | undefined>} */
  async #dial(verb) {
    const { number, action } = verb;
    const { onStep } = this.#options;
    const { status, fields } = await dialNumber(verb, this.#options, this, this.#webhooks, () => {
      this.#result.ending = "transferred";
      this.#result.transferredTo = number;
      onStep({ type: "dial-answered", number });
    });
    onStep({ type: "dial-ended", number, status });
    if (status !== "canceled") return action && { callback: action, fields };
    // The caller has hung up. The action is requested, but its TwiML does not run.
    this.hangUp();
    await this.#webhooks.notify(action, { CallStatus: "completed", ...fields });
    return "ended";
  }
}
