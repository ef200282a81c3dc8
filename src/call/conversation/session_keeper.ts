import type { Cancel } from "../../clock.ts";
import type {
  FunctionDeclaration,
  ModelObserver,
  ModelSession,
  SessionOptions,
} from "../../model/model_interface.ts";
import type { CallAssistant, Persona } from "../../assistants/call_assistant.ts";
import type { CallLine } from "../call_line.ts";
import { ReconnectPolicy } from "./reconnect.ts";
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

/** Opens the call's model sessions: the first one, one for another language, and one after a loss. */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #policy: ReconnectPolicy;
  #persona: Persona;
  #reconnect: Cancel | undefined;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
    const { assistant, clock, events } = options;
    this.#persona = assistant;
    this.#policy = new ReconnectPolicy(clock);
    events.on("session failed", ({ failure }) => this.#sessionFailed(failure.code));
    events.on("language requested", ({ language, summary }) => this.#switchLanguage(language, summary));
    events.on(["transfer started", "call ending"], () => this.#reconnect?.());
  }

  /**
   * Opens a session, which is given the conversation so far. It greets the caller, or goes on where the last one broke
   * off.
   *
   * @param speaks False for a session that waits for the caller or for a request.
   */
  open(speaks = true): void {
    const { conversation: { model, pending, transcript }, earlier } = this.#options;
    const { greeting } = this.#persona;
    const before = joinLines(earlier, transcript.text);
    const { unspoken } = pending;
    this.#dial(before && `You go on with a call that has begun. So far:\n${before}`);
    if (!speaks) return;
    if (earlier && !transcript.hasSpeech) model.say({ instructions: BACK, yieldsToCaller: true });
    else if (greeting && !transcript.hasSpeech) model.say({ instructions: greeting });
    else if (unspoken) model.say({ instructions: GO_ON, yieldsToCaller: true });
  }

  /** A voice cannot be changed once it has spoken, so another language needs another session. */
  #switchLanguage(language: string, summary: string): void {
    const { assistant, conversation, events, timeline } = this.#options;
    const persona = assistant.languages.get(language);
    if (!persona) return;
    timeline.add("language", language);
    this.#persona = persona;
    conversation.drop();
    const before = `You go on with a call that has begun. So far: ${summary}`;
    this.#dial(before);
    // Instructions hold for one response; the note given at the start of the session stays.
    conversation.model.say({ instructions: before });
    events.emit({ type: "language switched", language });
  }

  #sessionFailed(code: string): void {
    const { ending, line } = this.#options;
    // Before the caller is on the line a loss costs nothing: attaching the stream opens another session.
    if (!line.connected || ending.ended) return;
    const waitMs = ending.goodbyeReason ? undefined : this.#policy.waitAfterLoss(code);
    if (waitMs === undefined) return ending.end(ending.goodbyeReason ?? "model failed");
    this.#options.timeline.add("reconnect", code);
    this.#reconnect = this.#options.clock.after(waitMs, () => this.open());
  }

  #dial(before: string): void {
    const { functions, conversation, openSession } = this.#options;
    const { session } = this.#persona;
    const options = functions.length > 0 ? { ...session, functions } : session;
    conversation.open((observer) => openSession(options, observer), before);
  }
}

/** Joins texts that may be empty. */
export function joinLines(...texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n");
}
