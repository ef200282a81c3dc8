import { assertEquals, assertRejects } from "@std/assert";
import { recently } from "../../../src/http/admin/cached_for.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("recently() works again only so long after it was done, and never twice at a time", async () => {
  const clock = new FakeClock();
  const works: PromiseWithResolvers<number>[] = [];
  const ask = recently(() => (works[works.length] = Promise.withResolvers<number>()).promise, 1_000, clock);
  const [first, same] = [ask(), ask()];
  clock.advance(60_000);
  const late = ask();
  works[0]?.resolve(1);
  assertEquals([await first, await same, await late, works.length], [1, 1, 1, 1]);
  clock.advance(999);
  assertEquals([await ask(), works.length], [1, 1]);
  clock.advance(1);
  const next = ask();
  clock.advance(5_000);
  const shared = ask();
  works[1]?.resolve(2);
  assertEquals([await next, await shared, works.length], [2, 2, 2]);
});

Deno.test("recently() keeps no failure", async () => {
  let asked = 0;
  const ask = recently(
    () => ++asked === 1 ? Promise.reject(new Error("no")) : Promise.resolve(2),
    1_000,
    new FakeClock(),
  );
  await assertRejects(ask, Error, "no");
  assertEquals(await ask(), 2);
});
