/** The WebSocket a rehearsed call's media stream runs over. */

import type { Clock } from "../../clock.ts";

/** Twilio waits so long for the answer to the upgrade (31901 beyond it). */
const OPEN_TIMEOUT_MS = 10_000;

export interface MediaSocket {
  /** Sends one text message; does nothing on a socket that is closing. */
  send(message: string): void;
  close(code?: number): void;
}

export interface MediaSocketHandlers {
  /** One message: a string, or something else for a binary frame. */
  onMessage(data: unknown): void;
  /** Called once and last; without a close frame from the server the code is 1006. */
  onClose(code: number, reason: string): void;
}

/**
 * Opens the socket, or rejects with why it could not; when the server refused the upgrade the error's `status` is its
 * answer. Handed in where it matters that each frame leaves at once, which {@linkcode openNativeSocket} cannot promise.
 */
export type OpenSocket = (
  url: URL,
  headers: Record<string, string>,
  handlers: MediaSocketHandlers,
) => Promise<MediaSocket>;

/**
 * Opens Deno's own WebSocket. It keeps Nagle's algorithm on: while the server's acknowledgement is delayed (up to
 * 40 ms on Linux), the next frame waits, so that frames of 20 ms may arrive in pairs. And it can miss the close frame of
 * a server that closes while frames are on their way (1006 then).
 */
export function openNativeSocket(clock: Clock): OpenSocket {
  return (url, headers, handlers) => {
    const { promise, resolve, reject } = Promise.withResolvers<MediaSocket>();
    const socket = new WebSocket(url, { headers });
    socket.binaryType = "arraybuffer";
    let why = "the connection was lost";
    let isOpen = false;
    const cancel = clock.after(OPEN_TIMEOUT_MS, () => {
      why = `no answer within ${OPEN_TIMEOUT_MS / 1000} s`;
      socket.close();
    });
    socket.onmessage = ({ data }) => handlers.onMessage(data);
    socket.onerror = (event) => {
      if (event instanceof ErrorEvent && event.message) why = event.message;
    };
    socket.onopen = () => {
      isOpen = true;
      resolve({
        send: (message) => socket.readyState === WebSocket.OPEN && socket.send(message),
        close: (code) => socket.close(code),
      });
    };
    socket.onclose = ({ code, reason }) => {
      socket.onclose = null; // Deno can report a lost connection twice.
      // Deno says 0 where RFC 6455 says 1006.
      if (isOpen) return handlers.onClose(code || 1006, reason);
      const status = /status code: (\d+)/.exec(why)?.[1];
      reject(Object.assign(new Error(why), status && { status: Number(status) }));
    };
    return promise.finally(cancel);
  };
}
