import type { Clock } from "../../../clock.ts";
import type { BoundedStream } from "./bounded_stream.ts";

/** Interval of keepalive comments (ms), so that proxies do not close a quiet stream. */
const KEEPALIVE_MS = 15_000;
/** A stream ends after this time (ms); the client reconnects, which checks its credentials again. */
const MAX_AGE_MS = 3_600_000;
/** Maximum bytes queued for a slow reader: the state of a few thousand calls. */
export const MAX_QUEUED_EVENT_BYTES = 1_048_576;
export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream",
  // Turns off nginx's response buffering.
  "x-accel-buffering": "no",
};

/** Sends one event; `data` is serialized as JSON. Does nothing after the stream's end. */
export type SendEvent = (event: string, data: unknown) => void;

/**
 * Uses a stream for server-sent events, with keepalives, and ends it after an hour.
 *
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function sendEvents(stream: BoundedStream, clock: Clock): SendEvent {
  const write = (text: string) => stream.write(new TextEncoder().encode(text));
  let cancelKeepalive = () => {};
  const scheduleKeepalive = () => {
    cancelKeepalive = clock.after(KEEPALIVE_MS, () => {
      write(": keepalive\n\n");
      if (stream.open) scheduleKeepalive();
    });
  };
  scheduleKeepalive();
  stream.onEnd(clock.after(MAX_AGE_MS, () => stream.close()));
  stream.onEnd(() => cancelKeepalive());
  return (event, data) => {
    if (stream.open) write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
}
