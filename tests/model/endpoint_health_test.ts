import { assertEquals } from "@std/assert";
import { EndpointHealth } from "../../src/model/endpoint_health.ts";
import type { ModelEndpoint } from "../../src/model/model_endpoint.ts";
import { FakeClock } from "../support/fake_clock.ts";

const endpoint = (name: string, changes: Partial<ModelEndpoint> = {}): ModelEndpoint => ({
  name,
  url: `wss://${name}/v1/realtime`,
  apiKey: "sk-secret",
  model: "m",
  audioFormat: "pcmu",
  dialect: "auto",
  ...changes,
});

const OWN = endpoint("own");
const OTHER = endpoint("other");

function setUp() {
  const clock = new FakeClock();
  const lines: unknown[] = [];
  const note = (event: string, fields?: unknown) => void lines.push([event, fields]);
  const health = new EndpointHealth(clock, { warn: note, info: note });
  const order = (...endpoints: ModelEndpoint[]) =>
    health.order(endpoints.length > 0 ? endpoints : [OWN, OTHER]).map(({ name }) => name);
  const fail = (times: number, of = OWN) => {
    for (let n = 0; n < times; n++) health.failed(of, "dial");
  };
  return { clock, health, order, fail, lines };
}

Deno.test("EndpointHealth moves an endpoint to the end after three failures and tries it again after 15 s", () => {
  const { clock, health, order, fail } = setUp();
  fail(2);
  health.dialled(OWN);
  assertEquals(order(), ["own", "other"]);
  fail(1);
  assertEquals(order(), ["other", "own"]);
  clock.advance(14_999);
  assertEquals(order(), ["other", "own"]);
  clock.advance(1);
  assertEquals(order(), ["own", "other"]);
});

Deno.test("EndpointHealth lets one call try an endpoint again", () => {
  const { clock, health, order, fail } = setUp();
  fail(3);
  clock.advance(15_000);
  health.dialled(OWN);
  assertEquals(order(), ["other", "own"], "other calls wait for the result");
  health.succeeded(OWN);
  assertEquals(order(), ["own", "other"]);
  fail(2);
  assertEquals(order(), ["own", "other"], "counts from 0 again");
});

Deno.test("EndpointHealth lets another call try when the first has reported nothing for 10 s", () => {
  const { clock, health, order, fail } = setUp();
  fail(3);
  clock.advance(15_000);
  health.dialled(OWN);
  clock.advance(9_999);
  assertEquals(order(), ["other", "own"]);
  clock.advance(1);
  assertEquals(order(), ["own", "other"]);
});

Deno.test("EndpointHealth doubles the time up to 2 min while trials fail", () => {
  const { clock, health, order, fail } = setUp();
  fail(3);
  const periods: number[] = [];
  for (let trial = 0; trial < 6; trial++) {
    let passed = 0;
    for (; order()[0] !== "own"; passed += 1_000) clock.advance(1_000);
    periods.push(passed);
    health.dialled(OWN);
    fail(1);
  }
  assertEquals(periods, [15_000, 30_000, 60_000, 120_000, 120_000, 120_000]);
});

Deno.test("EndpointHealth does not prolong the time for failures of calls that have no other endpoint", () => {
  const { clock, health, order, fail } = setUp();
  fail(3);
  clock.advance(10_000);
  health.dialled(OWN);
  fail(5);
  clock.advance(5_000);
  assertEquals(order(), ["own", "other"]);
  // The same after a trial that failed.
  health.dialled(OWN);
  fail(5);
  clock.advance(29_000);
  fail(1);
  clock.advance(1_000);
  assertEquals(order(), ["own", "other"]);
});

Deno.test("EndpointHealth never removes the only endpoint", () => {
  const { health, order, fail } = setUp();
  fail(50);
  health.failed(OWN, "refused");
  assertEquals(order(OWN), ["own"]);
  fail(3, OTHER);
  assertEquals(order(), ["own", "other"], "both failed: the assistant's own first");
});

Deno.test("EndpointHealth opens at once for a refused key, for 60 s", () => {
  const { clock, health, order } = setUp();
  health.failed(OWN, "refused");
  clock.advance(59_999);
  assertEquals(order(), ["other", "own"]);
  clock.advance(1);
  assertEquals(order(), ["own", "other"]);
});

Deno.test("EndpointHealth takes another key or model at the same server for another endpoint", () => {
  const { health, order } = setUp();
  health.failed(OWN, "refused");
  const url = OWN.url;
  const [key, model] = [endpoint("key", { url, apiKey: "sk-2" }), endpoint("model", { url, model: "m2" })];
  assertEquals(order(OWN, key, model), ["key", "model", "own"]);
});

Deno.test("EndpointHealth logs when an endpoint is avoided and when it works again, without its key", () => {
  const { health, fail, lines } = setUp();
  fail(1);
  health.succeeded(OWN);
  fail(4);
  health.succeeded(OWN);
  health.succeeded(OWN);
  assertEquals(lines, [
    ["model endpoint avoided", { endpoint: "own", why: "dial", failures: 3, for_s: 15 }],
    ["model endpoint works again", { endpoint: "own" }],
  ]);
});
