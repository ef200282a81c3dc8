import { assertEquals } from "@std/assert";
import { IdempotencyKeys } from "../../src/dialer/idempotency_keys.ts";
import { FakeClock } from "../support/fake_clock.ts";

const HOUR = 3_600_000;

/** Keys whose requests are answered by the test. */
function setUp() {
  const clock = new FakeClock();
  const keys = new IdempotencyKeys<string>(clock, (response) => response !== "refused");
  const works: { readonly signal: AbortSignal; readonly answer: (text: string) => void }[] = [];
  const send = (key: string, request = "call Ann", signal = new AbortController().signal) =>
    keys.run({ key, request, signal }, (signal) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      works.push({ signal, answer: resolve });
      return promise;
    });
  return { clock, works, send };
}

Deno.test("IdempotencyKeys gives requests with the same key the answer of the first, for 24 h", async () => {
  const { clock, works, send } = setUp();
  const responses = [send("a"), send("a")];
  works[0]?.answer("placed");
  assertEquals(await Promise.all(responses), ["placed", "placed"]);
  clock.advance(24 * HOUR - 1);
  assertEquals([await send("a"), works.length], ["placed", 1]);
  clock.advance(1);
  const later = send("a");
  works[1]?.answer("placed again");
  assertEquals(await later, "placed again");
});

Deno.test("IdempotencyKeys rejects a key that is used for another request", async () => {
  const { works, send } = setUp();
  const first = send("a");
  assertEquals(await send("a", "call Bob"), undefined);
  works[0]?.answer("placed");
  assertEquals([await first, works.length], ["placed", 1]);
});

Deno.test("IdempotencyKeys runs a request again after an answer that is not final", async () => {
  const { works, send } = setUp();
  const first = send("a");
  works[0]?.answer("refused");
  assertEquals(await first, "refused");
  const second = send("a");
  works[1]?.answer("placed");
  assertEquals(await second, "placed");
});

Deno.test("IdempotencyKeys gives up a request when all its clients have gone, and starts anew for a later one", async () => {
  const { works, send } = setUp();
  const clients = [new AbortController(), new AbortController()];
  const waiting = clients.map(({ signal }) => send("a", "call Ann", signal));
  clients[0]?.abort();
  await Promise.resolve();
  assertEquals(works[0]?.signal.aborted, false);
  clients[1]?.abort();
  assertEquals(works[0]?.signal.aborted, true);
  const later = send("a");
  works[0]?.answer("refused");
  await Promise.all(waiting);
  for (let i = 0; i < 20 && works.length < 2; i++) await Promise.resolve();
  works[1]?.answer("placed");
  assertEquals([await later, works.length], ["placed", 2]);
});
