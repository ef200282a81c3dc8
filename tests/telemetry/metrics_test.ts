import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { Usage } from "../../src/model/session.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { scrapeEveryMetric } from "./every_metric.ts";

function setUp() {
  const clock = new FakeClock();
  const metrics = new Metrics(clock);
  return { clock, metrics, [Symbol.dispose]: () => metrics.close() };
}

/** The samples of a scrape whose name and labels begin like this, without that beginning. */
async function samples(metrics: Metrics, beginning: string): Promise<Record<string, number>> {
  const lines = (await metrics.read()).split("\n").filter((line) => line.startsWith(beginning));
  return Object.fromEntries(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(beginning.length, space), Number(line.slice(space))];
  }));
}

Deno.test("what there is now is read at each scrape", async () => {
  using set = setUp();
  const { metrics } = set;
  assertEquals(await samples(metrics, "parley_calls{"), {});
  let connected = 2;
  metrics.watch({
    calls: () => ({ announced: 1, connected, ending: 0 }),
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

Deno.test("calls are counted by how they ended, and timed when they had a stream", async () => {
  using set = setUp();
  const { metrics } = set;
  metrics.callEnded("caller hung up", 12.5, true);
  metrics.callEnded("caller hung up", 100, true);
  metrics.callEnded("never connected", 30, false);
  assertEquals(await samples(metrics, "parley_calls_ended_total"), {
    '{reason="caller hung up"}': 2,
    '{reason="never connected"}': 1,
  });
  const lengths = await samples(metrics, "parley_call_duration_seconds");
  assertEquals([lengths["_count"], lengths["_sum"], lengths['_bucket{le="15"}']], [2, 112.5, 1]);
});

Deno.test("refusals, skipped frames, barge-ins and malformed events are counted", async () => {
  using set = setUp();
  const { metrics } = set;
  metrics.refused("request", "bad signature");
  metrics.refused("request", "bad signature");
  metrics.refused("stream", "no valid token");
  metrics.skipped("malformed", 3);
  metrics.skipped("malformed", 4);
  metrics.bargeIn();
  metrics.malformedModelEvent();
  assertEquals(await samples(metrics, "parley_refusals_total"), {
    '{what="request",reason="bad signature"}': 2,
    '{what="stream",reason="no valid token"}': 1,
  });
  assertEquals(await samples(metrics, "parley_media_frames_skipped_total"), { '{reason="malformed"}': 7 });
  assertEquals(await samples(metrics, "parley_barge_ins_total"), { "": 1 });
  assertEquals(await samples(metrics, "parley_model_events_malformed_total"), { "": 1 });
});

Deno.test("a turn is timed hop by hop, and in all when every hop came", async () => {
  using set = setUp();
  const { metrics } = set;
  metrics.turn({ modelMs: 400, sentMs: 2, heardMs: 98 });
  metrics.turn({ modelMs: 600 });
  metrics.turn({ sentMs: 0, heardMs: 100 });
  const turns = await samples(metrics, "parley_turn_latency_seconds");
  const read = (hop: string) => [turns[`_count{hop="${hop}"}`], turns[`_sum{hop="${hop}"}`]];
  assertEquals(["model", "sent", "heard", "total"].map(read), [[2, 1], [2, 0.002], [2, 0.198], [1, 0.5]]);
  assertEquals(turns['_bucket{le="0.5",hop="total"}'], 1);
  assertEquals(turns['_bucket{le="0.3",hop="total"}'], 0);
});

Deno.test("added delay has buckets from 0.05 ms to 100 ms, in seconds", async () => {
  using set = setUp();
  const { metrics } = set;
  metrics.added("to_model", 0.05);
  metrics.added("to_caller", 100);
  metrics.added("to_caller", 100.1);
  const delays = await samples(metrics, "parley_added_delay_seconds_bucket");
  assertEquals(delays['{le="0.00005",direction="to_model"}'], 1);
  assertEquals(delays['{le="0.05",direction="to_caller"}'], 0);
  assertEquals(delays['{le="0.1",direction="to_caller"}'], 1);
  assertEquals(delays['{le="+Inf",direction="to_caller"}'], 2);
});

Deno.test("codes of model errors are a bounded set, and strange ones are other", async () => {
  using set = setUp();
  const { metrics } = set;
  for (const code of ["server_error", "", 'a"} 1\nfake 2', "Ünïcode", "x".repeat(65), "two words"]) {
    metrics.modelError(code);
  }
  assertEquals(await samples(metrics, "parley_model_errors_total"), {
    '{code="server_error"}': 1,
    '{code="other"}': 5,
  });
  for (let i = 0; i < 1000; i++) metrics.modelError(`code_${i}`);
  metrics.modelError("code_48");
  metrics.modelError("code_49");
  const codes = await samples(metrics, "parley_model_errors_total");
  assertEquals(Object.keys(codes).length, 51);
  assertEquals([codes['{code="code_48"}'], codes['{code="code_49"}']], [2, undefined]);
  assertEquals(codes['{code="other"}'], 5 + 951 + 1);
});

/** The vendor's example of `response.done`. */
const EXAMPLE: Usage = {
  inputTokens: 132,
  outputTokens: 121,
  text: { input: 119, cached: 64, output: 30 },
  audio: { input: 13, cached: 0, output: 91 },
};

Deno.test("tokens are counted apart, so that they add up, and priced", async () => {
  using set = setUp();
  const { metrics } = set;
  metrics.answered("gpt-realtime-2.1", EXAMPLE, 0.0072056);
  metrics.answered("gpt-realtime-2.1", EXAMPLE, 0.0072056);
  const tokens = await samples(metrics, 'parley_tokens_total{model="gpt-realtime-2.1",');
  assertEquals(tokens['modality="text",use="input"}'], 110);
  assertEquals(tokens['modality="text",use="cached_input"}'], 128);
  assertEquals(tokens['modality="text",use="output"}'], 60);
  assertEquals(tokens['modality="audio",use="input"}'], 26);
  assertEquals(tokens['modality="audio",use="output"}'], 182);
  // What the model left open has no name, and here it left nothing open.
  assertEquals(Object.keys(tokens).length, 6);
  assertEquals(Object.values(tokens).reduce((sum, count) => sum + count), 2 * (132 + 121));
  const cost = await samples(metrics, "parley_cost_usd_total");
  assertAlmostEquals(cost['{model="gpt-realtime-2.1"}'] ?? 0, 2 * 0.0072056, 1e-12);
  assertEquals(await samples(metrics, "parley_unpriced_answers_total"), {});
});

Deno.test("answers without a price are counted as such, and their tokens all the same", async () => {
  using set = setUp();
  const { metrics } = set;
  metrics.answered("house-model", EXAMPLE, undefined);
  const none = { input: 0, cached: 0, output: 0 };
  metrics.answered(
    "gpt-realtime-2.1",
    { inputTokens: 10, outputTokens: 5, text: none, audio: none },
    undefined,
  );
  // A vendor that counts more parts than there are in the whole.
  metrics.answered("gpt-realtime-2.1", { ...EXAMPLE, inputTokens: 1, outputTokens: 122 }, undefined);
  metrics.answered("gpt-realtime-2.1", { ...EXAMPLE, inputTokens: 133, outputTokens: 1 }, undefined);
  assertEquals(await samples(metrics, "parley_unpriced_answers_total"), {
    '{model="house-model"}': 1,
    '{model="gpt-realtime-2.1"}': 3,
  });
  assertEquals(await samples(metrics, "parley_cost_usd_total"), {});
  const tokens = await samples(metrics, "parley_tokens_total");
  assertEquals(tokens['{model="house-model",modality="audio",use="output"}'], 91);
  assertEquals(tokens['{model="gpt-realtime-2.1",modality="unknown",use="input"}'], 11);
  assertEquals(tokens['{model="gpt-realtime-2.1",modality="unknown",use="output"}'], 6);
});

Deno.test("the event loop is watched until the metrics are closed", async () => {
  const { clock, metrics } = setUp();
  clock.advance(1_000);
  // Something keeps the loop for 800 ms, the last 300 of them after the timer was due.
  clock.stall(800);
  clock.advance(0);
  const delays = await samples(metrics, "parley_event_loop_delay_seconds");
  assertEquals([delays["_count"], delays["_sum"]], [3, 0.3]);
  assertEquals([delays['_bucket{le="0.001"}'], delays['_bucket{le="0.25"}']], [2, 2]);
  metrics.close();
  assertEquals(clock.pending, 0);
});

Deno.test("the time to a model's session is in seconds", async () => {
  using set = setUp();
  set.metrics.sessionReady(420);
  const ready = await samples(set.metrics, "parley_model_session_ready_seconds");
  assertEquals([ready["_sum"], ready['_bucket{le="0.25"}'], ready['_bucket{le="0.5"}']], [0.42, 0, 1]);
});

Deno.test("two services in one process do not count together", async () => {
  using one = setUp();
  using other = setUp();
  one.metrics.bargeIn();
  assertEquals(await samples(other.metrics, "parley_barge_ins_total"), { "": 0 });
});

Deno.test("metrics can be read where nothing may be read, as the service is locked up", async () => {
  const worker = new Worker(import.meta.resolve("./locked_metrics.ts"), {
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

Deno.test("docs/metrics.md lists every metric as it is", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/metrics.md", import.meta.url));
  const listed = page.matchAll(/^\| `(parley_\w+)`\s*\| (\w+)\s*\| ([^|]*?)\s*\|/gm);
  const documented = [...listed].map(([, name, type, labels = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label).sort(),
  }));
  const scraped = [...await scrapeEveryMetric()].map(([name, { type, labels }]) => ({
    name,
    type,
    labels: [...labels].sort(),
  }));
  assertEquals(documented, scraped);
});
