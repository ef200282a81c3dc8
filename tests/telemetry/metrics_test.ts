import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { TokenUsage } from "../../src/model/token_usage.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { scrapeEveryMetric } from "./every_metric.ts";

function setUp() {
  const clock = new FakeClock();
  return { clock, metrics: new Metrics(clock) };
}

/** The samples of a scrape that start with `prefix`, by the rest of their name and labels. */
async function samples(metrics: Metrics, prefix: string): Promise<Record<string, number>> {
  const lines = (await metrics.scrape()).split("\n").filter((line) => line.startsWith(prefix));
  return Object.fromEntries(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(prefix.length, space), Number(line.slice(space))];
  }));
}

Deno.test("Metrics reads gauges at each scrape", async () => {
  const { metrics } = setUp();
  assertEquals(await samples(metrics, "parley_calls{"), {});
  let connected = 2;
  metrics.setGaugeSources({
    calls: () => ({ announced: 1, connected, ending: 0 }),
    webhooks: () => ({ pending: 8, failed: 9, unsaved: 10, dropped: 11 }),
    records: () => ({ waiting: 12, failures: 13, lost: 14 }),
    pendingStreams: () => connected + 2,
    bufferedBytes: () => ({ playout: 1600, twilio: 0, model: 77 }),
  });
  assertEquals(await samples(metrics, "parley_calls"), {
    '{state="announced"}': 1,
    '{state="connected"}': 2,
    '{state="ending"}': 0,
  });
  connected = 5;
  assertEquals((await samples(metrics, "parley_calls"))['{state="connected"}'], 5);
  assertEquals(await samples(metrics, "parley_pending_streams"), { "": 7 });
  assertEquals(await samples(metrics, "parley_buffered_bytes"), {
    '{queue="playout"}': 1600,
    '{queue="twilio"}': 0,
    '{queue="model"}': 77,
  });
  const memory = await samples(metrics, "parley_memory_bytes");
  assertEquals(Object.keys(memory).length, 4);
  assert(Object.values(memory).every((bytes) => bytes > 0));
});

Deno.test("Metrics counts ended calls by reason and observes the duration of connected calls", async () => {
  const { metrics } = setUp();
  metrics.countEndedCall("caller hung up", 12.5, true);
  metrics.countEndedCall("caller hung up", 100, true);
  metrics.countEndedCall("never connected", 30, false);
  assertEquals(await samples(metrics, "parley_calls_ended_total"), {
    '{reason="caller hung up"}': 2,
    '{reason="never connected"}': 1,
  });
  const lengths = await samples(metrics, "parley_call_duration_seconds");
  assertEquals([lengths["_count"], lengths["_sum"], lengths['_bucket{le="15"}']], [2, 112.5, 1]);
});

Deno.test("Metrics counts refusals, skipped frames, barge-ins and malformed events", async () => {
  const { metrics } = setUp();
  metrics.countRefusal("request", "bad signature");
  metrics.countRefusal("request", "bad signature");
  metrics.countRefusal("stream", "no valid token");
  metrics.countSkippedFrames("malformed", 3);
  metrics.countSkippedFrames("malformed", 4);
  metrics.countBargeIn();
  metrics.countMalformedModelEvent();
  assertEquals(await samples(metrics, "parley_refusals_total"), {
    '{kind="request",reason="bad signature"}': 2,
    '{kind="stream",reason="no valid token"}': 1,
  });
  assertEquals(await samples(metrics, "parley_media_frames_skipped_total"), { '{reason="malformed"}': 7 });
  assertEquals(await samples(metrics, "parley_barge_ins_total"), { "": 1 });
  assertEquals(await samples(metrics, "parley_model_events_malformed_total"), { "": 1 });
});

