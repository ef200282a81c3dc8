import { assertEquals, assertRejects } from "@std/assert";
import { cachedFor } from "../../../../src/http/admin/api/cached_for.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

Deno.test("cachedFor() shares one run and reuses its result for the given time after it finished", async () => {
  const clock = new FakeClock();
  const runs: PromiseWithResolvers<number>[] = [];
  const load = cachedFor(() => (runs[runs.length] = Promise.withResolvers<number>()).promise, 1_000, clock);
  const [first, same] = [load(), load()];
  clock.advance(60_000);
  const late = load();
  runs[0]?.resolve(1);
  assertEquals([await first, await same, await late, runs.length], [1, 1, 1, 1]);
  clock.advance(999);
  assertEquals([await load(), runs.length], [1, 1]);
  clock.advance(1);
  const next = load();
  clock.advance(5_000);
  const shared = load();
  runs[1]?.resolve(2);
  assertEquals([await next, await shared, runs.length], [2, 2, 2]);
});

Deno.test("cachedFor() does not cache a failure", async () => {
  let started = 0;
  const load = cachedFor(
    () => ++started === 1 ? Promise.reject(new Error("no")) : Promise.resolve(2),
    1_000,
    new FakeClock(),
  );
  await assertRejects(load, Error, "no");
  assertEquals(await load(), 2);
});
