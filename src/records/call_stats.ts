import type { DatabaseSync } from "node:sqlite";
import { isoTime, numberOf, type Row, textOf } from "./call_rows.ts";

export interface StatsQuery {
  /** Calls begun at this time or later; ISO 8601. */
  readonly since?: string | undefined;
  /** Calls begun before this time; ISO 8601. */
  readonly until?: string | undefined;
  /** How far the days are from those of UTC (min), 120 for UTC+2; 0 unless given. */
  readonly offsetMinutes?: number | undefined;
}

/** The calls of one assistant on one day. */
export interface DayStats {
  /** `2026-11-21` */
  readonly day: string;
  readonly assistant: string;
  readonly calls: number;
  /** Minutes talked. */
  readonly minutes: number;
  /** Minutes the carrier bills. */
  readonly carrierMinutes: number;
  readonly modelUsd: number;
  /** How often calls ended for which reason. */
  readonly endings: Readonly<Record<string, number>>;
  /** What the assistant said, and how often the caller talked over it. */
  readonly answers: number;
  readonly bargeIns: number;
  /** Barge-ins for each answer; 0 where there was none. */
  readonly bargeInRate: number;
  /** From the end of the caller's speech to the answer being heard, of answers with all hops; undefined without any. */
  readonly latency: LatencyStats | undefined;
}

/** Percentiles (ms) by nearest rank. */
export interface LatencyStats {
  readonly answers: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Sums up calls by day, the newest first, and assistant. @throws {RangeError} when a time is none. */
export function callStats(db: DatabaseSync, { since, until, offsetMinutes = 0 }: StatsQuery): DayStats[] {
  if (!Number.isInteger(offsetMinutes)) throw new RangeError(`${offsetMinutes} is no number of minutes`);
  const values = {
    since: since === undefined ? "" : isoTime(since),
    until: until === undefined ? "~" : isoTime(until),
    shift: `${offsetMinutes} minutes`,
  };
  const latencies = new Map(db.prepare(LATENCIES).all(values).map((row) => [keyOf(row), latencyOf(row)]));
  const endings = new Map<string, Record<string, number>>();
  for (const row of db.prepare(ENDINGS).all(values)) {
    const key = keyOf(row);
    endings.set(key, { ...endings.get(key), [textOf(row.reason)]: numberOf(row.calls) });
  }
  return db.prepare(SUMS).all(values).map((row) => {
    const key = keyOf(row);
    const [answers, bargeIns] = [numberOf(row.answers), numberOf(row.barge_ins)];
    return {
      day: textOf(row.day),
      assistant: textOf(row.assistant),
      calls: numberOf(row.calls),
      minutes: numberOf(row.seconds) / 60,
      carrierMinutes: numberOf(row.carrier_minutes),
      modelUsd: numberOf(row.model_usd),
      endings: endings.get(key) ?? {},
      answers,
      bargeIns,
      bargeInRate: answers === 0 ? 0 : bargeIns / answers,
      latency: latencies.get(key),
    };
  });
}

/** The day is found once a call, not once a turn. */
const CALLS = `WITH chosen AS MATERIALIZED (
    SELECT *, date(started_at, :shift) AS day FROM calls WHERE started_at >= :since AND started_at < :until
  )`;
const SUMS =
  `${CALLS} SELECT day, assistant, count(*) AS calls, sum(seconds) AS seconds, sum(answers) AS answers,
    sum(barge_ins) AS barge_ins, sum(carrier_minutes) AS carrier_minutes, sum(model_usd) AS model_usd
  FROM chosen GROUP BY day, assistant ORDER BY day DESC, assistant`;
const ENDINGS =
  `${CALLS} SELECT day, assistant, reason, count(*) AS calls FROM chosen GROUP BY day, assistant, reason`;
const LATENCIES = `${CALLS},
  waits AS (
    SELECT day, assistant, latency_model_ms + latency_sent_ms + latency_heard_ms AS ms
    FROM chosen JOIN turns ON call_id = id WHERE ms IS NOT NULL
  ),
  ranked AS (
    SELECT *, row_number() OVER (PARTITION BY day, assistant ORDER BY ms) AS rank,
      count(*) OVER (PARTITION BY day, assistant) AS answers FROM waits
  )
  SELECT day, assistant, answers,
    min(ms) FILTER (WHERE rank >= 0.5 * answers) AS p50,
    min(ms) FILTER (WHERE rank >= 0.95 * answers) AS p95,
    min(ms) FILTER (WHERE rank >= 0.99 * answers) AS p99
  FROM ranked GROUP BY day, assistant`;

function keyOf({ day, assistant }: Row): string {
  return `${day} ${assistant}`;
}

function latencyOf({ answers, p50, p95, p99 }: Row): LatencyStats {
  return { answers: numberOf(answers), p50: numberOf(p50), p95: numberOf(p95), p99: numberOf(p99) };
}
