import type { Clock } from "../../../src/clock.ts";
import { gaDialect } from "../../../src/model/ga/ga_session.ts";
import type { ModelObserver } from "../../../src/model/model_interface.ts";
import type { SessionOptions } from "../../../src/model/session_options.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { ChangeSignal } from "../../support/wait_until.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import type { ScriptedModel } from "../../support/scripted_model.ts";

/** Opens a session that reports all its events to `onEvent`. */
export function openSession(
  url: string,
  clock: Clock,
  onEvent: (name: keyof ModelObserver, ...args: unknown[]) => void,
  options: Partial<SessionOptions> = {},
) {
  const on = (name: keyof ModelObserver) => (...args: unknown[]): void => onEvent(name, ...args);
  const observer: ModelObserver = {
    sessionReady: on("sessionReady"),
    sessionFailed: on("sessionFailed"),
    audioAcknowledged: on("audioAcknowledged"),
    lineSuspect: on("lineSuspect"),
    contextUsed: on("contextUsed"),
    turnCommitted: on("turnCommitted"),
    callerSpeechStarted: on("callerSpeechStarted"),
    callerSpeechStopped: on("callerSpeechStopped"),
    modelError: on("modelError"),
    malformedEvent: on("malformedEvent"),
    itemAdded: on("itemAdded"),
    transcriptDelta: on("transcriptDelta"),
    callerTranscript: on("callerTranscript"),
    assistantTranscript: on("assistantTranscript"),
    functionCalled: on("functionCalled"),
    approvalRequested: on("approvalRequested"),
    mcpCallStarted: on("mcpCallStarted"),
    mcpCallEnded: on("mcpCallEnded"),
    assistantAudio: on("assistantAudio"),
    responseDone: ({ hasAudio }) => onEvent("responseDone", hasAudio),
  };
  const settings = {
    url,
    apiKey: undefined,
    model: "m",
    voice: "v",
    audioFormat: "pcmu",
    instructions: "You are Ann.",
    ...options,
  } as const;
  return gaDialect(clock)(settings, observer, createLog({ level: "error", format: "json", write() {} }));
}

/** A session with a scripted model, and its events so far. */
export async function open(model: ScriptedModel, options: Partial<SessionOptions> = {}, configured = true) {
  const clock = new FakeClock();
  const changes = new ChangeSignal();
  const events: unknown[][] = [];
  const session = openSession(model.url, clock, (...event) => {
    events.push(event);
    changes.notify();
  }, options);
  const peer = await model.session();
  const untilEvents = (name: keyof ModelObserver, count = 1) =>
    changes.until(`${count} of ${name}`, () => {
      const matching = events.filter((event) => event[0] === name);
      return matching.length >= count ? matching : undefined;
    });
  if (configured) {
    await peer.configure();
    await untilEvents("sessionReady");
  }
  return { session, peer, clock, events, untilEvents };
}
