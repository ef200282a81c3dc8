/** One call, conducted as Twilio does: asks for TwiML, does what it says, and tells how it goes. */

import { aborted, Gathering, pause } from "./gather.js";
import { runStream } from "./socket.js";
import { speak } from "./speech.js";
import { newSid } from "./stream.js";
import { CallError, Webhooks } from "./webhooks.js";
import { readTwiml } from "./twiml.js";

/** The number behind the console's phone, as Twilio would name a caller without one. */
const FROM = "client:console";

/**
 * A call from {@linkcode run} to its end.
 *
 * Its `state` is `{ phase, … }`, the phase one of `microphone`, `ringing`, `saying` (`text`), `gathering`, `connecting`,
 * `talking`, `dialling` (`number`), `ended` (`why`, `detail`).
 */
export class PhoneCall {
  state = { phase: "microphone" };
  callSid = newSid("CA");
  /** Whether there was a media stream, and so a record. */
  connected = false;
  /** The stream that is open, if any. */
  stream;
  #accountSid = newSid("AC");
  #options;
  #over = new AbortController();
  #webhooks;
  #answeredAt;
  /** Told each key that is pressed, while keys are gathered. */
  #gather;
  /** Told what became of the number that is dialled. */
  #dialled;
  /** The number whose owner took the call. */
  #passedOn;

  /**
   * @param options `base`, where the service is for this page; `publicUrl`, where it believes to be; `to`, the number
   *   called; `assistant`, a name or undefined; `sound`; `ready`, resolved when the microphone is there, or will not be;
   *   `changed()`, told when the state did; `heard(levels)`, told every 20 ms how loud both sides are;
   *   `noted(name, values)`, told what Twilio would have done.
   */
  constructor(options) {
    this.#options = options;
    const { sound, heard, base, publicUrl, to, assistant, noted } = options;
    const fields = {
      CallSid: this.callSid,
      AccountSid: this.#accountSid,
      From: FROM,
      To: to,
      Caller: FROM,
      Called: to,
      ApiVersion: "2010-04-01",
      Direction: "inbound",
      ...(assistant ? { Assistant: assistant } : {}),
    };
    this.#webhooks = new Webhooks({ base, publicUrl, fields, lost: (url) => noted("notTold", { url }) });
    sound.onmark = (name) => this.stream?.mark(name);
    sound.onframe = (bytes, atMs, levels) => {
      this.stream?.frame(bytes, atMs);
      heard(levels);
    };
  }

