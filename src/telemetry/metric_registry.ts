import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Name, type, labels and help text of a metric. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

/**
 * Creates Prometheus metrics and keeps their definitions. prom-client's default process metrics are left out: they read
 * system files, which the service may not do.
 */
export class MetricRegistry {
  /** In the order of creation. */
  readonly definitions: MetricDefinition[] = [];
  readonly #registry = new Registry();

  counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []) {
    this.definitions.push({ name, type: "counter", labels: labelNames, help });
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []) {
    this.definitions.push({ name, type: "gauge", labels: labelNames, help });
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  histogram<Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]) {
    this.definitions.push({ name, type: "histogram", labels: labelNames, help });
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }

  /** All metrics as text of the media type {@linkcode contentType}. */
  async scrape(): Promise<string> {
    return await this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
