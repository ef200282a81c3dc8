/// <reference lib="deno.worker" />

import { systemClock } from "../../src/clock.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";

const metrics = new Metrics(systemClock);
self.postMessage(await metrics.scrape());
metrics.close();
