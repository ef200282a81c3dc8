import { spreadOf } from "./measured_window.ts";
import { FORM_TYPE, requestsTo } from "./requests.ts";
import { exchange, requestText } from "./wire.ts";
import type { ServiceAddress } from "./good_calls.ts";

const INTERVAL_MS = 100;
/** The body arrives this long after the head: a slow case, because Twilio sends them together. */
const BODY_DELAY_MS = 50;
const FORM = { CallSid: "CA00000000000000000000000000009999", CallStatus: "ringing" };

/** What became of the webhooks in one window. */
export interface ProbeReport {
  readonly sent: number;
  /** Number of answers other than 204, by answer. */
  readonly refused: Readonly<Record<string, number>>;
  /** Response time, the body's delay excluded: 99th percentile (ms). */
  readonly p99Ms: number;
}

/** Sends webhooks as Twilio does, ten a second, to see whether they get through. @returns stops it, and reports. */
export function startTwilioProbe(address: ServiceAddress): () => Promise<ProbeReport> {
  const refused: Record<string, number> = {};
  const times: number[] = [];
  const body = new URLSearchParams(FORM).toString();
  const send = async () => {
    const signature = await requestsTo({ ...address, adminToken: "", victims: [] }).sign(
      "/call-status",
      FORM,
    );
    const headers = {
      ...FORM_TYPE,
      "x-forwarded-for": "54.172.60.1",
      "x-twilio-signature": signature,
      "content-length": `${body.length}`,
    };
    const from = performance.now();
    const drip = { text: body, everyMs: BODY_DELAY_MS };
    const answer = await exchange(address.port, requestText("POST /call-status", headers), { drip });
    times.push(performance.now() - from - BODY_DELAY_MS);
    if (answer !== "204") refused[answer] = (refused[answer] ?? 0) + 1;
  };
  const running: Promise<void>[] = [];
  const timer = setInterval(() => running.push(send()), INTERVAL_MS);
  return async () => {
    clearInterval(timer);
    await Promise.all(running);
    return { sent: running.length, refused, p99Ms: spreadOf(times).p99 };
  };
}
