/** `rehearse`: one complete call against a server, without a phone. */

import { encodeMulaw } from "../../audio/g711.ts";
import { type Clock, systemClock } from "../../clock.ts";
import type { RehearsalCaller, StreamCounts } from "./caller.ts";
import { audibleSpan } from "./ear.ts";
import { openNativeSocket, type OpenSocket } from "./media_socket.ts";
import { phrase } from "./phrase.ts";
import { placeCall } from "./place_call.ts";
import type { Interruption, Turn } from "./script.ts";
import { Timeline, type TimelineEntry } from "./timeline.ts";
import { Webhooks } from "./webhook.ts";

const PROGRESS_MS = 200;

export interface RehearseOptions {
  /** Where the server is reached, e.g. "http://localhost:5050". */
  baseUrl: string;
  /** How the server believes to be reached, where that differs: its PUBLIC_URL. Only signatures depend on it. */
  publicUrl?: string;
  /** Reach every address the TwiML names at `baseUrl`'s host: past a tunnel, straight to the server. */
  local?: boolean;
  /** What the caller says: 8 kHz samples. Without it, a made-up phrase of about 2 s. */
  speech?: Int16Array;
  /** How often the caller says it (1), an interruption not counted. */
  turns?: number;
  /** Speak over the first answer, this many ms after it began. */
  interruptMs?: number;
  /** Hang up at the latest after so many seconds of media stream (120). */
  maxSeconds?: number;
  /** Signs as Twilio would, with the account's auth token. */
  authToken?: string;
  accountSid?: string;
  from?: string;
  to?: string;
  clock?: Clock;
  /** Opens the media stream's socket; Deno's own without it. */
  open?: OpenSocket;
  /** Ends the call as the caller's hang-up would. */
  signal?: AbortSignal;
  /** Told a few times a second how the call goes. */
  onProgress?(progress: Progress): void;
}

export interface Progress {
  /** Milliseconds since the media stream's start. */
  elapsedMs: number;
  /** What the caller is at: "waits for the greeting", "speaks", … */
  doing: string;
  /** Audio waiting to be heard, in ms. */
  bufferedMs: number;
}

/** A rehearsed call. Times in ms since the media stream's start. */
export interface Rehearsal {
  /** The call was placed, the assistant was heard, and every turn got its answer. */
  completed: boolean;
  /** What went wrong, and what to do; absent when the call completed. */
  problem?: string;
  callSid: string;
  streamSid: string;
  timeline: TimelineEntry[];
  turns: Turn[];
  interruption?: Interruption;
  /** How much audio waited at Twilio: the median while there was some, and the most; in ms. */
  lead: { typicalMs: number; maxMs: number };
  counts: StreamCounts;
  /** Both sides as heard: 8 kHz samples on one clock. */
  recording: { spoken: Int16Array; heard: Int16Array };
}

