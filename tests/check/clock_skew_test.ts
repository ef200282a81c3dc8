import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkClock } from "../../src/check/clock_skew.ts";
import { TwilioApi } from "../support/twilio_api.ts";
import { freePort } from "../support/free_port.ts";
import { network } from "./stub_service.ts";

for (
  const [seconds, level, expected] of [
    [0, "ok", "within 1 s"],
    [-20, "ok", "within "],
    [-60, "warning", "s ahead"],
    [60, "warning", "s behind"],
    [-400, "failed", "s ahead"],
    [400, "failed", "s behind"],
  ] as const
) {
  Deno.test(`checkClock() is ${level} if the server's clock differs by ${seconds} s`, async () => {
    await using api = new TwilioApi();
    api.clockSkewSeconds = seconds;
    const finding = await checkClock("Twilio", api.url, network);
    assertEquals([finding.check, finding.level], ["clock (Twilio)", level]);
    assertStringIncludes(finding.message, expected);
    const measured = Number(/\d+/.exec(finding.message)?.[0]);
    assertEquals(Math.abs(measured - Math.max(Math.abs(seconds), 1)) <= 1, true, finding.message);
    assertEquals(
      api.requests.map(({ authorization }) => authorization),
      [""],
      "the request has no credentials",
    );
  });
}

Deno.test("checkClock() compares with the middle of a slow request", async () => {
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
  const { level, message } = await checkClock("Twilio", api.url, { ...network, clock });
  assertEquals(level, "warning");
  const skew = Number(/\d+/.exec(message)?.[0]);
  assertEquals(Math.abs(skew - 50) <= 1, true, message);
});

Deno.test("checkClock() warns if the server sends no date or does not respond", async () => {
  await using _silent = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response(null, { headers: { date: "now" } }),
  );
  const { level, message } = await checkClock("model", `http://127.0.0.1:${_silent.addr.port}`, network);
  assertEquals(level, "warning");
  assertStringIncludes(message, "sends no Date header");
  const unreachable = await checkClock("model", `http://127.0.0.1:${freePort()}`, network);
  assertEquals(unreachable.level, "warning");
  assertStringIncludes(unreachable.message, "cannot be reached: connection refused");
});
