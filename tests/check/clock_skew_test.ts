import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkClock } from "../../src/check/clock_skew.ts";
import { TwilioApi } from "../support/twilio_api.ts";
import { freePort, network } from "./stand_in.ts";

for (
  const [seconds, level, found] of [
    [0, "ok", "within 1 s"],
    [-20, "ok", "within "],
    [-60, "warning", "s ahead"],
    [60, "warning", "s behind"],
    [-400, "failed", "s ahead"],
    [400, "failed", "s behind"],
  ] as const
) {
  Deno.test(`a clock that differs by ${seconds} s from the vendor's`, async () => {
    await using api = new TwilioApi();
    api.skewSeconds = seconds;
    const finding = await checkClock("Twilio", api.url, network);
    assertEquals([finding.line, finding.level], ["clock (Twilio)", level]);
    assertStringIncludes(finding.found, found);
    const measured = Number(/\d+/.exec(finding.found)?.[0]);
    assertEquals(Math.abs(measured - Math.max(Math.abs(seconds), 1)) <= 1, true, finding.found);
    assertEquals(api.requests.map(({ authorization }) => authorization), [""], "nothing secret is sent");
  });
}

Deno.test("the middle of a slow request counts", async () => {
  // The server answers with the time it was asked, 100 s before the answer arrives.
  await using api = new TwilioApi();
  let wall = Date.now() + 500;
  const clock = {
    ...network.clock,
    wallTime: () => {
      const now = wall;
      wall += 100_000;
      return now;
    },
  };
  const { level, found } = await checkClock("Twilio", api.url, { ...network, clock });
  assertEquals(level, "warning");
  const skew = Number(/\d+/.exec(found)?.[0]);
  assertEquals(Math.abs(skew - 50) <= 1, true, found);
});

Deno.test("a vendor that does not tell the time, or does not answer, leaves it unknown", async () => {
  await using _silent = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response(null, { headers: { date: "now" } }),
  );
  const { level, found } = await checkClock("model", `http://127.0.0.1:${_silent.addr.port}`, network);
  assertEquals(level, "warning");
  assertStringIncludes(found, "does not say the time");
  const gone = await checkClock("model", `http://127.0.0.1:${freePort()}`, network);
  assertEquals(gone.level, "warning");
  assertStringIncludes(gone.found, "cannot be reached: nothing listens there");
});
