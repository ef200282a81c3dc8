import { assertEquals } from "@std/assert";
import { AudioQueue } from "../../src/playout/audio_queue.ts";

Deno.test("AudioQueue gives back every byte in order, however it is cut", () => {
  let seed = 3;
  const random = (below: number) => (seed = seed * 48_271 % 2_147_483_647) % below;
  const queue = new AudioQueue();
  let pushed = 0, taken = 0;
  for (let i = 0; i < 2_000; i++) {
    const chunk = Uint8Array.from({ length: 1 + random(50) }, () => pushed++ % 251);
    queue.push(chunk);
    const piece = queue.take(random(pushed - taken + 1));
    assertEquals([...piece], Array.from(piece, () => taken++ % 251));
  }
});

Deno.test("AudioQueue forgets where it was when it is cleared", () => {
  const queue = new AudioQueue();
  queue.push(Uint8Array.of(1, 2, 3));
  queue.take(2);
  queue.clear();
  queue.push(Uint8Array.of(7, 8));
  assertEquals([...queue.take(2)], [7, 8]);
});