Deno.test("Metrics observes the latency of a turn by hop, and its total when all hops were measured", async () => {
  const { metrics } = setUp();
  metrics.observeTurn({ modelMs: 400, sendMs: 2, playbackMs: 98 });
  metrics.observeTurn({ modelMs: 600 });
  metrics.observeTurn({ sendMs: 0, playbackMs: 100 });
  const turns = await samples(metrics, "parley_turn_latency_seconds");
  const read = (hop: string) => [turns[`_count{hop="${hop}"}`], turns[`_sum{hop="${hop}"}`]];
  assertEquals(["model", "send", "playback", "total"].map(read), [[2, 1], [2, 0.002], [2, 0.198], [1, 0.5]]);
  assertEquals(turns['_bucket{le="0.5",hop="total"}'], 1);
  assertEquals(turns['_bucket{le="0.3",hop="total"}'], 0);
});

Deno.test("Metrics has buckets for added delay from 0.05 ms to 100 ms, in seconds", async () => {
  const { metrics } = setUp();
  metrics.observeAddedDelay("to_model", 0.05);
  metrics.observeAddedDelay("to_caller", 100);
  metrics.observeAddedDelay("to_caller", 100.1);
  const delays = await samples(metrics, "parley_added_delay_seconds_bucket");
  assertEquals(delays['{le="0.00005",direction="to_model"}'], 1);
  assertEquals(delays['{le="0.05",direction="to_caller"}'], 0);
  assertEquals(delays['{le="0.1",direction="to_caller"}'], 1);
  assertEquals(delays['{le="+Inf",direction="to_caller"}'], 2);
});

Deno.test("Metrics counts malformed model error codes, and new ones beyond 50, as other", async () => {
  const { metrics } = setUp();
  for (const code of ["server_error", "", 'a"} 1\nfake 2', "Ünïcode", "x".repeat(65), "two words"]) {
    metrics.countModelError(code);
  }
  assertEquals(await samples(metrics, "parley_model_errors_total"), {
    '{code="server_error"}': 1,
    '{code="other"}': 5,
  });
  for (let i = 0; i < 1000; i++) metrics.countModelError(`code_${i}`);
  metrics.countModelError("code_48");
  metrics.countModelError("code_49");
  const codes = await samples(metrics, "parley_model_errors_total");
  assertEquals(Object.keys(codes).length, 51);
  assertEquals([codes['{code="code_48"}'], codes['{code="code_49"}']], [2, undefined]);
  assertEquals(codes['{code="other"}'], 5 + 951 + 1);
});

/** The example of `response.done` in OpenAI's documentation. */
const EXAMPLE: TokenUsage = {
  inputTokens: 132,
  outputTokens: 121,
  text: { input: 119, cached: 64, output: 30 },
  audio: { input: 13, cached: 0, output: 91 },
};

Deno.test("Metrics counts tokens by modality and type without overlap, and their cost", async () => {
  const { metrics } = setUp();
  metrics.countUsage("gpt-realtime-2.1", EXAMPLE, 0.0072056);
  metrics.countUsage("gpt-realtime-2.1", EXAMPLE, 0.0072056);
  const tokens = await samples(metrics, 'parley_tokens_total{model="gpt-realtime-2.1",');
  assertEquals(tokens['modality="text",type="input"}'], 110);
  assertEquals(tokens['modality="text",type="cached_input"}'], 128);
  assertEquals(tokens['modality="text",type="output"}'], 60);
  assertEquals(tokens['modality="audio",type="input"}'], 26);
  assertEquals(tokens['modality="audio",type="output"}'], 182);
  // No token has an unknown modality here.
  assertEquals(Object.keys(tokens).length, 6);
  assertEquals(Object.values(tokens).reduce((sum, count) => sum + count), 2 * (132 + 121));
  const cost = await samples(metrics, "parley_cost_usd_total");
  assertAlmostEquals(cost['{model="gpt-realtime-2.1"}'] ?? 0, 2 * 0.0072056, 1e-12);
  assertEquals(await samples(metrics, "parley_unpriced_responses_total"), {});
});