  /** Resolves when the call is over. Whatever goes wrong is told in the state. */
  async run() {
    let ended;
    try {
      ended = await this.#conduct();
    } catch (error) {
      ended = { why: error instanceof CallError ? error.name : "failed", detail: error.message };
    }
    if (this.#over.signal.aborted) ended = { why: "hungUp" };
    else if (ended.why === "service" && this.#passedOn) ended = { why: "passedOn", detail: this.#passedOn };
    this.#over.abort();
    this.#note("hangsUp", {});
    if (ended.why !== "rejected" && ended.why !== "busy" && this.#answeredAt !== undefined) this.#reportEnd();
    await this.#options.sound.close();
    this.#to({ phase: "ended", ...ended });
  }

  /** The caller hangs up. */
  hangUp() {
    this.#over.abort();
  }

  /** The caller presses a key. */
  press(key) {
    if (this.#over.signal.aborted) return;
    this.#options.sound.tone(key);
    if (this.#gather) this.#gather(key);
    else this.stream?.press(key);
  }

  /** Whoever is dialled answers, or does not: `completed`, `no-answer` or `busy`. */
  dialled(status) {
    this.#dialled?.(status);
  }

  /** Resolves when the service was told everything. {@linkcode run} does not wait for that. */
  async told() {
    await this.#webhooks.told();
  }

  /** How long ago the call was answered (ms). */
  get talkedMs() {
    return this.#answeredAt === undefined ? 0 : performance.now() - this.#answeredAt;
  }

  async #conduct() {
    const { publicUrl, sound, ready } = this.#options;
    await Promise.all([sound.start(), Promise.race([ready, aborted(this.#over.signal)])]);
    if (this.#over.signal.aborted) return undefined;
    this.#to({ phase: "ringing" });
    const incomingCall = { url: `${publicUrl}/incoming-call`, method: "POST" };
    let verbs = await this.#fetch(incomingCall, { CallStatus: "ringing" });
    for (let verb = verbs.shift(); verb; verb = verbs.shift()) {
      if (this.#over.signal.aborted) return undefined;
      const next = await this.#perform(verb);
      if (next?.why) return next;
      // What an address answers takes the place of the rest of this document.
      if (next) verbs = await this.#fetch(next.callback, { CallStatus: "in-progress", ...next.fields });
    }
    return { why: "service" };
  }

  /** @returns what is done next, why the call is over, or undefined: the next verb. */
  async #perform(verb, signal = this.#over.signal) {
    if (verb.verb !== "Reject") this.#answeredAt ??= performance.now();
    switch (verb.verb) {
      case "Say":
        this.#to({ phase: "saying", text: verb.text });
        this.#note("says", { text: verb.text });
        return await speak(verb.text, verb.language, signal);
      case "Play":
        return this.#note("plays", { url: verb.url });
      case "Pause":
        return await pause(verb.seconds * 1000, signal);
      case "Reject":
        return { why: verb.reason === "busy" ? "busy" : "rejected" };
      case "Hangup":
        return { why: "service" };
      case "Redirect":
        return { callback: verb.to };
      case "Gather":
        return await this.#gatherKeys(verb);
      case "Connect":
        return await this.#connect(verb);
      case "Dial":
        return await this.#dial(verb);
    }
  }

  /** Speaks the prompts and waits for keys; the first one cuts the prompts short. */
  async #gatherKeys(verb) {
    const gathering = new Gathering(verb, this.#over.signal);
    this.#gather = (key) => gathering.press(key);
    for (const prompt of verb.prompts) {
      if (!gathering.prompting.aborted) await this.#perform(prompt, gathering.prompting);
    }
    this.#to({ phase: "gathering" });
    await gathering.end();
    this.#gather = undefined;
    const keys = gathering.digits;
    this.#note(keys === "" ? "noKeys" : "keys", { keys });
    if (keys === "") return undefined;
    const action = verb.action ?? { url: this.#webhooks.document, method: "POST" };
    return { callback: action, fields: { Digits: keys } };
  }

  async #connect({ action, stream }) {
    this.#to({ phase: "connecting" });
    const end = await runStream(stream, {
      accountSid: this.#accountSid,
      callSid: this.callSid,
      webhooks: this.#webhooks,
      sound: this.#options.sound,
      over: this.#over.signal,
      started: (opened) => {
        this.stream = opened;
        this.connected = true;
        this.#note("streams", { url: stream.url });
        this.#to({ phase: "talking" });
      },
    });
    this.stream = undefined;
    if (this.#over.signal.aborted) return undefined;
    this.#note(end.clean ? "closed" : "broken", end);
    return action && { callback: action };
  }

  /** Twilio would ring somebody. */
  async #dial({ number, action, statusCallback, events }) {
    this.#to({ phase: "dialling", number });
    this.#note("dials", { number });
    const child = newSid("CA");
    const status = await new Promise((resolve) => {
      this.#dialled = resolve;
      aborted(this.#over.signal).then(() => resolve("canceled"));
    });
    this.#dialled = undefined;
    if (status === "canceled") return undefined;
    this.#note(status === "completed" ? "answered" : "notAnswered", { number });
    if (status === "completed" && events.includes("answered")) {
      await this.#webhooks.tell(statusCallback, {
        CallSid: child,
        ParentCallSid: this.callSid,
        To: number,
        Called: number,
        Direction: "outbound-dial",
        CallStatus: "in-progress",
      });
    }
    this.#passedOn = status === "completed" ? number : undefined;
    const fields = { DialCallStatus: status, DialCallSid: child, DialCallDuration: "0" };
    return action && { callback: action, fields };
  }

  /** Asks for the next document; nobody waits for it when the caller has hung up. */
  async #fetch(callback, fields) {
    this.#note("asks", { url: callback.url });
    return readTwiml(await this.#webhooks.ask(callback, fields, this.#over.signal));
  }

  #reportEnd() {
    const { publicUrl } = this.#options;
    const fields = {
      CallStatus: "completed",
      CallDuration: String(Math.ceil(this.talkedMs / 1000)),
      CallbackSource: "call-progress-events",
      SequenceNumber: "0",
      Timestamp: new Date().toUTCString(),
    };
    this.#webhooks.tell({ url: `${publicUrl}/call-status`, method: "POST" }, fields);
  }

  #to(state) {
    this.state = state;
    this.#options.changed();
  }

  #note(name, values) {
    this.#options.noted(name, values);
  }
}
