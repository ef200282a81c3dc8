import { assertEquals } from "@std/assert";
import { Segments } from "../../src/playout/segments.ts";

Deno.test("Segments lists an item once, however often its audio alternates with another's", () => {
  const segments = new Segments();
  for (let at = 0; at < 1_000; at++) segments.add(at % 2 ? "b" : "a", at, 1);
  assertEquals(segments.itemsAfter(0), ["a", "b"]);
  assertEquals(segments.itemsAfter(999), ["b"]);
});
