/** What happened in a rehearsed call, and when; kept in order and printed for a reader. */

export type Who = "caller" | "assistant" | "server" | "twilio";

export interface TimelineEntry {
  /** Milliseconds since the media stream's start; negative before it. */
  atMs: number;
  who: Who;
  what: string;
  detail?: string;
  /** How often the same warning came, if more than once. */
  times?: number;
}

/** Notes that something happens: now, or at `atMs` of the media stream. */
export type Note = (who: Who, what: string, more?: { atMs?: number | undefined; detail?: string }) => void;

/** Collects notes. A warning is kept once, and counted. */
export class Timeline {
  #entries: TimelineEntry[] = [];
  #now: () => number;
  #streamStart = 0;

  /** @param now The time in ms; where it begins does not matter. */
  constructor(now: () => number) {
    this.#now = now;
    this.#streamStart = now();
  }

  /** Counts from this moment on: a media stream starts. */
  streamStarts(): void {
    const shift = this.#now() - this.#streamStart;
    for (const entry of this.#entries) entry.atMs -= shift;
    this.#streamStart += shift;
  }

  /** See {@linkcode Note}. */
  readonly note: Note = (who, what, { atMs = this.#now() - this.#streamStart, detail } = {}) => {
    const same = what.startsWith("warning") &&
      this.#entries.find((entry) => entry.what === what && entry.detail === detail);
    if (same) same.times = (same.times ?? 1) + 1;
    else this.#entries.push({ atMs, who, what, ...(detail !== undefined && { detail }) });
  };

  /** All entries in order of time. */
  get entries(): TimelineEntry[] {
    return this.#entries.toSorted((a, b) => a.atMs - b.atMs);
  }
}

/** One line for each entry: seconds, who, what. Marks that follow one another share a line. */
export function formatTimeline(entries: TimelineEntry[]): string {
  const lines: string[] = [];
  let marks: TimelineEntry[] = [];
  const flush = () => {
    const [first, last] = [marks[0], marks.at(-1)];
    if (!first || !last) return;
    const detail = marks.length === 1
      ? first.detail ?? ""
      : `${marks.length} came back, the last "${last.detail}"`;
    lines.push(formatEntry({ ...first, detail }));
    marks = [];
  };
  for (const entry of entries) {
    if (entry.what === "mark") {
      marks.push(entry);
      continue;
    }
    flush();
    lines.push(formatEntry(entry));
  }
  flush();
  return lines.join("\n");
}

function formatEntry({ atMs, who, what, detail, times }: TimelineEntry): string {
  const seconds = (atMs / 1000).toFixed(2).padStart(8);
  const more = (detail ? `  ${detail}` : "") + (times ? `  (${times} times)` : "");
  return `${seconds} s  ${who.padEnd(9)}  ${what}${more}`;
}
