import { LINE_RATE } from "../../../audio/line_format.js";
import { decodeMulaw } from "../../../audio/g711.js";
import { interleave, wavHeader } from "../../../audio/wav.ts";
import type { CallInProgress, LiveCalls } from "../../../calls/live_calls.ts";
import type { ReaderPool } from "../streams/reader_pool.ts";

/** Data length in the WAV header of a stream without a known end (bytes). */
const UNKNOWN_LENGTH = 2 ** 32 - 1 - 36;
/** Maximum bytes queued for a slow listener: 2 s. Beyond that the stream ends; the client may reconnect. */
const MAX_QUEUED_BYTES = 64_000;

/**
 * Streams a call's audio, as it is heard, until the call ends: WAV, 8 kHz, 16-bit PCM, stereo; left the
 * caller, right the assistant.
 */
export function liveAudio(
  callSid: string,
  call: CallInProgress,
  calls: Pick<LiveCalls, "watch">,
  readers: ReaderPool,
): Response {
  return readers.open({ "content-type": "audio/wav" }, MAX_QUEUED_BYTES, (stream) => {
    stream.write(wavHeader(2, LINE_RATE, UNKNOWN_LENGTH));
    stream.onEnd(call.listen(({ caller, assistant }) => {
      stream.write(interleave([decodeMulaw(caller), decodeMulaw(assistant)]));
    }));
    stream.onEnd(calls.watch(({ type, call }) => {
      if (type === "ended" && call.callSid === callSid) stream.close();
    }));
  });
}
