import type { Cancel } from "../../clock.ts";
import type {
  FunctionDeclaration,
  ModelObserver,
  ModelSession,
  SessionOptions,
} from "../../model/model_interface.ts";
import type { CallAssistant, Persona } from "../../assistants/call_assistant.ts";
import type { CallLine } from "../call_line.ts";
import { createReconnectPolicy } from "./reconnect.ts";
import type { CallParts } from "../call_parts.ts";

const GO_ON =
  "You were cut off. Finish what you were saying, or do what you were about to do, in one or two short sentences. " +
  "Do not call a function again that you have called.";
const BACK =
  "The connection was lost for a moment, and the caller is back on the line. Say so in a few words, and go on where you " +
  "were. Do not call a function again that you have called.";

export interface SessionKeeperOptions
  extends Pick<CallParts, "conversation" | "ending" | "events" | "timeline" | "clock"> {
  readonly assistant: CallAssistant;
  readonly functions: readonly FunctionDeclaration[];
  readonly openSession: (
    options: Omit<SessionOptions, "safetyIdentifier">,
    observer: ModelObserver,
  ) => ModelSession;
  readonly line: CallLine;
  /** The conversation of the call's earlier part; empty for none. */
  readonly earlier: string;
}

/**
 * Opens the call's model sessions: one for another language, one after a loss, and the first one.
 *
 * @returns a function that opens a session with the conversation so far. The session greets the caller, or continues where
 * the last one stopped. With `speaks` false, it waits for the caller or for a request.
 */
export function createSessionKeeper(options: SessionKeeperOptions): (speaks?: boolean) => void {
  const { assistant, clock, conversation, earlier, ending, events, functions, line, openSession, timeline } =
    options;
  const { model, pending, transcript } = conversation;
  const waitAfterLoss = createReconnectPolicy(clock);
  let persona: Persona = assistant;
  let cancelReconnect: Cancel | undefined;

  const dial = (history: string) => {
    const sessionOptions = {
      ...persona.session,
      ...(functions.length > 0 ? { functions } : {}),
      mayLogContent: () => timeline.pauses.length === 0,
    };
    conversation.open((observer) => openSession(sessionOptions, observer), history);
  };

  const open = (speaks = true) => {
    const { greeting } = persona;
    const history = joinLines(earlier, transcript.text);
    const { mustSpeak } = pending;
    dial(history && `You go on with a call that has begun. So far:\n${history}`);
    if (!speaks) return;
    if (earlier && !transcript.hasSpeech) model.requestResponse({ instructions: BACK, yieldsToCaller: true });
    else if (greeting && !transcript.hasSpeech) model.requestResponse({ instructions: greeting });
    else if (mustSpeak) model.requestResponse({ instructions: GO_ON, yieldsToCaller: true });
  };

  events.on("session failed", ({ failure: { code } }) => {
    // Before the caller is on the line a loss costs nothing: attaching the stream opens another session.
    if (!line.connected || ending.ended) return;
    const waitMs = ending.goodbyeReason ? undefined : waitAfterLoss(code);
    if (waitMs === undefined) return ending.end(ending.goodbyeReason ?? "model failed");
    timeline.add("reconnect", code);
    cancelReconnect = clock.after(waitMs, () => open());
  });

  // A voice cannot be changed once it has spoken, so another language needs another session.
  events.on("language requested", ({ language, summary }) => {
    const next = assistant.languages.get(language);
    if (!next) return;
    timeline.add("language", language);
    persona = next;
    conversation.drop();
    const history = `You go on with a call that has begun. So far: ${summary}`;
    dial(history);
    // Instructions hold for one response; the note given at the start of the session stays.
    model.requestResponse({ instructions: history });
    events.emit({ type: "language switched", language });
  });

  events.on(["transfer started", "call ending"], () => cancelReconnect?.());
  return open;
}

/** Joins texts that may be empty. */
export function joinLines(...texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n");
}
