import { assertEquals } from "@std/assert";
import { BoundedMap } from "../src/bounded_map.ts";

Deno.test("BoundedMap evicts the oldest entry beyond its limit", () => {
  const evicted: [string, number][] = [];
  const map = new BoundedMap<string, number>(2, (key, value) => evicted.push([key, value]));
  map.set("a", 1).set("b", 2).set("c", 3);
  assertEquals([...map], [["b", 2], ["c", 3]]);
  assertEquals(evicted, [["a", 1]]);
});

Deno.test("BoundedMap makes a key the newest entry when it is set again", () => {
  const map = new BoundedMap<string, number>(2).set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  assertEquals([...map], [["a", 3], ["c", 4]]);
});