Deno.test("Metrics counts responses without a known price, their estimated cost and their tokens", async () => {
  const { metrics } = setUp();
  metrics.countUsage("house-model", EXAMPLE, 0.01, false);
  const none = { input: 0, cached: 0, output: 0 };
  metrics.countUsage(
    "gpt-realtime-2.1",
    { inputTokens: 10, outputTokens: 5, text: none, audio: none },
    0.25,
    false,
  );
  // The parts exceed the total.
  metrics.countUsage("gpt-realtime-2.1", { ...EXAMPLE, inputTokens: 1, outputTokens: 122 }, 0.25, false);
  metrics.countUsage("gpt-realtime-2.1", { ...EXAMPLE, inputTokens: 133, outputTokens: 1 }, 0.25, false);
  assertEquals(await samples(metrics, "parley_unpriced_responses_total"), {
    '{model="house-model"}': 1,
    '{model="gpt-realtime-2.1"}': 3,
  });
  metrics.countCost("gpt-transcribe", 0.5);
  assertEquals(await samples(metrics, "parley_cost_usd_total"), {
    '{model="house-model"}': 0.01,
    '{model="gpt-realtime-2.1"}': 0.75,
    '{model="gpt-transcribe"}': 0.5,
  });
  const tokens = await samples(metrics, "parley_tokens_total");
  assertEquals(tokens['{model="house-model",modality="audio",type="output"}'], 91);
  assertEquals(tokens['{model="gpt-realtime-2.1",modality="unknown",type="input"}'], 11);
  assertEquals(tokens['{model="gpt-realtime-2.1",modality="unknown",type="output"}'], 6);
});

Deno.test("Metrics measures the event loop delay until it is closed", async () => {
  const { clock, metrics } = setUp();
  clock.advance(1_000);
  // The loop is blocked for 800 ms, 300 ms beyond the timer.
  clock.stall(800);
  clock.advance(0);
  const delays = await samples(metrics, "parley_event_loop_delay_seconds");
  assertEquals([delays["_count"], delays["_sum"]], [3, 0.3]);
  assertEquals([delays['_bucket{le="0.001"}'], delays['_bucket{le="0.25"}']], [2, 2]);
  metrics.close();
  assertEquals(clock.pending, 0);
});

Deno.test("Metrics counts what the carrier bills", async () => {
  const { metrics } = setUp();
  for (const minutes of [1, 0]) metrics.countCarrier({ usd: 0.25, minutes });
  assertEquals(await samples(metrics, "parley_carrier_cost_usd_total"), { "": 0.5 });
  assertEquals(await samples(metrics, "parley_carrier_minutes_total"), { "": 1 });
});

Deno.test("Metrics observes the time to a model session in seconds", async () => {
  const { metrics } = setUp();
  metrics.observeSessionReady(420);
  const ready = await samples(metrics, "parley_model_session_ready_seconds");
  assertEquals([ready["_sum"], ready['_bucket{le="0.25"}'], ready['_bucket{le="0.5"}']], [0.42, 0, 1]);
});

Deno.test("Metrics of two services in one process are separate", async () => {
  const [one, other] = [setUp(), setUp()];
  one.metrics.countBargeIn();
  assertEquals(await samples(other.metrics, "parley_barge_ins_total"), { "": 0 });
});

Deno.test("Metrics can be scraped in a worker without permissions", async () => {
  const worker = new Worker(import.meta.resolve("./metrics_worker.ts"), {
    type: "module",
    deno: { permissions: "none" },
  });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  const text = String(await promise.finally(() => worker.terminate()));
  assertMatch(text, /^parley_memory_bytes\{kind="resident"\} [1-9]/m);
});

Deno.test("Metrics.definitions lists every metric with its type and labels", async () => {
  const defined = setUp().metrics.definitions.map((
    { name, type, labels },
  ) => [name, type, labels.toSorted()]);
  const scraped = [...await scrapeEveryMetric()].map((
    [name, { type, labels }],
  ) => [name, type, [...labels].sort()]);
  assertEquals(defined, scraped);
});
