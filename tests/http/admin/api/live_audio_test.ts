import { assertEquals } from "@std/assert";
import { wavHeader } from "../../../../src/audio/wav.ts";
import type { CallChange } from "../../../../src/calls/live_calls.ts";
import { ReaderPool } from "../../../../src/http/admin/streams/reader_pool.ts";
import { liveAudio } from "../../../../src/http/admin/api/live_audio.ts";
import type { AudioSlice } from "../../../../src/recording/audio_aligner.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { sampleCallInProgress, sampleOverview } from "../../../support/sample_calls.ts";

const SECOND = 8_000;

/** A call that the test controls, and its listeners. */
function setUp() {
  const listeners = new Set<(slice: AudioSlice) => void>();
  const watchers = new Set<(change: CallChange) => void>();
  const subscribeTo = <T>(set: Set<T>) => (subscriber: T) => {
    set.add(subscriber);
    return () => void set.delete(subscriber);
  };
  const call = sampleCallInProgress({ listen: subscribeTo(listeners) });
  const readers = new ReaderPool(new FakeClock());
  const listen = () => liveAudio("CA1", call, { watch: subscribeTo(watchers) }, readers);
  const play = (bytes: number) => {
    const slice = { atMs: 0, caller: new Uint8Array(bytes), assistant: new Uint8Array(bytes).fill(0xff) };
    for (const listener of listeners) listener(slice);
  };
  const end = (callSid: string) => {
    for (const watcher of watchers) watcher({ type: "ended", call: sampleOverview({ callSid }) });
  };
  return { readers, listen, play, end, subscriptions: () => [listeners.size, watchers.size] };
}

Deno.test("liveAudio() sends a WAV that ends when its call ends", async () => {
  const { listen, play, end, subscriptions } = setUp();
  const response = listen();
  play(160);
  end("CA2");
  play(160);
  end("CA1");
  const wav = new Uint8Array(await response.arrayBuffer());
  assertEquals(wav.length, 44 + 2 * 160 * 4);
  assertEquals(wav.slice(0, 44), wavHeader(2, 8_000, 2 ** 32 - 1 - 36));
  // µ-law 0x00 is the lowest sample, 0xFF silence.
  assertEquals([...new Int16Array(wav.buffer, 44).slice(0, 4)], [-32_124, 0, -32_124, 0]);
  assertEquals(subscriptions(), [0, 0]);
});

Deno.test("liveAudio() ends after two seconds of unread audio and unsubscribes", async () => {
  const { listen, play, subscriptions } = setUp();
  const response = listen();
  play(SECOND);
  play(SECOND);
  assertEquals(subscriptions(), [1, 1]);
  play(SECOND);
  assertEquals(subscriptions(), [0, 0]);
  play(SECOND);
  assertEquals(
    (await response.arrayBuffer()).byteLength,
    44 + 2 * SECOND * 4,
    "the queued audio is still delivered",
  );
});

Deno.test("liveAudio() unsubscribes when the reader leaves and when the service stops", async () => {
  const { readers, listen, play, subscriptions } = setUp();
  const [first, second] = [listen(), listen()];
  assertEquals(subscriptions(), [2, 2]);
  await first.body?.cancel();
  assertEquals(subscriptions(), [1, 1]);
  play(160);
  readers.close();
  assertEquals(subscriptions(), [0, 0]);
  assertEquals((await second.arrayBuffer()).byteLength, 44 + 160 * 4);
});
