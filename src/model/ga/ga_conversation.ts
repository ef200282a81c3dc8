import type {
  HeardItem,
  ModelObserver,
  ResponseOutcome,
  ResponseRequest,
  Speaker,
} from "../model_interface.ts";
import type { SessionOptions } from "../session_options.ts";
import type { WireAudio } from "../wire_audio.ts";
import { AudioProgress } from "./audio_progress.ts";
import { type GaClientEvents, isDeleteError } from "./ga_client_events.ts";
import type { ServerEvent } from "./server_event.ts";
import { serverAnswers } from "./ga_session_update.ts";
import { McpCalls } from "./mcp_calls.ts";
import { ResponseAudio } from "./response_audio.ts";
import { ResponseQueue } from "./response_queue.ts";
import { RestoredHistory } from "./restored_history.ts";

/** Speakers by the vendor's roles. */
const SPEAKERS: Readonly<Record<string, Speaker | undefined>> = {
  user: "caller",
  assistant: "assistant",
};

export interface GaConversationOptions {
  readonly session: SessionOptions;
  readonly observer: ModelObserver;
  readonly client: GaClientEvents;
  readonly wireAudio: WireAudio;
  /** Called when a response was requested. */
  readonly onRequest: () => void;
}

/** What happens in a ready session: turns of the caller, responses, their audio, and calls of tools. */
export class GaConversation {
  readonly #session: SessionOptions;
  readonly #observer: ModelObserver;
  readonly #client: GaClientEvents;
  readonly #wireAudio: WireAudio;
  readonly #responses: ResponseQueue;
  readonly #responseAudio: ResponseAudio;
  readonly #mcpCalls: McpCalls;
  readonly progress: AudioProgress;
  readonly history: RestoredHistory;
  /** The last response that the model ended. */
  #endedResponse: string | undefined;
  #listening = true;

