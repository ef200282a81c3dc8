/** Places one call through {@linkcode TwilioCall} with a simulated caller, and keeps its timeline. */

import { pause } from "../twilio/pause.js";
import type { DialOutcome } from "../twilio/dialed_number.js";
import { type CallResult, type CallStep, TwilioCall, type TwilioCallOptions } from "../twilio/twilio_call.js";
import type { Verb } from "../twilio/twiml_reader.js";
import { type CallerOptions, SimulatedCaller } from "./simulated_caller.ts";
import { Timeline } from "./timeline.ts";

export interface PlaceCallOptions extends Omit<TwilioCallOptions, "createEndpoint" | "dial" | "onStep"> {
  /** Creates the caller's role, once for each media stream. */
  createRole: CallerOptions["createRole"];
  /** Hangs up when it aborts. */
  signal?: AbortSignal | undefined;
  /** Default: every dialed number answers, and no key is pressed. */
  context?: Partial<SimulationContext>;
  /** Called for each stream after it opened, with its caller. */
  onStream?(caller: SimulatedCaller): void;
}

/** Events outside of media streams. */
export interface SimulationContext {
  dial(number: string): DialResult;
  /** The keys the caller presses for a `<Gather>`; undefined for none. */
  keys(): string | undefined;
}

/** The outcome of a dialed number, with its ringing time (ms). */
export interface DialResult extends DialOutcome {
  ringMs: number;
}

/** The result of a call. */
export interface CallOutcome {
  /** The caller on each media stream. */
  callers: SimulatedCaller[];
  ending: CallResult["ending"];
  /** Every verb that ran, with its attributes. */
  verbs: DescribedVerb[];
  timeline: Timeline;
  /** The problem and its remedy. */
  problem?: string;
}

/** Places the call and resolves when it has ended. Problems of the call are in the outcome. */
export async function placeCall(options: PlaceCallOptions): Promise<CallOutcome> {
  const { clock, createRole, signal, context, onStream, ...target } = options;
  const timeline = new Timeline(() => clock.now());
  const addEntry = timeline.add;
  const callers: SimulatedCaller[] = [];
  let caller: SimulatedCaller | undefined;
  const call: TwilioCall = new TwilioCall({
    ...target,
    clock,
    createEndpoint(endpoint) {
      timeline.streamStarts();
      caller = new SimulatedCaller({
        ...endpoint,
        clock,
        createRole,
        addEntry,
        onHangUp: () => call.hangUp(),
      });
      callers.push(caller);
      return caller;
    },
    async dial(number, ringing) {
      const { ringMs, ...outcome } = context?.dial?.(number) ??
        { status: "completed", ringMs: 200, talkMs: 200 };
      await pause(clock, ringMs, ringing);
      return outcome;
    },
    onStep(step) {
      if (step.type === "stream-opened" && caller) onStream?.(caller);
      if (step.type === "stream-closed") caller = undefined;
      if (step.type === "gather-waiting") {
        const keys = context?.keys?.();
        if (keys !== undefined) addEntry("caller", "presses", { detail: keys });
        for (const key of keys ?? "") call.press(key);
      }
      // A caller that hung up by itself has its entry already.
      if (step.type === "dial-ended" && step.status === "canceled" && !call.hungUp.aborted) {
        addEntry("caller", "hangs up", { detail: "while it rang" });
      }
      addStep(timeline, step);
    },
  });
  const hangUp = () => {
    if (caller) return caller.hangUp("the rehearsal was stopped");
    addEntry("caller", "hangs up");
    call.hangUp();
  };
  signal?.addEventListener("abort", hangUp, { once: true });
  if (signal?.aborted) hangUp();
  const result = await call.run();
  signal?.removeEventListener("abort", hangUp);
  await call.delivered();
  const problem = problemOf(result, callers.length);
  return {
    callers,
    ending: result.ending,
    verbs: result.verbs.map(describeVerb),
    timeline,
    ...(problem !== undefined && { problem }),
  };
}

function problemOf({ failure, rejectReason }: CallResult, streams: number): string | undefined {
  if (failure) return failure.message;
  if (rejectReason !== undefined) return `The server rejected the call (${rejectReason})`;
  return streams === 0 ? "The call ended before a media stream was opened" : undefined;
}

function addStep({ add }: Timeline, step: CallStep): void {
  switch (step.type) {
    case "twiml-requested":
      return add("twilio", "requests TwiML", { detail: step.url });
    case "verb":
      return addVerb(add, step.verb);
    case "keys-gathered":
      if (step.digits !== "") return;
      return add("twilio", "receives no keys", { detail: `${step.verb.timeoutSeconds} s` });
    case "stream-closed":
      return add("server", "closes the stream", { detail: step.detail });
    case "stream-refused":
      return add("twilio", "cannot open the stream", { detail: step.detail });
    case "dial-answered":
      return add("twilio", "connects the call", { detail: step.number });
    case "dial-ended":
      return add("twilio", "ends the dialed call", { detail: `${step.number}: ${step.status}` });
    case "callback-failed":
      return add("twilio", "warning 11200", { detail: `status callback: ${step.detail}` });
    case "document-ended":
      return add("twilio", "hangs up", { detail: "end of the document" });
  }
}

function addVerb(add: Timeline["add"], verb: Verb): void {
  switch (verb.verb) {
    case "Say":
      return add("twilio", "says", { detail: `"${verb.text}"` });
    case "Play":
      return add("twilio", "plays", { detail: verb.url });
    case "Pause":
      return add("twilio", "pauses", { detail: `${verb.seconds} s` });
    case "Reject":
      return add("twilio", "rejects the call", { detail: verb.reason });
    case "Hangup":
      return add("twilio", "hangs up");
    case "Dial":
      return add("twilio", "dials", { detail: verb.number });
  }
}

/** A verb with the attributes that a script can compare, as TwiML names them. */
export interface DescribedVerb {
  readonly verb: Verb["verb"];
  /** The verbs in a `<Gather>`. */
  readonly prompts?: readonly DescribedVerb[];
  readonly [attribute: string]: unknown;
}

export function describeVerb(verb: Verb): DescribedVerb {
  switch (verb.verb) {
    case "Say":
      return { verb: "Say", text: verb.text, ...(verb.language && { language: verb.language }) };
    case "Play":
      return { verb: "Play", url: verb.url };
    case "Pause":
      return { verb: "Pause", length: String(verb.seconds) };
    case "Hangup":
      return { verb: "Hangup" };
    case "Reject":
      return { verb: "Reject", reason: verb.reason };
    case "Redirect":
      return { verb: "Redirect", url: verb.target.url };
    case "Connect":
      return { verb: "Connect", url: verb.stream.url };
    case "Dial": {
      const { number, timeoutSeconds, callerId } = verb;
      return { verb: "Dial", number, timeout: String(timeoutSeconds), ...(callerId && { callerId }) };
    }
    case "Gather":
      return {
        verb: "Gather",
        timeout: String(verb.timeoutSeconds),
        finishOnKey: verb.finishOnKey,
        prompts: verb.prompts.map(describeVerb),
      };
  }
}
