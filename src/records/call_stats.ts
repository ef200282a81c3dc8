import type { DatabaseSync } from "node:sqlite";
import { isoTime, numberOf, type Row, textOf } from "./call_rows.ts";
import { inTransaction } from "./migrations.ts";

export interface StatsQuery {
  /** Calls started at this time or later; ISO 8601. */
  readonly since?: string | undefined;
  /** Calls started before this time; ISO 8601. */
  readonly until?: string | undefined;
  /** Time zone of the days, in minutes east of UTC: 120 for UTC+2. Default 0. */
  readonly offsetMinutes?: number | undefined;
}

/** The calls of one assistant on one day. */
export interface DayStats {
  /** `2026-11-21` */
  readonly day: string;
  readonly assistant: string;
  readonly calls: number;
  /** Length of the calls. */
  readonly minutes: number;
  /** Billed minutes. */
  readonly carrierMinutes: number;
  readonly costUsd: number;
  /** Number of calls by end reason. */
  readonly endings: Readonly<Record<string, number>>;
  /** Number of the assistant's turns. */
  readonly answers: number;
  readonly bargeIns: number;
  /** Barge-ins per answer; 0 without answers. */
  readonly bargeInRate: number;
  /** From the end of the caller's speech to playback, of answers with all hops measured; undefined without such answers. */
  readonly latency: LatencyStats | undefined;
}

/** Percentiles (whole ms), nearest rank. */
export interface LatencyStats {
  readonly answers: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

type DaySums = Omit<DayStats, "day" | "assistant">;

interface CachedDay {
  readonly assistant: string;
  /** ISO 8601, UTC. */
  readonly endsAt: string;
  readonly sums: DaySums;
}

const DAY_MS = 86_400_000;

/** Maximum offset from UTC; time zones have 14 hours at most. */
const MAX_OFFSET_MINUTES = 1_440;

/** Sums calls by day (newest first) and assistant. @throws {RangeError} for an invalid time or offset. */
export function callStats(db: DatabaseSync, { since, until, offsetMinutes = 0 }: StatsQuery): DayStats[] {
  if (!Number.isInteger(offsetMinutes) || Math.abs(offsetMinutes) > MAX_OFFSET_MINUTES) {
    throw new RangeError(
      `offsetMinutes is ${offsetMinutes}; expected a whole number from -${MAX_OFFSET_MINUTES} to ${MAX_OFFSET_MINUTES}`,
    );
  }
  const [start, end] = [
    since === undefined ? "0" : isoTime(since),
    until === undefined ? "~" : isoTime(until),
  ];
  const nextCall = db.prepare(NEXT_CALL);
  const cached = db.prepare("SELECT stats FROM day_stats WHERE assistant = ? AND ends_at = ?");
  const sums = db.prepare(SUMS);
  const stats: DayStats[] = [];
  const computed: CachedDay[] = [];
  // One query for each day and assistant: grouping all calls at once would sort them, which takes most of the time.
  for (const assistant of listAssistants(db)) {
    for (let from = start;;) {
      const next = nextCall.get(assistant, from, end)?.started_at;
      if (typeof next !== "string") break;
      const { day, startsAt, endsAt } = dayAt(next, offsetMinutes);
      const isWhole = startsAt >= start && endsAt <= end;
      from = endsAt < end ? endsAt : end;
      const found = isWhole ? cached.get(assistant, endsAt) : undefined;
      const daySums = found ? readSums(found) : sumsOf(sums.get(assistant, next, from) ?? {});
      stats.push({ day, assistant, ...daySums });
      if (isWhole && !found) computed.push({ assistant, endsAt, sums: daySums });
    }
  }
  // Time zones are whole quarters of an hour. With any offset, the cache could grow without a useful limit.
  if (offsetMinutes % 15 === 0) cacheDays(db, computed);
  return stats.sort((a, b) => a.day < b.day ? 1 : a.day > b.day ? -1 : a.assistant < b.assistant ? -1 : 1);
}

/** The assistants of all calls. */
export function listAssistants(db: DatabaseSync): string[] {
  // One index lookup for each: DISTINCT would read all calls.
  return db.prepare(
    `WITH RECURSIVE names (name) AS (
      SELECT min(assistant) FROM calls
      UNION ALL SELECT (SELECT min(assistant) FROM calls WHERE assistant > name) FROM names WHERE name IS NOT NULL
    ) SELECT name FROM names WHERE name IS NOT NULL`,
  ).all().map(({ name }) => textOf(name));
}

const NEXT_CALL = `SELECT min(started_at) AS started_at FROM calls
  WHERE assistant = ? AND started_at >= ? AND started_at < ?`;
const SUMS =
  `SELECT count(*) AS calls, sum(seconds) AS seconds, sum(answers) AS answers, sum(barge_ins) AS barge_ins,
    sum(carrier_minutes) AS carrier_minutes, sum(cost_usd) AS cost_usd,
    json_group_array(end_reason) AS end_reasons, group_concat(latencies_ms) AS latencies_ms
  FROM calls WHERE assistant = ? AND started_at >= ? AND started_at < ?`;

/** The local day of a time, and when it starts and ends; times in ISO 8601, UTC. */
function dayAt(time: string, offsetMinutes: number) {
  const offsetMs = offsetMinutes * 60_000;
  const startMs = Math.floor((Date.parse(time) + offsetMs) / DAY_MS) * DAY_MS;
  return {
    day: new Date(startMs).toISOString().slice(0, 10),
    startsAt: new Date(startMs - offsetMs).toISOString(),
    endsAt: new Date(startMs + DAY_MS - offsetMs).toISOString(),
  };
}

/** @param sums A row of {@linkcode SUMS}. */
function sumsOf(sums: Row): DaySums {
  const [answers, bargeIns] = [numberOf(sums.answers), numberOf(sums.barge_ins)];
  const endings: Record<string, number> = {};
  for (const reason of JSON.parse(textOf(sums.end_reasons))) endings[reason] = (endings[reason] ?? 0) + 1;
  return {
    calls: numberOf(sums.calls),
    minutes: numberOf(sums.seconds) / 60,
    carrierMinutes: numberOf(sums.carrier_minutes),
    costUsd: numberOf(sums.cost_usd),
    endings,
    answers,
    bargeIns,
    bargeInRate: answers === 0 ? 0 : bargeIns / answers,
    latency: sums.latencies_ms === null ? undefined : latencyOf(textOf(sums.latencies_ms)),
  };
}

/** @param list Whole milliseconds, separated by commas. */
function latencyOf(list: string): LatencyStats {
  // Typed arrays are sorted several times faster than others.
  const sorted = new Uint32Array(JSON.parse(`[${list}]`)).sort();
  const percentile = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
  return { answers: sorted.length, p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99) };
}

/** @param row A row of `day_stats`. */
function readSums(row: Row): DaySums {
  const sums: DaySums = JSON.parse(textOf(row.stats));
  // JSON has no undefined.
  return { ...sums, latency: sums.latency };
}

/** Caches the sums of whole days. Triggers delete those of a day when a call of it is written or deleted. */
function cacheDays(db: DatabaseSync, days: readonly CachedDay[]): void {
  if (days.length === 0) return;
  try {
    inTransaction(db, () => {
      const insert = db.prepare(
        "INSERT OR REPLACE INTO day_stats (assistant, ends_at, stats) VALUES (?, ?, ?)",
      );
      for (const { assistant, endsAt, sums } of days) insert.run(assistant, endsAt, JSON.stringify(sums));
    });
  } catch {
    // The disk is full, or another process writes: the next query computes them again.
  }
}
