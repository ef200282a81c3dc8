import { assert } from "@std/assert";
import { walk } from "./random_walk.ts";

Deno.test("Calls keep every invariant over 20,000 random events", async () => {
  const { calls } = await walk(1, 20_000);
  assert(calls > 20, `${calls} calls`);
});
