/** @import { OpenSocket } from "./stream_runner.js" */

/** `readyState` of an open WebSocket. */
const OPEN = 1;

/**
 * Opens media streams with WebSockets of the platform.
 *
 * Deno's WebSocket uses Nagle's algorithm. While the server's acknowledgement is delayed (up to 40 ms on Linux), the next
 * frame waits, so frames may arrive in pairs. It can also miss the close frame of a server that closes while frames
 * are in transit (code 1006 then).
 *
 * @param {(url: URL, headers: Record<string, string>) => WebSocket} create
 * @returns {OpenSocket}
 */
export function socketOpener(create) {
  return (url, headers, handlers, signal) =>
    new Promise((resolve, reject) => {
      const socket = create(url, headers);
      socket.binaryType = "arraybuffer";
      let why = "the connection was lost";
      let isOpen = false;
      const abandon = () => socket.close();
      signal.addEventListener("abort", abandon);
      socket.onmessage = ({ data }) => handlers.onMessage(data);
      socket.onerror = (event) => {
        if ("message" in event && event.message) why = String(event.message);
      };
      socket.onopen = () => {
        isOpen = true;
        signal.removeEventListener("abort", abandon);
        resolve({
          send: (message) => {
            if (socket.readyState === OPEN) socket.send(message);
          },
          close: (code) => socket.close(code),
        });
      };
      socket.onclose = ({ code, reason }) => {
        socket.onclose = null; // Deno can report a lost connection twice.
        signal.removeEventListener("abort", abandon);
        // Deno reports 0 instead of 1006 (RFC 6455).
        if (isOpen) return handlers.onClose(code || 1006, reason);
        // Deno's message contains the status of a rejected upgrade; browsers do not reveal it.
        const status = /status code: (\d+)/.exec(why)?.[1];
        reject(Object.assign(new Error(why), status && { status: Number(status) }));
      };
    });
}