/**
 * Places one call and speaks through it.
 *
 * @throws {TypeError} if the options make no sense. What goes wrong in the call is told in the result.
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal> {
  const { clock = systemClock, maxSeconds = 120, turns = 1 } = options;
  const speech = encodeMulaw(options.speech ?? phrase());
  if (!audibleSpan(speech)) {
    throw new TypeError("Cannot rehearse: the caller's recording is as good as silent");
  }
  const callSid = sid("CA"), streamSid = sid("MZ"), accountSid = options.accountSid ?? sid("AC");
  const from = options.from ?? "+15550100001", to = options.to ?? "+15550100002";
  const base = httpUrl(options.baseUrl);
  const reach = (url: URL) => options.local ? atHost(base, url) : url;
  const incoming = new URL("incoming-call", asFolder(options.publicUrl ? httpUrl(options.publicUrl) : base));
  const fields = {
    CallSid: callSid,
    AccountSid: accountSid,
    From: from,
    To: to,
    Caller: from,
    Called: to,
    ApiVersion: "2010-04-01",
    Direction: "inbound",
  };
  const timeline = new Timeline(() => clock.now());
  const ended = new AbortController();
  const outcome = await placeCall({
    clock,
    timeline,
    // The first request goes to the base itself, whatever the server believes its own address to be.
    webhooks: new Webhooks(clock, fields, options.authToken, (url) => {
      return url.href.startsWith(incoming.href) ? atHost(base, url) : reach(url);
    }),
    incomingCall: { url: incoming.href, method: "POST" },
    reach,
    accountSid,
    callSid,
    streamSid,
    open: options.open ?? openNativeSocket(clock),
    script: {
      speech,
      turns,
      maxMs: maxSeconds * 1000,
      ...(options.interruptMs !== undefined && { interruptMs: options.interruptMs }),
    },
    signal: options.signal ?? new AbortController().signal,
    onStream: (caller) => reportProgress(clock, caller, options, ended.signal),
  }).finally(() => ended.abort());
  return summary(outcome.caller, outcome.problem, options, {
    callSid,
    streamSid,
    timeline: timeline.entries,
  });
}

function summary(
  caller: RehearsalCaller | undefined,
  problem: string | undefined,
  { interruptMs }: RehearseOptions,
  rest: Pick<Rehearsal, "callSid" | "streamSid" | "timeline">,
): Rehearsal {
  const nothing = new Int16Array();
  const turns = caller?.script.turns ?? [];
  const interruption = caller?.script.interruption;
  const leads = caller?.leads.toSorted((a, b) => a - b) ?? [];
  if (caller && !problem) problem = shortcoming(caller, interruptMs);
  return {
    completed: problem === undefined,
    ...(problem !== undefined && { problem }),
    ...rest,
    turns,
    ...(interruption && { interruption }),
    lead: { typicalMs: leads[leads.length >> 1] ?? 0, maxMs: caller?.maxLeadMs ?? 0 },
    counts: caller?.counts ??
      { framesSent: 0, mediaReceived: 0, mediaMs: 0, marksReceived: 0, marksReturned: 0, clears: 0 },
    recording: caller?.recording ?? { spoken: nothing, heard: nothing },
  };
}

/** Why a call that ended in order is still not what was asked for. */
function shortcoming(
  { script, counts }: RehearsalCaller,
  interruptMs: number | undefined,
): string | undefined {
  if (counts.mediaReceived === 0) return "The server sent no audio: look for errors in its log";
  if (script.turns.length === 0) return "The call ended before the caller spoke";
  const unanswered = script.turns.findIndex((turn) => turn.answeredAtMs === undefined);
  if (unanswered >= 0) {
    return `The caller's turn ${unanswered + 1} was not answered (${
      script.hangUpReason ?? "the server ended the call"
    })`;
  }
  if (interruptMs !== undefined && !script.interruption) {
    return `The answer was over before ${interruptMs} ms of it: it could not be interrupted`;
  }
}

function reportProgress(
  clock: Clock,
  caller: RehearsalCaller,
  options: RehearseOptions,
  ended: AbortSignal,
): void {
  const { onProgress } = options;
  if (!onProgress) return;
  const report = () => {
    onProgress({ elapsedMs: caller.elapsedMs, doing: caller.script.doing, bufferedMs: caller.bufferedMs });
    cancel = clock.after(PROGRESS_MS, report);
  };
  let cancel = clock.after(0, report);
  ended.addEventListener("abort", () => cancel(), { once: true });
}

function sid(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new TypeError(`Cannot call "${text}": an address like "http://localhost:5050" was expected`);
}

function asFolder(url: URL): URL {
  return url.pathname.endsWith("/") ? url : new URL(url.pathname + "/", url);
}

/** The same address at the host of `base`, over TLS only if `base` is. */
function atHost(base: URL, url: URL): URL {
  const secure = base.protocol === "https:";
  const scheme = url.protocol.startsWith("ws") ? (secure ? "wss:" : "ws:") : base.protocol;
  return new URL(`${scheme}//${base.host}${url.pathname}${url.search}`);
}
