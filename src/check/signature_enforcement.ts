/** Checks that the service accepts requests with a Twilio signature, and refuses requests without one. */

import { ConnectError, connectWebSocket } from "../model/web_socket/web_socket.ts";
import { twilioSignature } from "../twilio/request_signature.ts";
import { failed, type Finding, ok } from "./finding.ts";
import { type Network, request, RequestFailure, TIMEOUT_MS } from "./requests.ts";

/** Without a CallSid the callback has no effect. */
const FORM = { AccountSid: "AC00000000000000000000000000000000", CallStatus: "completed", Check: "parley" };

/** HTTP status of a response, or the reason why there was none. */
type Outcome = number | string;

/** Sends a status callback with and without a signature. */
export async function checkWebhookSignature(
  authToken: string,
  publicUrl: string,
  network: Network,
): Promise<Finding> {
  const url = `${publicUrl}/call-status`;
  const signature = await twilioSignature(authToken, url, FORM);
  const post = (headers: Record<string, string>): Promise<Outcome> =>
    request(url, network, { method: "POST", headers, body: new URLSearchParams(FORM) })
      .then(({ status }) => status, failureReason);
  const [signed, unsigned] = await Promise.all([post({ "x-twilio-signature": signature }), post({})]);
  return compareOutcomes("signatures", "a callback", 204, signed, unsigned);
}

/** Opens the WebSocket of a media stream with and without a signature. */
export async function checkStreamSignature(
  authToken: string,
  publicUrl: string,
  network: Network,
): Promise<Finding> {
  const url = `${publicUrl.replace(/^http/, "ws")}/media-stream`;
  const signature = await twilioSignature(authToken, url);
  const [signed, unsigned] = await Promise.all([
    handshake(url, { "X-Twilio-Signature": signature }, network),
    handshake(url, {}, network),
  ]);
  return compareOutcomes("media stream", "a WebSocket", 101, signed, unsigned);
}

function compareOutcomes(
  check: string,
  what: string,
  accepted: number,
  signed: Outcome,
  unsigned: Outcome,
): Finding {
  const refused = 403;
  const unexpected = `${what} with a valid signature got ${describe(signed)} instead of ${accepted}`;
  if (signed === refused) {
    return failed(
      check,
      unexpected,
      "the service runs with another TWILIO_AUTH_TOKEN or PUBLIC_URL, or a proxy changes the path: " +
        "restart the service, check the proxy",
    );
  }
  if (signed !== accepted) {
    const proxy = accepted === 101 ? "the proxy must forward WebSocket upgrades; " : "";
    return failed(check, unexpected, `${proxy}check that all paths are forwarded to this version of Parley`);
  }
  if (unsigned === accepted) {
    const remedy =
      "start the service with TWILIO_AUTH_TOKEN: without it, anybody can talk to the model at your expense";
    return failed(check, `${what} without a signature is accepted`, remedy);
  }
  if (unsigned !== refused) {
    return failed(
      check,
      `${what} without a signature got ${describe(unsigned)} instead of ${refused}`,
      "check which requests the proxy answers itself",
    );
  }
  return ok(check, `${what} is accepted with a valid signature only`);
}

function describe(outcome: Outcome): string {
  return typeof outcome === "number" ? String(outcome) : `no response (${outcome})`;
}

function failureReason(error: unknown): string {
  if (error instanceof RequestFailure) return error.message;
  throw error;
}

/** Opens the WebSocket and closes it again. */
async function handshake(
  url: string,
  headers: Record<string, string>,
  { clock, caCerts }: Network,
): Promise<Outcome> {
  const closed = Promise.withResolvers<void>();
  const handlers = { onMessage: () => {}, onClose: () => closed.resolve() };
  try {
    const options = { headers, handlers, clock, timeoutMs: TIMEOUT_MS, caCerts: [...caCerts] };
    const socket = await connectWebSocket(url, options);
    socket.close();
    await closed.promise;
    return 101;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return error.status ?? error.message;
  }
}
