import { assertEquals } from "@std/assert";
import { IdempotencyKeys } from "../../../../src/http/admin/api/idempotency_keys.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const HOUR = 3_600_000;

/** `IdempotencyKeys` for requests that the test answers through `runs`. */
function setUp() {
  const clock = new FakeClock();
  const keys = new IdempotencyKeys<string>({
    clock,
    isFinal: (response) => response !== "refused",
    interrupted: "interrupted",
    journal: undefined,
  });
  const runs: { readonly signal: AbortSignal; readonly answer: (text: string) => void }[] = [];
  const send = (key: string, request = "call Ann", signal = new AbortController().signal) =>
    keys.run({ key, request, signal }, (signal) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      runs.push({ signal, answer: resolve });
      return promise;
    });
  return { clock, runs, send };
}

Deno.test("IdempotencyKeys answers requests with the same key like the first one for 24 h", async () => {
  const { clock, runs, send } = setUp();
  const responses = [send("a"), send("a")];
  runs[0]?.answer("placed");
  assertEquals(await Promise.all(responses), ["placed", "placed"]);
  clock.advance(24 * HOUR - 1);
  assertEquals([await send("a"), runs.length], ["placed", 1]);
  clock.advance(1);
  const later = send("a");
  runs[1]?.answer("placed again");
  assertEquals(await later, "placed again");
});

Deno.test("IdempotencyKeys rejects a key that is used for another request", async () => {
  const { runs, send } = setUp();
  const first = send("a");
  assertEquals(await send("a", "call Bob"), undefined);
  runs[0]?.answer("placed");
  assertEquals([await first, runs.length], ["placed", 1]);
});

Deno.test("IdempotencyKeys runs a request again after an answer that is not final", async () => {
  const { runs, send } = setUp();
  const first = send("a");
  runs[0]?.answer("refused");
  assertEquals(await first, "refused");
  const second = send("a");
  runs[1]?.answer("placed");
  assertEquals(await second, "placed");
});

Deno.test("IdempotencyKeys aborts a request when all its clients have gone, and runs a later one again", async () => {
  const { runs, send } = setUp();
  const clients = [new AbortController(), new AbortController()];
  const waiting = clients.map(({ signal }) => send("a", "call Ann", signal));
  clients[0]?.abort();
  await Promise.resolve();
  assertEquals(runs[0]?.signal.aborted, false);
  clients[1]?.abort();
  assertEquals(runs[0]?.signal.aborted, true);
  const later = send("a");
  runs[0]?.answer("refused");
  await Promise.all(waiting);
  for (let i = 0; i < 20 && runs.length < 2; i++) await Promise.resolve();
  runs[1]?.answer("placed");
  assertEquals([await later, runs.length], ["placed", 2]);
});
