import { assert, assertEquals } from "@std/assert";
import { closeFrame, FrameTracker, textFrame } from "./frame_tracker.ts";

const HEAD = new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\n\r\n");

Deno.test("FrameTracker finds boundaries and texts in chunks of any size", () => {
  const frames = [textFrame("short", true), textFrame("x".repeat(300), false), closeFrame(1000, false)];
  const bytes = Uint8Array.from([...HEAD, ...frames.flatMap((frame) => [...frame])]);
  const ends = frames.map((_, i) =>
    HEAD.length + frames.slice(0, i + 1).reduce((sum, f) => sum + f.length, 0)
  );
  for (const size of [1, 2, 3, 7, 50, bytes.length]) {
    const tracker = new FrameTracker();
    const boundaries: number[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      boundaries.push(...tracker.feed(bytes.subarray(at, at + size)).boundaries.map((offset) => at + offset));
    }
    assertEquals(boundaries, [HEAD.length, ...ends], `chunks of ${size}`);
    assert(tracker.atBoundary);
  }
});
