/** Frames of the good calls sent within one window of time. */
export class MeasuredWindow {
  sent = 0;
  arrived = 0;
  /** From the caller's send to the model's receipt (ms). */
  readonly toModel: number[] = [];
  /** From the model's send to the caller's receipt (ms). */
  readonly toCaller: number[] = [];
  /** Delay of the bench's own sends (ms), caused by the machine. */
  readonly senderDelay: number[] = [];
  voiceSent = 0;
  voiceArrived = 0;

  constructor(readonly name: string) {}

  /** Frames that never arrived, in both directions. */
  get lost(): number {
    return this.sent - this.arrived + this.voiceSent - this.voiceArrived;
  }
}

/** Median, 99th percentile and maximum (ms). */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
