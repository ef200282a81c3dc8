import { decodeMulaw } from "../../audio/g711.ts";
import { interleave, wavHeader } from "../../audio/wav.ts";
import type { CallInProgress, LiveCalls } from "../../call/live.ts";
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
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const end = () => {
      controller?.close();
      controller = undefined;
      over.done();
    };
    const stream = new ReadableStream<Uint8Array>({
      start: (started) => {
        controller = started;
      },
      cancel: () => {
        controller = undefined;
        over.done();
      },
    }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }));
    const write = (bytes: Uint8Array) => {
      if (!controller) return;
      if ((controller.desiredSize ?? 0) <= 0) return end();
      controller.enqueue(bytes);
    };
    write(wavHeader(2, SAMPLE_RATE, ENDLESS));
    over.after(call.listen(({ caller, assistant }) => {
      write(interleave([decodeMulaw(caller), decodeMulaw(assistant)]));
    }));
    over.after(calls.watch(({ type, call }) => {
      if (type === "ended" && call.callSid === callSid) end();
    }));
    return { response: new Response(stream, { headers: { "content-type": "audio/wav" } }), end };
  });
}
