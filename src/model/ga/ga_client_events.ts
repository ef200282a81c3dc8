import type {
  ConversationItemCreateEvent,
  ConversationItemDeleteEvent,
  ConversationItemTruncateEvent,
  InputAudioBufferClearEvent,
  ResponseCancelEvent,
  ResponseCreateEvent,
  SessionUpdateEvent,
} from "openai/resources/realtime/realtime";
import type { HeardItem, HistoryItem } from "../model_interface.ts";

/** Event ID of {@linkcode GaClientEvents.createText}. */
export const TEXT_EVENT_ID = "parley_text";
/** Prefix of the event IDs of {@linkcode GaClientEvents.deleteItem}. */
const DELETE_EVENT_PREFIX = "parley_delete_";
/** Response metadata that marks a text response of {@linkcode GaClientEvents.createText}. */
export const TEXT_METADATA = "parley_text";

/** Where {@linkcode GaClientEvents.addSystemMessage} puts a message, and the ID of its event. */
export interface MessagePlace {
  readonly eventId: string;
  /** `root` for the start. */
  readonly previousItemId: string;
}

/** Whether an error is about an item that should be deleted and does not exist. */
export function isDeleteError(eventId: string | undefined): boolean {
  return eventId?.startsWith(DELETE_EVENT_PREFIX) === true;
}

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

  /** @param place Undefined: the end of the conversation. */
  addSystemMessage(text: string, place?: MessagePlace): void {
    this.#createItem(
      message("system", text),
      place && { event_id: place.eventId, previous_item_id: place.previousItemId },
    );
  }

  /**
   * Adds an item of an earlier session; the event has the item's ID.
   *
   * @param after ID of the item before it. Undefined: the end of the conversation.
   */
  createHistoryItem(id: string, item: HistoryItem, after?: string): void {
    const place = after === undefined ? {} : { previous_item_id: after };
    this.#createItem({ ...historyItem(item), id }, { event_id: id, ...place });
  }

  deleteItem(itemId: string): void {
    this.#sendEvent<ConversationItemDeleteEvent>({
      type: "conversation.item.delete",
      event_id: `${DELETE_EVENT_PREFIX}${itemId}`,
      item_id: itemId,
    });
  }

  sendFunctionResult(callId: string, output: string): void {
    this.#createItem({ type: "function_call_output", call_id: callId, output });
  }

  sendApproval(requestId: string, approve: boolean): void {
    const id = `parley_${requestId}`.slice(0, 32);
    this.#createItem({ type: "mcp_approval_response", approval_request_id: requestId, approve, id });
  }

  #createItem(
    item: ConversationItemCreateEvent["item"],
    fields: Pick<ConversationItemCreateEvent, "event_id" | "previous_item_id"> = {},
  ): void {
    this.#sendEvent<ConversationItemCreateEvent>({ type: "conversation.item.create", ...fields, item });
  }

  #sendEvent<Event>(event: Event): void {
    // Texts cut to a length may begin or end with half a character, which strict servers refuse.
    this.#send(JSON.stringify(event, (_, value) => typeof value === "string" ? value.toWellFormed() : value));
  }
}

function historyItem(item: HistoryItem): ConversationItemCreateEvent["item"] {
  switch (item.type) {
    case "caller":
      return message("user", item.text);
    case "note":
      return message("system", item.text);
    case "assistant":
      return { type: "message", role: "assistant", content: [{ type: "output_text", text: item.text }] };
    case "function call": {
      const { callId, name, arguments: text } = item.call;
      return { type: "function_call", status: "completed", call_id: callId, name, arguments: text };
    }
    case "function result":
      return { type: "function_call_output", call_id: item.callId, output: item.output };
  }
}

function message(role: "user" | "system", text: string): ConversationItemCreateEvent["item"] {
  return { type: "message", role, content: [{ type: "input_text", text }] };
}
