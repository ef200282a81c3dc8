/** Conducts one inbound call as Twilio does: requests the TwiML and runs it verb by verb. */

import { CallFailure } from "./call_failure.ts";
import type { RehearsalCaller } from "./caller.ts";
import { dialNumber } from "./dial.ts";
import { pause } from "./pause.ts";
import { runStream, type StreamOptions } from "./run_stream.ts";
import { sid } from "./sid.ts";
import { type Callback, describeVerb, type GatherVerb, readTwiml, type Verb } from "./twiml.ts";
import { tell } from "./webhook.ts";
import { ordinaryWorld, type World } from "./world.ts";

export interface CallOptions extends StreamOptions {
  /** Where the TwiML of the call is. */
  incomingCall: Callback;
  /** Told that the call is over. */
  callStatus?: Callback;
  /** What lies beyond; without it, everybody answers and nobody presses a key. */
  world?: World;
}

/** How a call went. */
export interface CallOutcome {
  /** The caller on each of its media streams. */
  callers: RehearsalCaller[];
  /** Who ended it, or how else it ended; `transferred` is to somebody who answered. */
  ending: "caller" | "service" | "transferred" | "rejected" | "broken";
  /** The verbs that were met. */
  verbs: Record<string, string>[];
  /** What went wrong, and what to do. */
  problem?: string;
}

/** Places the call and resolves when it is over. Whatever goes wrong is told in the outcome. */
export async function placeCall(options: CallOptions): Promise<CallOutcome> {
  const outcome: CallOutcome = { callers: [], ending: "service", verbs: [] };
  const began = options.clock.now();
  try {
    await new Conductor({
      ...options,
      onStream(caller) {
        outcome.callers.push(caller);
        options.onStream(caller);
      },
    }, outcome).run();
    if (options.signal.aborted) outcome.ending = "caller";
    if (outcome.callers.length === 0) outcome.problem ??= "The call ended before a media stream was opened";
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    outcome.ending = "broken";
    outcome.problem ??= error.message;
  }
  if (options.callStatus && outcome.ending !== "rejected") {
    await tell(options.webhooks, options.timeline.note, options.callStatus, {
      CallStatus: "completed",
      CallDuration: String(Math.ceil((options.clock.now() - began) / 1000)),
      CallbackSource: "call-progress-events",
      SequenceNumber: "0",
      Timestamp: new Date(options.clock.wallTime()).toUTCString(),
    });
  }
  return outcome;
}

/** What is run next: the document at this address, or nothing, the call being over; undefined: the next verb. */
type Next = { callback: Callback; fields: Record<string, string> } | "over" | undefined;

class Conductor {
  readonly #options: CallOptions;
  readonly #outcome: CallOutcome;
  readonly #world: World;
  /** The URL of the document that is run. */
  #document: string;

  constructor(options: CallOptions, outcome: CallOutcome) {
    this.#options = options;
    this.#outcome = outcome;
    this.#world = options.world ?? ordinaryWorld;
    this.#document = options.incomingCall.url;
  }

  async run(): Promise<void> {
    const { incomingCall, signal, timeline: { note } } = this.#options;
    let verbs = await this.#fetch(incomingCall, { CallStatus: "ringing" });
    for (let verb = verbs.shift(); verb; verb = verbs.shift()) {
      if (signal.aborted) return note("caller", "hangs up");
      this.#outcome.verbs.push(describeVerb(verb));
      const next = await this.#perform(verb);
      if (next === "over") return;
      // What an address answers takes the place of the rest of this document.
      if (next) verbs = await this.#fetch(next.callback, { CallStatus: "in-progress", ...next.fields });
    }
    note("twilio", "hangs up", { detail: "the document is at its end" });
  }

  async #fetch({ url, method }: Callback, fields: Record<string, string>): Promise<Verb[]> {
    const { webhooks, timeline: { note } } = this.#options;
    this.#document = new URL(url, this.#document).href;
    note("twilio", "requests TwiML", { detail: this.#document });
    return readTwiml(await webhooks.twiml({ url: this.#document, method }, fields));
  }

  async #perform(verb: Verb): Promise<Next> {
    const { clock, signal, timeline: { note } } = this.#options;
    switch (verb.verb) {
      case "say":
        return note("twilio", "says", { detail: `"${verb.text}"` }), undefined;
      case "play":
        return note("twilio", "plays", { detail: verb.url }), undefined;
      case "pause":
        note("twilio", "pauses", { detail: `${verb.seconds} s` });
        return await pause(clock, verb.seconds * 1000, signal), undefined;
      case "reject":
        this.#outcome.ending = "rejected";
        this.#outcome.problem = `The server rejected the call (${verb.reason})`;
        note("twilio", "rejects the call", { detail: verb.reason });
        return "over";
      case "hangup":
        note("twilio", "hangs up");
        return "over";
      case "redirect":
        return { callback: verb.to, fields: {} };
      case "gather":
        return await this.#gather(verb);
      case "connect":
        return await this.#connect(verb);
      case "dial":
        return await this.#dial(verb);
    }
  }

  async #connect({ stream, action }: Verb & { verb: "connect" }): Promise<Next> {
    const { callers } = this.#outcome;
    // A call has one stream at a time; one that follows another is a new one.
    const streamSid = callers.length === 0 ? this.#options.streamSid : sid("MZ");
    this.#outcome.ending = "service";
    const { by, problem } = await runStream({ ...this.#options, streamSid }, stream, this.#document);
    if (problem) {
      this.#outcome.problem = problem;
      this.#outcome.ending = "broken";
    }
    if (by === "caller") {
      this.#outcome.ending = "caller";
      return "over";
    }
    return action && { callback: action, fields: {} };
  }

  async #dial(verb: Verb & { verb: "dial" }): Promise<Next> {
    const fields = await dialNumber(this.#options, verb, this.#document, this.#world.dial(verb.number));
    if (fields.DialCallStatus === "completed") this.#outcome.ending = "transferred";
    if (fields.DialCallStatus !== "canceled") return verb.action && { callback: verb.action, fields };
    // Nobody is left to run what the address answers for.
    this.#outcome.ending = "caller";
    this.#options.timeline.note("caller", "hangs up", { detail: "while it rang" });
    if (verb.action) await this.#fetch(verb.action, { CallStatus: "completed", ...fields });
    return "over";
  }

  async #gather({ prompts, action, numDigits, finishOnKey, timeoutSeconds }: GatherVerb): Promise<Next> {
    const { clock, signal, timeline: { note } } = this.#options;
    for (const prompt of prompts) await this.#perform(prompt);
    const pressed = this.#world.keys();
    if (pressed === undefined) {
      note("twilio", "gathers no keys", { detail: `${timeoutSeconds} s` });
      return await pause(clock, timeoutSeconds * 1000, signal), undefined;
    }
    note("caller", "presses", { detail: pressed });
    const end = finishOnKey === "" ? -1 : [...pressed].findIndex((key) => finishOnKey.includes(key));
    const Digits = (end < 0 ? pressed : pressed.slice(0, end)).slice(0, numDigits);
    return { callback: action ?? { url: this.#document, method: "POST" }, fields: { Digits } };
  }
}
