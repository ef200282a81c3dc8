import type {
  ConversationItemCreateEvent,
  ConversationItemTruncateEvent,
  InputAudioBufferClearEvent,
  ResponseCancelEvent,
  ResponseCreateEvent,
  SessionUpdateEvent,
} from "openai/resources/realtime/realtime";
import type { HeardItem } from "../model_interface.ts";

/** Event ID of {@linkcode GaClientEvents.createText}. */
export const TEXT_EVENT_ID = "parley_text";
/** Response metadata that marks a text response of {@linkcode GaClientEvents.createText}. */
export const TEXT_METADATA = "parley_text";

/** Serializes client events of the GA Realtime API. */
export class GaClientEvents {
  readonly #send: (text: string) => void;

  /** @param send Receives the JSON text of one event. */
  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** @param audio Base64, in the session's format. */
  appendAudio(audio: string): void {
    // Concatenated for speed: 50 frames a second, and base64 needs no escaping.
    this.#send(`{"type":"input_audio_buffer.append","audio":"${audio}"}`);
  }

  clearInput(): void {
    this.#sendEvent<InputAudioBufferClearEvent>({ type: "input_audio_buffer.clear" });
  }

  configure(update: SessionUpdateEvent): void {
    this.#sendEvent<SessionUpdateEvent>(update);
  }

  /** @param instructions Replace the session's instructions for this response. */
  createResponse(eventId: string, instructions?: string): void {
    this.#sendEvent<ResponseCreateEvent>({
      type: "response.create",
      event_id: eventId,
      ...(instructions === undefined ? {} : { response: { instructions } }),
    });
  }

  /**
   * Requests a text response outside the conversation.
   *
   * @param conversation The model's only input. Undefined: the session's conversation.
   */
  createText(instructions: string, conversation?: string): void {
    this.#sendEvent<ResponseCreateEvent>({
      type: "response.create",
      event_id: TEXT_EVENT_ID,
      response: {
        conversation: "none",
        output_modalities: ["text"],
        tool_choice: "none",
        instructions,
        ...(conversation === undefined ? {} : {
          input: [{ type: "message", role: "user", content: [{ type: "input_text", text: conversation }] }],
        }),
        metadata: { [TEXT_METADATA]: "1" },
      },
    });
  }

  cancelResponse(id: string): void {
    this.#sendEvent<ResponseCancelEvent>({ type: "response.cancel", response_id: id });
  }

  truncate({ itemId, heardMs }: HeardItem): void {
    this.#sendEvent<ConversationItemTruncateEvent>({
      type: "conversation.item.truncate",
      item_id: itemId,
      content_index: 0,
      audio_end_ms: heardMs,
    });
  }

  addSystemMessage(text: string): void {
    this.#createItem({ type: "message", role: "system", content: [{ type: "input_text", text }] });
  }

  sendFunctionResult(callId: string, output: string): void {
    this.#createItem({ type: "function_call_output", call_id: callId, output });
  }

  sendApproval(requestId: string, approve: boolean): void {
    const id = `parley_${requestId}`.slice(0, 32);
    this.#createItem({ type: "mcp_approval_response", approval_request_id: requestId, approve, id });
  }

  #createItem(item: ConversationItemCreateEvent["item"]): void {
    this.#sendEvent<ConversationItemCreateEvent>({ type: "conversation.item.create", item });
  }

  #sendEvent<Event>(event: Event): void {
    // Texts cut to a length may begin or end with half a character, which strict servers refuse.
    this.#send(JSON.stringify(event, (_, value) => typeof value === "string" ? value.toWellFormed() : value));
  }
}
