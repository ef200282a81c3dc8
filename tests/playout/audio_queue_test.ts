import { assertEquals } from "@std/assert";
import { AudioQueue } from "../../src/playout/audio_queue.ts";
import { randomFrom } from "../support/random.ts";

Deno.test("AudioQueue returns every byte in order, whatever the lengths of chunks and reads", () => {
  const next = randomFrom(3);
  const random = (below: number) => Math.floor(next() * below);
  const queue = new AudioQueue();
  let pushed = 0, taken = 0;
  for (let i = 0; i < 2_000; i++) {
    const chunk = Uint8Array.from({ length: 1 + random(50) }, () => pushed++ % 251);
    queue.push(chunk);
    const piece = queue.read(random(pushed - taken + 1));
    assertEquals([...piece], Array.from(piece, () => taken++ % 251));
  }
});

Deno.test("AudioQueue starts at the first byte of the next chunk after a clear", () => {
  const queue = new AudioQueue();
  queue.push(Uint8Array.of(1, 2, 3));
  queue.read(2);
  queue.clear(2);
  queue.push(Uint8Array.of(7, 8));
  assertEquals([...queue.read(2)], [7, 8]);
});

Deno.test("AudioQueue reads audio again until it is released", () => {
  const queue = new AudioQueue();
  for (const chunk of [[0, 1, 2], [3, 4], [5, 6, 7]]) queue.push(Uint8Array.from(chunk));
  queue.read(7);
  queue.seek(2);
  assertEquals([...queue.read(4)], [2, 3, 4, 5]);
  queue.keep(4);
  assertEquals(queue.start, 3, "the chunk that holds the position stays whole");
  queue.seek(4);
  assertEquals([...queue.read(4)], [4, 5, 6, 7]);
  queue.seek(3);
  queue.keep(100);
  assertEquals([queue.start, ...queue.read(2)], [3, 3, 4], "audio that was not read is never released");
});

Deno.test("AudioQueue reads what is pushed after a seek to its end", () => {
  const queue = new AudioQueue();
  queue.push(Uint8Array.of(1, 2));
  queue.read(2);
  queue.keep(2);
  queue.seek(2);
  queue.push(Uint8Array.of(3));
  assertEquals([...queue.read(1)], [3]);
});
