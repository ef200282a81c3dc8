/**
 * A call on one time scale: who spoke, what the model made, what was heard. Pure: records in, stretches of time out, all
 * in ms from the start of the stream.
 */

/**
 * @typedef {import("../../records/call_record.ts").CallRecord} CallRecord
 * @typedef {import("../../records/call_record.ts").Turn} Turn
 * @typedef {import("../../records/call_record.ts").Span} Span
 * @typedef {Span & { turn: number }} TurnSpan `turn` is its place in the transcript.
 * @typedef {TurnSpan & { cutToMs?: number, firstMarkMs?: number, lastMarkMs?: number }} Played
 *   `cutToMs`: up to where it would have gone on.
 * @typedef {{ hop: "model" | "sent" | "heard", turn: number } & Span} Hop
 */

/**
 * What each lane of the drawing shows. Records of old lack `spoken`, `generated` and `played`: then places follow from
 * when a turn was added to the conversation, and `approximate` is true.
 *
 * @param {CallRecord & { recording?: { ms: number } }} call
 */
export function lanesOf(call) {
  /** @type {TurnSpan[]} */
  const spoken = [];
  /** @type {TurnSpan[]} */
  const generated = [];
  /** @type {Played[]} */
  const played = [];
  /** @type {Hop[]} */
  const hops = [];
  let approximate = false;
  let heardUntil = 0;
  call.turns.forEach((turn, at) => {
    if (turn.who === "caller") {
      if (!turn.spoken) approximate = true;
      spoken.push({ turn: at, ...(turn.spoken ?? { fromMs: turn.atMs, toMs: turn.atMs }) });
      return;
    }
    if (turn.generated) generated.push({ turn: at, ...turn.generated });
    if (!turn.played) approximate = true;
    const span = turn.played ?? guess(turn, heardUntil);
    heardUntil = span.toMs;
    const { modelMs, sentMs, heardMs } = turn.latency ?? {};
    const missing = turn.cut ? Math.max(0, (turn.totalMs ?? 0) - (turn.heardMs ?? 0)) : 0;
    played.push({
      turn: at,
      fromMs: span.fromMs,
      toMs: span.toMs,
      ...(missing > 0 ? { cutToMs: span.toMs + missing } : {}),
      ...(turn.played && heardMs !== undefined ? { firstMarkMs: span.fromMs + heardMs } : {}),
      ...(turn.played && !turn.cut ? { lastMarkMs: span.toMs } : {}),
    });
    if (modelMs === undefined || sentMs === undefined || heardMs === undefined) return;
    const stopped = span.fromMs - sentMs - modelMs;
    hops.push(
      { hop: "model", turn: at, fromMs: stopped, toMs: stopped + modelMs },
      { hop: "sent", turn: at, fromMs: stopped + modelMs, toMs: span.fromMs },
      { hop: "heard", turn: at, fromMs: span.fromMs, toMs: span.fromMs + heardMs },
    );
  });
  // What would have been said ends in the drawing where the next answer begins.
  played.forEach((each, at) => {
    const next = played[at + 1];
    if (each.cutToMs !== undefined && next) {
      each.cutToMs = Math.max(each.toMs, Math.min(each.cutToMs, next.fromMs));
    }
  });
  const events = call.events.map((event, at) => ({
    event: at,
    // An event is noted when it is over.
    fromMs: Math.max(0, event.atMs - (event.ms ?? 0)),
    toMs: event.atMs,
  }));
  const ends = [...spoken, ...generated, ...played, ...events].map(({ toMs }) => toMs);
  const totalMs = Math.max(1_000, call.seconds * 1_000, call.recording?.ms ?? 0, ...ends);
  return { totalMs, spoken, generated, played, hops, events, approximate };
}

/** Where an answer of old was heard: from when it was added, after what was heard before it. */
function guess({ atMs, heardMs, totalMs, latency }, heardUntil) {
  const fromMs = Math.max(atMs + (latency?.sentMs ?? 0), heardUntil);
  return { fromMs, toMs: fromMs + (heardMs ?? totalMs ?? 0) };
}

/** When each turn begins to be heard, in the order of the transcript. */
export function starts({ spoken, played }, count) {
  const begin = new Array(count).fill(0);
  for (const { turn, fromMs } of [...spoken, ...played]) begin[turn] = fromMs;
  return begin;
}

/**
 * Which turn began last at this time; undefined before the first.
 *
 * @param {number[]} begin
 * @param {number} ms
 * @returns {number | undefined}
 */
export function turnAt(begin, ms) {
  /** @type {number | undefined} */
  let found;
  begin.forEach((from, turn) => {
    if (from <= ms && (found === undefined || from >= begin[found])) found = turn;
  });
  return found;
}

/**
 * Turns in their order, and each event before the first turn that began after it.
 *
 * @param {number[]} begin
 * @param {{ event: number, fromMs: number }[]} events
 * @returns {({ turn: number } | { event: number })[]}
 */
export function inOrder(begin, events) {
  const waiting = events.toSorted((a, b) => a.fromMs - b.fromMs);
  const lines = [];
  begin.forEach((from, turn) => {
    while (waiting[0] && waiting[0].fromMs < from) lines.push({ event: waiting.shift().event });
    lines.push({ turn });
  });
  return [...lines, ...waiting.map(({ event }) => ({ event }))];
}

/**
 * Puts labels into rows so that none covers another: each goes into the first row that is free, or into none.
 *
 * @param {{ from: number, to: number }[]} labels By where they begin.
 * @param {number} rows
 * @returns {(number | undefined)[]} The row of each.
 */
export function packed(labels, rows, gap = 0) {
  const ends = new Array(rows).fill(-Infinity);
  return labels.map(({ from, to }) => {
    const row = ends.findIndex((end) => end + gap <= from);
    if (row < 0) return undefined;
    ends[row] = to;
    return row;
  });
}

/**
 * The hops of a turn that came, in order, and their sum (ms).
 *
 * @param {Pick<Turn, "latency">} turn
 */
export function waitOf({ latency = {} }) {
  const hops = [["model", latency.modelMs], ["sent", latency.sentMs], ["heard", latency.heardMs]]
    .flatMap(([hop, ms]) => ms === undefined ? [] : [{ hop, ms }]);
  return { hops, totalMs: hops.reduce((sum, { ms }) => sum + ms, 0) };
}
