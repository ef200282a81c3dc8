import type { ModelObserver, ResponseOutcome, SpeechEdge } from "../../model/model_interface.ts";
import { costUsd, transcriptionUsd } from "../../model/prices.ts";
import type { Conversation, ConversationOptions } from "./conversation.ts";

export interface ModelObserverOptions
  extends Pick<ConversationOptions, "events" | "timeline" | "model" | "transcriptionModel"> {
  readonly conversation: Conversation;
  /** Whether the model says goodbye. */
  readonly inGoodbye: () => boolean;
}

/** Turns the events of the serving session into the call's transcript and events. */
export function createModelObserver(options: ModelObserverOptions): ModelObserver {
  const { conversation, events, timeline, model, transcriptionModel, inGoodbye } = options;
  const { transcript, caller } = conversation;

  /** Position in the caller's audio; the present one without an edge. */
  const positionOf = (edge?: SpeechEdge) => edge ? caller.positionOf(edge.audioMs) : caller.positionMs;
  /** Converts a position in the caller's audio into the call's time line (ms). */
  const timelineMs = (positionMs: number) =>
    Math.max(0, Math.round(timeline.atMs - caller.ageMs(positionMs)));

  const responseFinished = (response: ResponseOutcome) => {
    const failure = conversation.retry.responseFinished(response);
    // A fallback has a price of its own.
    const billed = conversation.model.billedModel ?? model;
    const usd = costUsd(billed, response.usage);
    events.emit({ type: "response finished", response, model: billed, costUsd: usd });
    // A handler may have started a goodbye because of what the response cost.
    if (failure && !inGoodbye()) conversation.model.fail(failure);
  };

  return {
    sessionReady() {},
    sessionFailed() {},
    contextUsed() {},
    turnCommitted: (itemId) => conversation.speech.interruptions.committed(itemId),
    audioAcknowledged: (audioMs) => caller.acknowledged(audioMs),
    lineSuspect: (suspect) => events.emit({ type: "line suspect", suspect }),
    callerSpeechStarted: (edge) => {
      const atMs = positionOf(edge);
      if (edge) transcript.setSpoken(edge.itemId, { fromMs: timelineMs(atMs) });
      // The model may have sent it before it stopped listening for the goodbye.
      if (inGoodbye()) return;
      caller.turnStarted(atMs);
      events.emit({ type: "caller started speaking", itemId: edge?.itemId });
    },
    callerSpeechStopped: (edge) => {
      const atMs = positionOf(edge);
      if (edge) transcript.setSpoken(edge.itemId, { toMs: timelineMs(atMs) });
      caller.turnEnded(atMs);
      events.emit({ type: "caller stopped speaking", itemId: edge?.itemId });
    },
    assistantAudio: (itemId, audio) => {
      const { session } = conversation.model;
      if (session) conversation.speech.receive(session, itemId, audio);
    },
    responseDone: responseFinished,
    itemAdded: (itemId, previous, speaker) => transcript.addItem(itemId, previous, speaker),
    transcriptDelta: (itemId, speaker, text) => transcript.appendText(itemId, speaker, text),
    assistantTranscript: (itemId, text) => transcript.setText(itemId, "assistant", text),
    callerTranscript: (itemId, text, usage) => {
      transcript.setText(itemId, "caller", text);
      const costUsd = usage ? transcriptionUsd(transcriptionModel, usage) : 0;
      events.emit({ type: "caller transcribed", text, costUsd });
      conversation.speech.interruptions.transcribed(itemId, text);
    },
    functionCalled: (call) => events.emit({ type: "function called", call }),
    approvalRequested: (request) => events.emit({ type: "approval requested", request }),
    mcpCallStarted: (call) => events.emit({ type: "mcp call started", call }),
    mcpCallEnded: (call, result) => events.emit({ type: "mcp call ended", call, result }),
    modelError: (code = "unknown") => events.emit({ type: "model error", code }),
    malformedEvent: () => events.emit({ type: "model event malformed" }),
  };
}
