import type {
  ConversationItemCreateEvent,
  ConversationItemTruncateEvent,
  InputAudioBufferClearEvent,
  ResponseCancelEvent,
  ResponseCreateEvent,
  SessionUpdateEvent,
} from "openai/resources/realtime/realtime";
import type { Heard } from "../session.ts";

/** Name of the metadata that a response has which is a text of ours, and no speech. */
export const TEXT_METADATA = "parley_text";

/** What is said to the server in the GA dialect, event by event. */
export class GaClient {
  readonly #send: (text: string) => void;

  /** @param send Takes the text of one event. */
  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** @param audio Base64, in the session's format. */
  append(audio: string): void {
    // By hand: 50 frames a second, and the payload is known to be base64.
    this.#send(`{"type":"input_audio_buffer.append","audio":"${audio}"}`);
  }

  clearInput(): void {
    this.#say<InputAudioBufferClearEvent>({ type: "input_audio_buffer.clear" });
  }

  configure(update: SessionUpdateEvent): void {
    this.#say<SessionUpdateEvent>(update);
  }

  /** @param instructions Replace those of the session. */
  createResponse(eventId: string, instructions?: string): void {
    this.#say<ResponseCreateEvent>({
      type: "response.create",
      event_id: eventId,
      ...(instructions === undefined ? {} : { response: { instructions } }),
    });
  }

  /** A response beside the conversation, in writing. */
  createText(instructions: string): void {
    this.#say<ResponseCreateEvent>({
      type: "response.create",
      response: {
        conversation: "none",
        output_modalities: ["text"],
        instructions,
        metadata: { [TEXT_METADATA]: "1" },
      },
    });
  }

  cancelResponse(id: string): void {
    this.#say<ResponseCancelEvent>({ type: "response.cancel", response_id: id });
  }

  truncate({ itemId, heardMs }: Heard): void {
    this.#say<ConversationItemTruncateEvent>({
      type: "conversation.item.truncate",
      item_id: itemId,
      content_index: 0,
      audio_end_ms: heardMs,
    });
  }

  note(text: string): void {
    this.#createItem({ type: "message", role: "system", content: [{ type: "input_text", text }] });
  }

  functionOutput(callId: string, output: string): void {
    this.#createItem({ type: "function_call_output", call_id: callId, output });
  }

  approvalResponse(requestId: string, approve: boolean): void {
    const id = `parley_${requestId}`.slice(0, 32);
    this.#createItem({ type: "mcp_approval_response", approval_request_id: requestId, approve, id });
  }

  #createItem(item: ConversationItemCreateEvent["item"]): void {
    this.#say<ConversationItemCreateEvent>({ type: "conversation.item.create", item });
  }

  #say<Event>(event: Event): void {
    this.#send(JSON.stringify(event));
  }
}
