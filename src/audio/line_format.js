/**
 * Audio on a telephone line, as Twilio Media Streams carries it: µ-law, mono, one byte per sample, in frames of 20 ms.
 * (https://www.twilio.com/docs/voice/media-streams/websocket-messages)
 */

/** Samples per second. */
export const LINE_RATE = 8_000;
/** Bytes of µ-law per millisecond. */
export const BYTES_PER_MS = 8;
/** Length of one frame (ms). */
export const FRAME_MS = 20;
/** Bytes of µ-law in one frame. */
export const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
