/** The faults of a network line, their names, and the faults that each phase of a call is tested with. */

/** Direction of the bytes: `up` from the client to the server, `down` back. */
export type Direction = "up" | "down";

export type Fault =
  | { readonly kind: "none" }
  /** The connection is reset, and new ones are refused for `ms`. */
  | { readonly kind: "refuse"; readonly ms: number }
  | { readonly kind: "reset" }
  /** Bytes stop in one direction, or in both; the connection stays open. After `ms`, if given, they flow again. */
  | { readonly kind: "stall"; readonly only?: Direction; readonly ms?: number }
  /** Bytes are acknowledged and discarded. */
  | { readonly kind: "swallow" }
  /** Parley reads the end of the connection, and its own bytes are still accepted. */
  | { readonly kind: "half-open" }
  /** Random bytes arrive at Parley in place of a frame. */
  | { readonly kind: "garbage" }
  /** The next five messages to Parley are not JSON. */
  | { readonly kind: "corrupt" }
  /** `ms` more for a round trip. */
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "throttle"; readonly bytesPerSecond: number }
  /** A close frame arrives; 1006 ends the connection without one. */
  | { readonly kind: "close"; readonly code: number }
  /** The connection is reset, and new ones are answered with this status for 1 s. */
  | { readonly kind: "http"; readonly status: number }
  /** The vendor's `session_expired` error and close code. */
  | { readonly kind: "expired" };

export function faultName(fault: Fault): string {
  switch (fault.kind) {
    case "refuse":
      return `refused ${fault.ms / 1000} s`;
    case "stall":
      return ["stall", fault.only, fault.ms && `${fault.ms / 1000} s`].filter(Boolean).join(" ");
    case "delay":
      return `delay ${fault.ms} ms`;
    case "throttle":
      return `${fault.bytesPerSecond / 1000} kB/s`;
    case "close":
      return `close ${fault.code}`;
    case "http":
      return `HTTP ${fault.status}`;
    default:
      return fault.kind;
  }
}

/** The line with the fault: Parley to the model, or Twilio to Parley. */
export type Side = "model" | "twilio";

export const PHASES = [
  "dialling",
  "configuring",
  "greeting",
  "listening",
  "speaking",
  "answering",
  "tool",
  "transferring",
  "goodbye",
] as const;
/** What the call was doing when the fault began. */
export type Phase = (typeof PHASES)[number];

/** Round trips within which a line still counts as usable (ms). */
const DELAYS = [100, 500, 1000, 2000].map((ms) => ({ kind: "delay", ms }) as const);
const COMMON: readonly Fault[] = [
  { kind: "none" },
  { kind: "reset" },
  { kind: "swallow" },
  { kind: "half-open" },
  { kind: "garbage" },
  ...DELAYS,
  { kind: "throttle", bytesPerSecond: 1000 },
  { kind: "close", code: 1006 },
];
const MODEL_CODES = [1000, 1001, 1011, 3000, 4000, 4004];
const TWILIO_CODES = [1000, 1001, 1011];
const closes = (codes: number[]) => codes.map((code) => ({ kind: "close", code }) as const);
const refusals = (seconds: number[]) => seconds.map((s) => ({ kind: "refuse", ms: s * 1000 }) as const);

/**
 * The faults of one side in one phase; the first is `none`, the baseline. Twilio's line never stalls for good: nobody but
 * Twilio could open another stream then.
 */
export function faultsOf(side: Side, phase: Phase): readonly Fault[] {
  if (side === "twilio") {
    if (phase === "configuring" || phase === "transferring") return [];
    if (phase === "dialling") {
      return [...COMMON, { kind: "refuse", ms: 1000 }, { kind: "http", status: 503 }];
    }
    return [...COMMON, { kind: "stall", ms: 3000 }, { kind: "corrupt" }, ...closes(TWILIO_CODES)];
  }
  if (phase === "dialling") {
    const statuses = [401, 429, 503].map((status) => ({ kind: "http", status }) as const);
    return [...COMMON, { kind: "stall" }, ...statuses, ...refusals([1, 3, 8, 20])];
  }
  return [
    ...COMMON,
    { kind: "stall" },
    { kind: "stall", only: "up" },
    { kind: "stall", only: "down" },
    { kind: "corrupt" },
    ...closes(MODEL_CODES),
    { kind: "expired" },
    { kind: "http", status: 503 },
    ...refusals([1, 3, 8, 20]),
  ];
}
