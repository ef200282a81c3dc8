import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A metric in a scrape. */
export interface Scraped {
  readonly type: string;
  /** Label names, without `le`. */
  readonly labels: Set<string>;
}

/** Scrapes after every metric was used: the metrics by name, with their labels. */
export async function scrapeEveryMetric(): Promise<Map<string, Scraped>> {
  const clock = new FakeClock();
  const metrics = new Metrics(clock);
  metrics.setGaugeSources({
    calls: () => ({ announced: 1, connected: 2, ending: 3 }),
    webhooks: () => ({ pending: 8, failed: 9, unsaved: 10, dropped: 11 }),
    records: () => ({ waiting: 12, failures: 13, lost: 14 }),
    pendingStreams: () => 4,
    bufferedBytes: () => ({ playout: 5, twilio: 6, model: 7 }),
  });
  metrics.countEndedCall("caller hung up", 60, true);
  metrics.countRefusal("call", "busy");
  metrics.countSkippedFrames("malformed", 2);
  metrics.countMalformedModelEvent();
  metrics.countBargeIn();
  metrics.observeTurn({ modelMs: 300, sendMs: 1, playbackMs: 80 });
  metrics.observeAddedDelay("to_model", 0.1);
  metrics.observeSessionReady(400);
  metrics.countModelError("server_error");
  const tokens = { input: 3, cached: 1, output: 2 };
  metrics.countUsage(
    "gpt-realtime-2.1",
    { inputTokens: 6, outputTokens: 4, text: tokens, audio: tokens },
    0.01,
  );
  metrics.countUsage(
    "unheard-of",
    { inputTokens: 6, outputTokens: 4, text: tokens, audio: tokens },
    0.02,
    false,
  );
  clock.advance(500);
  const text = await metrics.scrape();
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
