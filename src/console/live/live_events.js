/** Server-sent events of the API, kept open across connection losses. */

import { openEvents } from "../api_client.js";

/** Delay before reconnecting (ms) when the browser does not reconnect by itself. */
const RETRY_MS = 5_000;

/** @import { EventHandlers } from "../api_types.ts" */
/** @typedef {"open" | "lost"} ConnectionState */

/**
 * Subscribes to the events of `../api/…`. Disconnects while the page is hidden, because over HTTP/1.1 a
 * browser opens only six connections to a host, and a seventh tab could not load.
 *
 * @template Events
 * @param {string} path
 * @param {EventHandlers<Events>} handlers By event name.
 * @param {(state: ConnectionState) => void} onState
 * @param {() => Promise<boolean>} onRefused Called when the server answers with something other than a
 *   stream. Resolves to whether to retry; a rejection retries too.
 * @returns {() => void} Unsubscribes.
 */
export function subscribe(path, handlers, onState, onRefused) {
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let closed = false;
  const open = () => {
    source?.close();
    clearTimeout(timer);
    if (closed || document.hidden) return;
    const opened = openEvents(path);
    source = opened;
    opened.onopen = () => onState("open");
    for (const name in handlers) {
      opened.addEventListener(name, ({ data }) => handlers[name]?.(JSON.parse(data)));
    }
    opened.onerror = async () => {
      onState("lost");
      // Browsers reconnect after a lost connection, not after a response that is not a stream.
      if (opened.readyState !== EventSource.CLOSED) return;
      const retry = await onRefused().catch(() => true);
      if (retry && opened === source) timer = setTimeout(open, RETRY_MS);
    };
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    closed = true;
    document.removeEventListener("visibilitychange", open);
    open();
  };
}
