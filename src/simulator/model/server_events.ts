import type { ConversationItem, RealtimeServerEvent } from "openai/resources/realtime/realtime";

/**
 * The vendor's type with `null` allowed for optional fields, because its server sends null instead of
 * omitting them.
 */
export type Wire<T> = T extends readonly (infer Element)[] ? Wire<Element>[]
  : T extends object
    ? { [Key in keyof T]: Wire<T[Key]> | (Record<never, never> extends Pick<T, Key> ? null : never) }
  : T;

/** A server event without its `event_id`. */
export type ServerEvent = WithoutEventId<Wire<RealtimeServerEvent>>;
type WithoutEventId<Event> = Event extends unknown ? Omit<Event, "event_id"> : never;

/** A conversation item in an event. */
export type WireItem = Wire<ConversationItem>;

/** Any event in either direction. */
export type WireEvent = { type: string } & Record<string, unknown>;

/** A client event that cannot be handled. The server sends an `error` event, and the session continues. */
export class ClientEventError extends Error {
  override readonly name = "ClientEventError";

  constructor(readonly code: string, message: string, readonly param: string | null = null) {
    super(message);
  }
}

/** The error for a field whose value is not allowed. */
export function invalidValue(message: string, param: string): ClientEventError {
  return new ClientEventError("invalid_value", message, param);
}

/** The `error` event for a failed client event or a rejected connection. */
export function errorEvent(
  { code, message, param }: ClientEventError,
  clientEventId: string | null = null,
): ServerEvent & { type: "error" } {
  const error = { type: "invalid_request_error", code, message, param, event_id: clientEventId };
  return { type: "error", error };
}
