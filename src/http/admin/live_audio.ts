import { decodeMulaw } from "../../audio/g711.ts";
import { interleave, wavHeader } from "../../audio/wav.ts";
import type { CallInProgress, LiveCalls } from "../../calls/live_calls.ts";
import { BoundedStream } from "./bounded_stream.ts";
import type { EventStreams } from "./event_streams.ts";

const SAMPLE_RATE = 8_000;
/** What a header says of a file whose length nobody knows. */
const ENDLESS = 2 ** 32 - 1 - 36;
/** Most that waits for a slow listener (bytes): 2 s. Then it is over, and may be asked for again. */
const MAX_WAITING_BYTES = 64_000;

/**
 * Answers with what both sides of a call hear, as they hear it: a WAV that ends with the call. 8 kHz, 16 bits, stereo:
 * left the caller, right the assistant.
 */
export function liveAudio(
  callSid: string,
  call: CallInProgress,
  calls: Pick<LiveCalls, "watch">,
  streams: EventStreams,
): Response {
  return streams.admit((over) => {
    const stream = new BoundedStream(MAX_WAITING_BYTES, over.done);
    stream.write(wavHeader(2, SAMPLE_RATE, ENDLESS));
    over.after(call.listen(({ caller, assistant }) => {
      stream.write(interleave([decodeMulaw(caller), decodeMulaw(assistant)]));
    }));
    over.after(calls.watch(({ type, call }) => {
      if (type === "ended" && call.callSid === callSid) stream.close();
    }));
    return {
      response: new Response(stream.readable, { headers: { "content-type": "audio/wav" } }),
      end: () => stream.close(),
    };
  });
}