  constructor({ session, observer, client, wireAudio, onRequest }: GaConversationOptions) {
    this.#session = session;
    this.#observer = observer;
    this.#client = client;
    this.#wireAudio = wireAudio;
    this.#responseAudio = new ResponseAudio(
      wireAudio,
      (itemId, audio) => observer.assistantAudio(itemId, audio),
    );
    this.#mcpCalls = new McpCalls(observer);
    this.progress = new AudioProgress((audioMs) => observer.audioAcknowledged(audioMs));
    this.history = new RestoredHistory(client);
    this.#responses = new ResponseQueue((eventId, { instructions }) => {
      // `response.create` replaces the session's instructions, so both are sent.
      client.createResponse(eventId, instructions && `${session.instructions}\n\n${instructions}`);
      onRequest();
    }, session.answers !== "parley");
  }

  /** Sends the requests made before the session was configured. */
  open(): void {
    this.#responses.open();
  }

  get hasPendingResponse(): boolean {
    return this.#responses.hasPending;
  }

  /** @param payload Base64 of µ-law. */
  appendAudio(payload: string): void {
    if (!this.#listening) return;
    this.progress.sent(payload);
    this.#client.appendAudio(this.#wireAudio.encodeCallerAudio(payload));
  }

  requestResponse(request: ResponseRequest): void {
    this.#responses.request(request);
  }

  sendApproval(id: string, approved: boolean): void {
    this.#client.sendApproval(id, approved);
    this.#mcpCalls.approvalSent(id, approved);
  }

  interrupt(heard: readonly HeardItem[]): void {
    if (this.#responses.active !== undefined) this.#responseAudio.discard(this.#responses.active);
    for (const { itemId, heardMs } of heard) {
      const endMs = this.#responseAudio.truncate(itemId, heardMs);
      if (endMs !== undefined) this.#client.truncate({ itemId, heardMs: endMs });
    }
  }

  cancelResponse(): void {
    const active = this.#responses.active;
    if (active !== undefined && active !== this.#endedResponse) this.#client.cancelResponse(active);
  }

  stopListening(): void {
    this.#listening = false;
    this.#responses.abandon();
    this.#client.clearInput();
  }

  /** Cancels the response in progress, and sends no more audio: only a text is wanted. */
  silence(): void {
    this.#listening = false;
    this.cancelResponse();
  }

  /** Handles an error that was to be expected. Returns what was done about it, or undefined for any other error. */
  handleError(eventId: string | undefined, code: string | undefined): string | undefined {
    if (this.history.handleError(eventId)) return "history given as text";
    if (isDeleteError(eventId)) return "item to delete unknown";
    if (this.#responses.handleError(eventId, code)) return "response request postponed";
    // The server did not answer the turn by itself, so the queue requests the answer.
    const unanswered = eventId === undefined && code === "conversation_already_has_active_response";
    return unanswered ? "turn not answered by the server" : undefined;
  }

  /** Returns false if the event has content that cannot be decoded. */
  handle(event: ServerEvent): boolean {
    switch (event.type) {
      case "response.output_audio.delta":
        return this.#responseAudio.addDelta(event.responseId, event.itemId, event.delta);
      case "response.output_audio.done":
        this.#responseAudio.endItem(event.responseId, event.itemId);
        break;
      case "input_audio_buffer.speech_started":
        this.progress.received(event.at?.audioMs ?? 0);
        this.#responses.callerTurnStarted();
        this.#observer.callerSpeechStarted(event.at);
        break;
      case "input_audio_buffer.speech_stopped":
        this.progress.received(event.at?.audioMs ?? 0);
        this.#responses.callerTurnEnded();
        this.#observer.callerSpeechStopped(event.at);
        break;
      case "input_audio_buffer.committed":
        this.#turnCommitted(event.itemId);
        break;
      case "item":
        if (this.history.has(event.itemId)) break;
        this.#observer.itemAdded(event.itemId, event.previous, SPEAKERS[event.role ?? ""]);
        break;
      case "transcript_delta":
        this.#observer.transcriptDelta(event.itemId, event.speaker, event.text);
        break;
      case "transcript":
        if (event.speaker === "caller") {
          this.#observer.callerTranscript(event.itemId, event.text, event.usage);
        } else this.#observer.assistantTranscript(event.itemId, event.text);
        break;
      case "function_call":
        this.#observer.functionCalled(event.call);
        break;
      case "mcp_approval_request":
        this.#mcpCalls.approvalRequested(event.request);
        this.#observer.approvalRequested(event.request);
        break;
      case "mcp_call":
        this.#mcpCalls.itemReceived(event.item);
        break;
      case "response.mcp_call_arguments.done":
        this.#mcpCalls.callAnnounced(event.itemId, event.arguments, this.#inResponse);
        break;
      case "response.mcp_call.in_progress":
        this.#mcpCalls.callBegan(event.itemId, this.#inResponse);
        break;
      case "response.mcp_call.completed":
        this.#mcpCalls.callEnded(event.itemId, "ok");
        break;
      case "response.mcp_call.failed":
        this.#mcpCalls.callEnded(event.itemId, "failed");
        break;
      case "response.created":
        this.#responseCreated(event.responseId);
        break;
      case "response.done":
        this.#responseDone(event);
        break;
    }
    return true;
  }

  get #inResponse(): boolean {
    return this.#responses.active !== undefined;
  }

  /** With VAD's defaults, the server interrupts its response and answers the turn by itself. */
  #turnCommitted(itemId: string | undefined): void {
    if (!this.#listening) return;
    const { createResponse, interruptResponse } = serverAnswers(this.#session);
    const requested = this.#session.answers !== "parley" && !(createResponse && interruptResponse);
    if (requested) this.#responses.answerTurn(createResponse);
    this.#observer.turnCommitted(itemId);
    this.#responses.turnCommitted();
  }

  #responseCreated(responseId: string): void {
    this.#responseAudio.startResponse();
    this.#responses.created(responseId);
    if (this.#listening || this.#responses.isActiveRequested) return;
    this.interrupt([]);
    this.cancelResponse();
  }

  #responseDone({ responseId, status, reason, usage }: ServerEvent & { type: "response.done" }): void {
    if (status !== "completed") this.#mcpCalls.responseIncomplete();
    const outcome: ResponseOutcome = {
      status,
      ...(reason === undefined ? {} : { reason }),
      hasAudio: this.#responseAudio.hasAudio,
      usage,
    };
    this.#endedResponse = responseId;
    this.#observer.responseDone(outcome);
    this.#responses.done(responseId)?.onDone?.(outcome);
  }
}
