import type { ConversationItem, RealtimeServerEvent } from "openai/resources/realtime/realtime";

/** The vendor's type of something sent, with the `null` its server puts where its types only leave out. */
export type Wire<T> = T extends readonly (infer Element)[] ? Wire<Element>[]
  : T extends object
    ? { [Key in keyof T]: Wire<T[Key]> | (Record<never, never> extends Pick<T, Key> ? null : never) }
  : T;

/** A server event before it has its `event_id`. */
export type Draft = WithoutEventId<Wire<RealtimeServerEvent>>;
type WithoutEventId<Event> = Event extends unknown ? Omit<Event, "event_id"> : never;

/** A conversation item as it goes over the wire. */
export type WireItem = Wire<ConversationItem>;

/** Any event of the wire, to somebody who only watches. */
export type WatchedEvent = { type: string } & Record<string, unknown>;

/** A client event that cannot be carried out: answered with an `error` event, after which the session lives on. */
export class ModelFault extends Error {
  override readonly name = "ModelFault";
  readonly code: string;
  readonly param: string | null;

  constructor(code: string, message: string, param: string | null = null) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

/** The `error` event for a client event that failed, or for a connection that is refused. */
export function errorEvent(
  fault: ModelFault,
  clientEventId: string | null = null,
): Draft & { type: "error" } {
  return {
    type: "error",
    error: {
      type: "invalid_request_error",
      code: fault.code,
      message: fault.message,
      param: fault.param,
      event_id: clientEventId,
    },
  };
}
