/** The timeline of a simulated call. */

export type Actor = "caller" | "assistant" | "server" | "twilio";

export interface TimelineEntry {
  /** Milliseconds since the media stream's start; negative before it. */
  atMs: number;
  actor: Actor;
  /** "starts speaking", "sends clear", "warning 31951", … */
  action: string;
  detail?: string;
  /** Number of equal warnings, if more than one. */
  times?: number;
}

/** Adds an entry: now, or at `atMs` of the media stream. */
export type AddEntry = (
  actor: Actor,
  action: string,
  more?: { atMs?: number | undefined; detail?: string },
) => void;

/** Collects entries. Equal warnings share one entry with a count. */
export class Timeline {
  #entries: TimelineEntry[] = [];
  #now: () => number;
  #streamStart: number;

  /** @param now Monotonic time (ms). */
  constructor(now: () => number) {
    this.#now = now;
    this.#streamStart = now();
  }

  /** A media stream starts. Its start becomes 0 ms. */
  streamStarts(): void {
    const shift = this.#now() - this.#streamStart;
    for (const entry of this.#entries) entry.atMs -= shift;
    this.#streamStart += shift;
  }

  readonly add: AddEntry = (actor, action, { atMs = this.#now() - this.#streamStart, detail } = {}) => {
    const equalWarning = action.startsWith("warning") &&
      this.#entries.find((entry) => entry.action === action && entry.detail === detail);
    if (equalWarning) equalWarning.times = (equalWarning.times ?? 1) + 1;
    else this.#entries.push({ atMs, actor, action, ...(detail !== undefined && { detail }) });
  };

  /** All entries in order of time. */
  get entries(): TimelineEntry[] {
    return this.#entries.toSorted((a, b) => a.atMs - b.atMs);
  }
}

/** One line for each entry: seconds, actor, action, detail. Consecutive marks share a line. */
export function formatTimeline(entries: readonly TimelineEntry[]): string {
  const lines: string[] = [];
  let marks = 0;
  for (const [i, entry] of entries.entries()) {
    if (entry.action !== "returns mark") {
      lines.push(formatEntry(entry));
      continue;
    }
    if (entries[i + 1]?.action === "returns mark") {
      marks++;
      continue;
    }
    const { atMs = 0 } = entries[i - marks] ?? {};
    lines.push(
      formatEntry(
        marks === 0
          ? entry
          : { ...entry, atMs, action: "returns marks", detail: `${marks + 1}, the last "${entry.detail}"` },
      ),
    );
    marks = 0;
  }
  return lines.join("\n");
}

function formatEntry({ atMs, actor, action, detail, times }: TimelineEntry): string {
  const seconds = (atMs / 1000).toFixed(2).padStart(8);
  const more = (detail ? `  ${detail}` : "") + (times ? `  (${times} times)` : "");
  return `${seconds} s  ${actor.padEnd(9)}  ${action}${more}`;
}
