/** The table of docs/metrics.md, from the definitions in src/telemetry/metrics.ts. */

import { systemClock } from "../../src/clock.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { code, type Page, replaceSection, table } from "./page.ts";

export const metricsPage: Page = {
  path: "docs/metrics.md",
  render(current) {
    const metrics = new Metrics(systemClock);
    metrics.close();
    const rows = metrics.definitions.map(({ name, type, labels, help }) => [
      code(name),
      type,
      labels.map(code).join(", "),
      help,
    ]);
    return replaceSection(current, "metrics", table(["name", "type", "labels", "meaning"], rows));
  },
};
