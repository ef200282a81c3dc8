import type { AudioFormatName } from "./wire_audio.ts";

/** A model server, and how to reach it. */
export interface ModelEndpoint {
  /** For the log, metrics and `parley check`. */
  readonly name: string;
  /** WebSocket URL without a query. */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly model: string;
  /** Name of the model in prices and metrics. Missing: `model`. */
  readonly billedModel?: string | undefined;
  /** Missing: the assistant's. */
  readonly voice?: string | undefined;
  readonly audioFormat: AudioFormatName;
  readonly dialect: "auto" | "ga";
}

/** Why a session is dialled. */
export type SuccessionReason = "first" | "lost" | "refused" | "slow" | "expiring" | "context" | "language";

/** Name of an endpoint's model in prices and metrics. */
export function billedModel({ model, billedModel = model }: ModelEndpoint): string {
  return billedModel;
}
