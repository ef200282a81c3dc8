/**
 * A call on one time scale: the caller's speech, the generated responses and their playback. All times are
 * milliseconds from the start of the stream. Pure functions.
 */

/** @import { CallRecord, Hop, Span, Turn } from "../api_types.ts" */
/** @typedef {Span & { turn: number }} TurnSpan `turn` is an index into the transcript. */
/**
 * @typedef {TurnSpan & { unheardToMs?: number, firstMarkMs?: number, lastMarkMs?: number }} PlayedSpan
 *   `unheardToMs`: the end that an interrupted response would have had.
 */
/** @typedef {Span & { turn: number, hop: Hop }} HopSpan */
/** @typedef {Span & { event: number }} EventSpan `event` is an index into the record's events. */
/**
 * @typedef {object} Lanes
 * @property {number} totalMs
 * @property {TurnSpan[]} spoken
 * @property {TurnSpan[]} generated
 * @property {PlayedSpan[]} played
 * @property {HopSpan[]} hops
 * @property {EventSpan[]} events
 * @property {boolean} approximate Whether the record lacks `spoken` or `played` and places were estimated.
 */

/**
 * The lanes of the timeline.
 *
 * @param {Pick<CallRecord, "turns" | "events" | "seconds" | "recording">} call
 * @returns {Lanes}
 */
export function callLanes(call) {
  /** @type {TurnSpan[]} */
  const spoken = [];
  /** @type {TurnSpan[]} */
  const generated = [];
  /** @type {PlayedSpan[]} */
  const played = [];
  /** @type {HopSpan[]} */
  const hops = [];
  let approximate = false;
  let playedUntil = 0;
  call.turns.forEach((turn, at) => {
    if (turn.speaker === "caller") {
      if (!turn.spoken) approximate = true;
      spoken.push({ turn: at, ...(turn.spoken ?? { fromMs: turn.atMs, toMs: turn.atMs }) });
      return;
    }
    if (turn.generated) generated.push({ turn: at, ...turn.generated });
    if (!turn.played) approximate = true;
    const span = turn.played ?? estimatedSpan(turn, playedUntil);
    playedUntil = span.toMs;
    const { modelMs, sendMs, playbackMs } = turn.latency ?? {};
    const unheardMs = turn.interrupted ? Math.max(0, (turn.totalMs ?? 0) - (turn.heardMs ?? 0)) : 0;
    played.push({
      turn: at,
      fromMs: span.fromMs,
      toMs: span.toMs,
      ...(unheardMs > 0 ? { unheardToMs: span.toMs + unheardMs } : {}),
      ...(turn.played && playbackMs !== undefined ? { firstMarkMs: span.fromMs + playbackMs } : {}),
      ...(turn.played && !turn.interrupted ? { lastMarkMs: span.toMs } : {}),
    });
    if (modelMs === undefined || sendMs === undefined || playbackMs === undefined) return;
    const speechEndMs = span.fromMs - sendMs - modelMs;
    hops.push(
      { hop: "model", turn: at, fromMs: speechEndMs, toMs: speechEndMs + modelMs },
      { hop: "send", turn: at, fromMs: speechEndMs + modelMs, toMs: span.fromMs },
      { hop: "playback", turn: at, fromMs: span.fromMs, toMs: span.fromMs + playbackMs },
    );
  });
  // The unheard rest is not drawn over the next response.
  played.forEach((each, at) => {
    const next = played[at + 1];
    if (each.unheardToMs !== undefined && next) {
      each.unheardToMs = Math.max(each.toMs, Math.min(each.unheardToMs, next.fromMs));
    }
  });
  const events = call.events.map((event, at) => ({
    event: at,
    // Events are recorded when they end.
    fromMs: Math.max(0, event.atMs - (event.ms ?? 0)),
    toMs: event.atMs,
  }));
  const ends = [...spoken, ...generated, ...played, ...events].map(({ toMs }) => toMs);
  const totalMs = Math.max(1_000, call.seconds * 1_000, call.recording?.ms ?? 0, ...ends);
  return { totalMs, spoken, generated, played, hops, events, approximate };
}

/**
 * Estimates the playback of a response without `played`: from its place in the conversation, after the
 * previous response.
 *
 * @param {Turn} turn
 * @param {number} playedUntil
 * @returns {Span}
 */
function estimatedSpan({ atMs, heardMs, totalMs, latency }, playedUntil) {
  const fromMs = Math.max(atMs + (latency?.sendMs ?? 0), playedUntil);
  return { fromMs, toMs: fromMs + (heardMs ?? totalMs ?? 0) };
}

/**
 * Start of each turn, in the order of the transcript (ms).
 *
 * @param {Pick<Lanes, "spoken" | "played">} lanes
 * @param {number} count Number of turns.
 * @returns {number[]}
 */
export function turnStarts({ spoken, played }, count) {
  /** @type {number[]} */
  const starts = new Array(count).fill(0);
  for (const { turn, fromMs } of [...spoken, ...played]) starts[turn] = fromMs;
  return starts;
}

/**
 * The last turn that started at or before a time; undefined before the first.
 *
 * @param {readonly number[]} starts
 * @param {number} ms
 * @returns {number | undefined}
 */
export function turnAt(starts, ms) {
  let latest = -Infinity;
  /** @type {number | undefined} */
  let answeredTurn;
  starts.forEach((start, turn) => {
    if (start > ms || start < latest) return;
    latest = start;
    answeredTurn = turn;
  });
  return answeredTurn;
}

/**
 * Turns in their order, with each event before the first turn that started after it.
 *
 * @param {readonly number[]} starts
 * @param {readonly { readonly event: number, readonly fromMs: number }[]} events
 * @returns {({ turn: number } | { event: number })[]}
 */
export function interleaveEvents(starts, events) {
  const waiting = events.toSorted((a, b) => a.fromMs - b.fromMs);
  /** @type {({ turn: number } | { event: number })[]} */
  const lines = [];
  starts.forEach((start, turn) => {
    const later = waiting.findIndex(({ fromMs }) => fromMs >= start);
    lines.push(...waiting.splice(0, later < 0 ? waiting.length : later).map(({ event }) => ({ event })));
    lines.push({ turn });
  });
  return [...lines, ...waiting.map(({ event }) => ({ event }))];
}

/**
 * Assigns labels to rows without overlap: each goes into the first free row, or into none.
 *
 * @param {readonly { readonly from: number, readonly to: number }[]} labels Sorted by `from`.
 * @param {number} rows
 * @param {number} [gap] Between labels in a row.
 * @returns {(number | undefined)[]} The row of each label.
 */
export function packLabels(labels, rows, gap = 0) {
  const ends = new Array(rows).fill(-Infinity);
  return labels.map(({ from, to }) => {
    const row = ends.findIndex((end) => end + gap <= from);
    if (row < 0) return undefined;
    ends[row] = to;
    return row;
  });
}

/**
 * The measured hops of a turn in order, and their sum (ms).
 *
 * @param {Pick<Turn, "latency">} turn
 * @returns {{ hops: { hop: Hop, ms: number }[], totalMs: number }}
 */
export function turnLatency({ latency = {} }) {
  const measured = /** @type {const} */ ([
    ["model", latency.modelMs],
    ["send", latency.sendMs],
    ["playback", latency.playbackMs],
  ]);
  const hops = measured.flatMap(([hop, ms]) => ms === undefined ? [] : [{ hop, ms }]);
  return { hops, totalMs: hops.reduce((sum, { ms }) => sum + ms, 0) };
}
