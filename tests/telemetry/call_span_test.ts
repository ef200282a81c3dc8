import { assertEquals, assertStrictEquals } from "@std/assert";
import { startCallSpan } from "../../src/telemetry/call_span.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** The parts of an OTLP JSON span that are tested. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly { name: string; timeUnixNano: string }[];
  readonly status: { readonly code: number; readonly message: string };
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Traces {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

const CHILD = `
const worker = new Worker(${JSON.stringify(import.meta.resolve("./traced_call.ts"))}, {
  type: "module",
  deno: { permissions: { net: ["127.0.0.1"] } },
});
worker.onmessage = () => worker.terminate();`;

/** Runs two calls in a process with Deno's OpenTelemetry export, and collects what it sends. */
async function collect(): Promise<{ spans: Span[]; everything: string }> {
  const spans: Span[] = [];
  let everything = "";
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const text = await request.text();
    everything += text;
    if (new URL(request.url).pathname === "/v1/traces") {
      const traces: Traces = JSON.parse(text);
      for (const { scopeSpans } of traces.resourceSpans) {
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
    }
    return Response.json({});
  });
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", "--config", config, CHILD],
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
    },
  }).output();
  await server.shutdown();
  assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
  return { spans, everything };
}

/** An OTLP time in milliseconds since 2026-01-01T00:00:01Z, when the calls started. */
function msSinceStart(nanoseconds: string): number {
  const begin = BigInt(Date.UTC(2026, 0, 1, 0, 0, 1)) * 1_000_000n;
  return Math.round(Number(BigInt(nanoseconds) - begin) / 10_000) / 100;
}

const times = (span: Span) => [msSinceStart(span.startTimeUnixNano), msSinceStart(span.endTimeUnixNano)];

const valuesOf = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

Deno.test("CallSpan is exported as a trace with its turns", async () => {
  const { spans, everything } = await collect();
  const [first, second] = spans.filter(({ name }) => name === "call");
  if (!first || !second) throw new Error("no call was exported");
  const turns = spans.filter(({ name }) => name === "turn");

  assertEquals(valuesOf(first.attributes), {
    "parley.call": "CA1",
    "parley.from": "+15…00",
    "parley.announced": true,
    "parley.end_reason": "model failed",
  });
  // 2: error, 0: unset.
  assertEquals([first.status.code, first.status.message], [2, "model failed"]);
  assertEquals(second.status.code, 0);

  // Each call has its own trace, separate from the webhook request that started it.
  const requests = spans.filter(({ name }) => name === "POST");
  assertEquals([first.parentSpanId, second.parentSpanId, requests.length], ["", "", 2]);
  assertEquals(new Set([first, second, ...requests].map(({ traceId }) => traceId)).size, 3);
  assertEquals(
    turns.map(({ traceId, parentSpanId }) => [traceId, parentSpanId]),
    [[first.traceId, first.spanId], [first.traceId, first.spanId]],
  );

  // Times ignore later adjustments of the wall clock.
  assertEquals(times(first), [0, 3000]);
  assertEquals(turns.map(times), [[2000, 2140.25], [2940, 3000]]);
  assertEquals(turns.map(({ attributes }) => valuesOf(attributes)), [
    { "parley.turn": 1, "parley.model_ms": 40, "parley.send_ms": 0.25, "parley.playback_ms": 100 },
    { "parley.turn": 2, "parley.model_ms": 60 },
  ]);
  assertEquals(
    turns.map(({ events }) => events.map(({ name, timeUnixNano }) => [name, msSinceStart(timeUnixNano)])),
    [[["model", 2040], ["send", 2040.25], ["playback", 2140.25]], [["model", 3000]]],
  );
  assertEquals(everything.match(/5551230/g), null);
});

Deno.test("startCallSpan() returns one shared no-op span without OpenTelemetry", () => {
  const clock = new FakeClock();
  const span = startCallSpan(clock, { from: "+15551230000" });
  assertStrictEquals(span, startCallSpan(clock, {}));
  span.addTurn(clock.now(), { modelMs: 1 });
  span.end("caller hung up", false);
});
