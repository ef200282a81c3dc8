import { assert, assertEquals } from "@std/assert";
import { scrapeEveryMetric } from "./every_metric.ts";

/** The parts of a Grafana dashboard that are tested. */
interface Dashboard {
  readonly __inputs: readonly { readonly name: string; readonly type: string; readonly pluginId: string }[];
  readonly panels: readonly Panel[];
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: unknown;
  readonly targets?: readonly { readonly expr: string }[];
}

const text = await Deno.readTextFile(new URL("../../deploy/grafana/parley.json", import.meta.url));
const dashboard: Dashboard = JSON.parse(text);
const plots = dashboard.panels.filter(({ type }) => type !== "row");
const expressions = plots.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** The metric of an expression, and whether it is read as a histogram. */
function metricOf(expression: string) {
  const names = [...expression.matchAll(/\bparley_\w+/g)].map(([name]) => name);
  assertEquals(names.length, 1, `one metric in ${expression}`);
  const name = names[0] ?? "";
  return { name: name.replace(/_bucket$/, ""), buckets: name.endsWith("_bucket") };
}

Deno.test("Dashboard shows every metric and no other", async () => {
  const shown = new Set(expressions.map((expression) => metricOf(expression).name));
  assertEquals([...shown].sort(), [...(await scrapeEveryMetric()).keys()].sort());
});

Deno.test("Dashboard queries match the type and labels of each metric", async () => {
  const metrics = await scrapeEveryMetric();
  for (const expression of expressions) {
    const { name, buckets } = metricOf(expression);
    const metric = metrics.get(name);
    assertEquals(buckets, metric?.type === "histogram", expression);
    assertEquals(/\bhistogram_quantile\(/.test(expression), metric?.type === "histogram", expression);
    assertEquals(/\b(rate|increase)\(/.test(expression), metric?.type !== "gauge", expression);
    const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", "));
    const matched = [...expression.matchAll(/(\w+)=~?"/g)].map(([, label]) => label);
    for (const label of [...grouped, ...matched]) {
      // Prometheus adds the job.
      const isKnown = label === "job" || (buckets && label === "le") || metric?.labels.has(label ?? "");
      assert(isKnown, `${label} is a label of ${name}`);
    }
  }
});

Deno.test("Dashboard has one data source input, which every panel uses", () => {
  assertEquals(dashboard.__inputs.map(({ name, type, pluginId }) => [name, type, pluginId]), [
    ["DS_PROMETHEUS", "datasource", "prometheus"],
  ]);
  const sources = text.matchAll(/"datasource": \{\s*"type": "prometheus",\s*"uid": "(.*)"/g);
  assertEquals(new Set([...sources].map(([, uid]) => uid)), new Set(["${DS_PROMETHEUS}"]));
  assertEquals(plots.filter(({ datasource }) => !datasource).length, 0);
});

Deno.test("Dashboard panels have unique positions and queries", () => {
  assertEquals(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  assertEquals(new Set(expressions).size, expressions.length);
  const taken = new Set<string>();
  for (const { title, gridPos: { x, y, w, h } } of dashboard.panels) {
    assert(x + w <= 24, title);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        assert(!taken.has(`${column},${line}`), `"${title}" overlaps another panel`);
        taken.add(`${column},${line}`);
      }
    }
  }
});
