import { assertEquals } from "@std/assert";
import { wavHeader } from "../../../src/audio/wav.ts";
import type { CallChange, CallInProgress } from "../../../src/calls/live_calls.ts";
import { EventStreams } from "../../../src/http/admin/event_streams.ts";
import { liveAudio } from "../../../src/http/admin/live_audio.ts";
import type { Stretch } from "../../../src/recording/heard_audio.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const SECOND = 8_000;

/** A call whose sound and end are in the hands of the test, and who listens to it. */
function setUp() {
  const listeners = new Set<(stretch: Stretch) => void>();
  const watchers = new Set<(change: CallChange) => void>();
  const into = <Each>(set: Set<Each>) => (each: Each) => {
    set.add(each);
    return () => void set.delete(each);
  };
  const call: CallInProgress = {
    state: { atMs: 0, said: [], events: [], turns: [], costUsd: 0, inputTokens: 0, outputTokens: 0 },
    watch: () => () => {},
    listen: into(listeners),
    whisper() {},
    hangUp() {},
    transfer: () => false,
    record: () => false,
  };
  const streams = new EventStreams(new FakeClock());
  const listen = () => liveAudio("CA1", call, { watch: into(watchers) }, streams);
  const hear = (bytes: number) => {
    const stretch = { atMs: 0, caller: new Uint8Array(bytes), assistant: new Uint8Array(bytes).fill(0xff) };
    for (const listener of listeners) listener(stretch);
  };
  const end = (callSid: string) => {
    for (const watcher of watchers) {
      watcher({
        type: "ended",
        call: {
          callSid,
          from: "",
          to: "",
          assistant: "",
          state: "connected",
          startedAt: "",
          turns: 0,
          costUsd: 0,
        },
      });
    }
  };
  return { streams, listen, hear, end, waiting: () => [listeners.size, watchers.size] };
}

Deno.test("audio of a call is a WAV without an end that ends with the call, and with no other", async () => {
  const { listen, hear, end, waiting } = setUp();
  const response = listen();
  hear(160);
  end("CA2");
  hear(160);
  end("CA1");
  const wav = new Uint8Array(await response.arrayBuffer());
  assertEquals(wav.length, 44 + 2 * 160 * 4);
  assertEquals(wav.slice(0, 44), wavHeader(2, 8_000, 2 ** 32 - 1 - 36));
  // µ-law 0x00 is the lowest sample, 0xff none.
  assertEquals([...new Int16Array(wav.buffer, 44).slice(0, 4)], [-32_124, 0, -32_124, 0]);
  assertEquals(waiting(), [0, 0]);
});

Deno.test("who listens too slowly is cut off after two seconds, and nothing is computed for them any more", async () => {
  const { listen, hear, waiting } = setUp();
  const response = listen();
  hear(SECOND);
  hear(SECOND);
  assertEquals(waiting(), [1, 1]);
  hear(SECOND);
  assertEquals(waiting(), [0, 0]);
  hear(SECOND);
  assertEquals((await response.arrayBuffer()).byteLength, 44 + 2 * SECOND * 4, "what waited is not lost");
});

Deno.test("who stops to listen is forgotten; a service that stops ends what is listened to", async () => {
  const { streams, listen, hear, waiting } = setUp();
  const [first, second] = [listen(), listen()];
  assertEquals(waiting(), [2, 2]);
  await first.body?.cancel();
  assertEquals(waiting(), [1, 1]);
  hear(160);
  streams.close();
  assertEquals(waiting(), [0, 0]);
  assertEquals((await second.arrayBuffer()).byteLength, 44 + 160 * 4);
});

Deno.test("what is over before it was admitted takes no place, and what is to be done then is done once", () => {
  const streams = new EventStreams(new FakeClock());
  let done = 0;
  for (let n = 0; n < 100; n++) {
    const { status } = streams.admit((over) => {
      over.done();
      over.after(() => done++);
      over.done();
      return { response: new Response(), end() {} };
    });
    assertEquals(status, 200);
  }
  assertEquals(done, 100);
});
