/** Constants and errors shared by the frame reader and writer (RFC 6455, 5). */

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** Maximum payload of a control frame (bytes; RFC 6455, 5.5). */
export const MAX_CONTROL_BYTES = 125;

/** Size of the read buffer. A larger buffer for a long message is released after it. */
export const READ_BYTES = 64 * 1024;

/** A protocol violation by the server. `code` is the close code to answer with (RFC 6455, 7.4.1). */
export class FrameError extends Error {
  override readonly name = "FrameError";

  constructor(readonly code: number, problem: string) {
    super(`The server broke the WebSocket protocol: ${problem}`);
  }
}

/** Whether a close frame may carry `code` (RFC 6455, 7.4, and the IANA registry of close codes). */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
