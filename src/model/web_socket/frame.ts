/** What both halves of RFC 6455's framing know. */

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** Most bytes that the payload of a control frame may have (RFC 6455, 5.5). */
export const LONGEST_CONTROL = 125;

/** Buffers for reading start this large; one that grew for a long message is let go after it. */
export const READ_BYTES = 64 * 1024;

/** What a server sent that no client may accept; `code` is the close code that answers it (RFC 6455, 7.4.1). */
export class FrameError extends Error {
  override readonly name = "FrameError";

  constructor(readonly code: number, problem: string) {
    super(`Cannot read what the server sent: ${problem}`);
  }
}

/** Whether a close frame may carry `code` (RFC 6455, 7.4, and the IANA registry of close codes). */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
