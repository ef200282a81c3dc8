import { BYTES_PER_MS } from "../audio/line_format.js";

/** Consecutive audio of one item; `start` and `end` are positions in bytes since the playout began. */
interface Segment {
  readonly itemId: string;
  readonly start: number;
  end: number;
  state: "queued" | "sending" | "hearing";
}

/** The items whose audio a playout accepted, by position. */
export class Segments {
  #segments: Segment[] = [];

  add(itemId: string, start: number, bytes: number): void {
    const last = this.#segments.at(-1);
    if (last?.itemId === itemId) last.end += bytes;
    else this.#segments.push({ itemId, start, end: start + bytes, state: "queued" });
  }

  itemAt(position: number): string | undefined {
    return this.#segments.findLast(({ start }) => start <= position)?.itemId;
  }

  /** Where the audio around `position` begins; `position` itself at the end or start of a segment. */
  startAt(position: number): number {
    const segment = this.#segments.findLast(({ start }) => start < position);
    return segment && segment.end > position ? segment.start : position;
  }

  /** Each item with audio after `position` once, in order. */
  itemsAfter(position: number): string[] {
    return [...new Set(this.#segments.filter(({ end }) => end > position).map(({ itemId }) => itemId))];
  }

  /** Whole milliseconds of an item before `position`. */
  msBefore(position: number, itemId: string): number {
    let bytes = 0;
    for (const { itemId: id, start, end } of this.#segments) {
      if (id === itemId) bytes += Math.max(0, Math.min(position, end) - start);
    }
    return Math.floor(bytes / BYTES_PER_MS);
  }

  /** Returns the item of each segment that starts before `position` and reaches `state` now, the last one first. */
  reach(state: "sending" | "hearing", position: number): string[] {
    const before = state === "sending" ? "queued" : "sending";
    const reached: string[] = [];
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i];
      if (!segment || segment.state === state && segment.end < position) break;
      if (segment.start >= position || segment.state !== before) continue;
      segment.state = state;
      reached.push(segment.itemId);
    }
    return reached;
  }

  /** The audio after `position` was discarded. */
  cutAt(position: number): void {
    this.#segments = this.#segments.filter(({ start }) => start < position);
    const last = this.#segments.at(-1);
    if (!last) return;
    last.end = Math.min(last.end, position);
    last.state = "hearing";
  }
}
