import type { CallAssistant, RecordedSpeech } from "../assistants/call_assistant.ts";
import type { HistoryItem } from "../model/model_interface.ts";
import type { CallParts } from "./call_parts.ts";
import { isRecordedItem, recordedItem } from "./conversation/recorded_speech.ts";
import { GreetingCapture } from "./greeting_audio_capture.ts";
import type { SessionsOptions } from "./succession/sessions.ts";

export interface GreetingAudioOptions
  extends Pick<CallParts, "conversation" | "speech" | "model" | "events" | "timeline"> {
  readonly assistant: Pick<CallAssistant, "session" | "recordedSpeech" | "keepGreeting">;
  /** The conversation of the call's earlier part: it has been greeted. */
  readonly earlier: readonly HistoryItem[];
  readonly openSession: SessionsOptions["openSession"];
}

/**
 * Plays the recorded greeting, or captures the one that the model speaks, as the assistant needs it.
 *
 * @returns `openSession` for the call's sessions.
 */
export function greetWithAudio(options: GreetingAudioOptions): SessionsOptions["openSession"] {
  const { assistant: { session: settings, recordedSpeech: recorded = [], keepGreeting }, earlier } = options;
  const { openSession } = options;
  if (earlier.length > 0) return openSession;
  if (recorded.length > 0) playRecorded(recorded, options);
  if (!keepGreeting) return openSession;
  const capture = new GreetingCapture({ ...options, settings, keep: keepGreeting });
  return (session, observer) => openSession(session, capture.observe(session, observer));
}

/**
 * Queues the recorded disclosure and greeting, so that they play when the first stream starts, whatever the model does. Each
 * session has them in its history; the serving one learns when the caller interrupts them.
 */
function playRecorded(
  recorded: readonly RecordedSpeech[],
  { speech, model, events }: GreetingAudioOptions,
): void {
  let attached = false;
  /** What the model's conversation has of each item. */
  const known = new Map<string, string>();
  events.on("turn changed", ({ turn: { id, text } }) => {
    if (!isRecordedItem(id)) return;
    if (known.get(id) !== text) model.session?.restore([{ type: "assistant", text, name: id }]);
    known.set(id, text);
  });
  events.on("stream attached", () => attached = true);
  events.on("session failed", () => {
    const [first] = recorded;
    // Before the caller is on the line, everything queued is discarded with the session.
    if (first && !attached && speech.playout.acceptedMs(recordedItem(first)) === 0) play();
  });
  const play = () => {
    for (const part of recorded) speech.playRecorded(part);
    speech.playout.whenPlayed(() => events.emit({ type: "assistant audio played" }));
  };
  play();
}
