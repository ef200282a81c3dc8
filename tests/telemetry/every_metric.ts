import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** One metric, as a scrape shows it. */
export interface Scraped {
  readonly type: string;
  /** Names of its labels, `le` of histograms apart. */
  readonly labels: Set<string>;
}

/** A scrape after everything has happened once: each metric by name, with every label it has. */
export async function scrapeEveryMetric(): Promise<Map<string, Scraped>> {
  const clock = new FakeClock();
  const metrics = new Metrics(clock);
  metrics.watch({
    calls: () => ({ announced: 1, connected: 2, ending: 3 }),
    pendingStreams: () => 4,
    bufferedBytes: () => ({ playout: 5, twilio: 6, model: 7 }),
  });
  metrics.callEnded("caller hung up", 60, true);
  metrics.refused("call", "busy");
  metrics.skipped("malformed", 2);
  metrics.malformedModelEvent();
  metrics.bargeIn();
  metrics.turn({ modelMs: 300, sentMs: 1, heardMs: 80 });
  metrics.added("to_model", 0.1);
  metrics.sessionReady(400);
  metrics.modelError("server_error");
  const tokens = { input: 3, cached: 1, output: 2 };
  metrics.answered(
    "gpt-realtime-2.1",
    { inputTokens: 6, outputTokens: 4, text: tokens, audio: tokens },
    0.01,
  );
  metrics.answered("unheard-of", { inputTokens: 6, outputTokens: 4, text: tokens, audio: tokens }, undefined);
  clock.advance(500);
  const text = await metrics.read();
  metrics.close();

  const scraped = new Map<string, Scraped>();
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const labels = new Set<string>();
    const samples = new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, "gm");
    for (const [, list = ""] of text.matchAll(samples)) {
      for (const [, label = ""] of list.matchAll(/(\w+)="/g)) if (label !== "le") labels.add(label);
    }
    scraped.set(name, { type, labels });
  }
  return scraped;
}
