/** Conducts one inbound call as Twilio does: requests the TwiML and runs it verb by verb. */

import type { Clock } from "../../clock.ts";
import { CallFailure } from "./call_failure.ts";
import type { RehearsalCaller } from "./caller.ts";
import { runStream, type StreamOptions } from "./run_stream.ts";
import { type Callback, readTwiml } from "./twiml.ts";

export interface CallOptions extends StreamOptions {
  /** Where the TwiML of the call is. */
  incomingCall: Callback;
}

/** How a call went; the caller is absent when no media stream came about. */
export interface CallOutcome {
  caller?: RehearsalCaller;
  /** What went wrong, and what to do. */
  problem?: string;
}

/** Places the call and resolves when it is over. Whatever goes wrong is told in the outcome. */
export async function placeCall(options: CallOptions): Promise<CallOutcome> {
  const outcome: CallOutcome = {};
  try {
    await runDocument({
      ...options,
      onStream(caller) {
        outcome.caller = caller;
        options.onStream(caller);
      },
    }, outcome);
    if (!outcome.caller) outcome.problem ??= "The call ended before a media stream was opened";
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    outcome.problem ??= error.message;
  }
  return outcome;
}

async function runDocument(options: CallOptions, outcome: CallOutcome): Promise<void> {
  const { webhooks, signal, clock } = options;
  const { note } = options.timeline;
  const fetchVerbs = async (callback: Callback, callStatus: string) => {
    note("twilio", "requests TwiML", { detail: callback.url });
    return readTwiml(await webhooks.twiml(callback, { CallStatus: callStatus }));
  };
  let document = options.incomingCall.url;
  let verbs = await fetchVerbs(options.incomingCall, "ringing");
  for (let verb = verbs.shift(); verb; verb = verbs.shift()) {
    if (signal.aborted) return note("caller", "hangs up");
    switch (verb.verb) {
      case "say":
        note("twilio", "says", { detail: `"${verb.text}"` });
        break;
      case "pause":
        note("twilio", "pauses", { detail: `${verb.seconds} s` });
        await pause(clock, verb.seconds * 1000, signal);
        break;
      case "reject":
        outcome.problem = `The server rejected the call (${verb.reason})`;
        return note("twilio", "rejects the call", { detail: verb.reason });
      case "hangup":
        return note("twilio", "hangs up");
      case "connect": {
        if (outcome.caller) {
          throw new CallFailure("Cannot run the TwiML: a rehearsal does one <Connect> in a call");
        }
        const { by, problem } = await runStream(options, verb.stream, document);
        if (problem) outcome.problem = problem;
        if (by === "caller") return;
        if (!verb.action) break;
        // What the action answers takes the place of the rest of this document.
        document = new URL(verb.action.url, document).href;
        verbs = await fetchVerbs({ ...verb.action, url: document }, "in-progress");
      }
    }
  }
  note("twilio", "hangs up", { detail: "the document is at its end" });
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  const abort = () => resolve();
  signal.addEventListener("abort", abort, { once: true });
  return promise.finally(() => {
    cancel();
    signal.removeEventListener("abort", abort);
  });
}
