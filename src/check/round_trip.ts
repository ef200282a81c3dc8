/** Whether the service, asked the way Twilio asks it, answers Twilio and nobody else. */

import { dial, DialError } from "../model/web_socket/web_socket.ts";
import { twilioSignature } from "../simulator/caller/sign.ts";
import { failed, type Finding, ok } from "./finding.ts";
import { ask, type Network, NoAnswer, TIMEOUT_MS } from "./network.ts";

/** Without a CallSid it is about no call, and nothing happens. */
const FORM = { AccountSid: "AC00000000000000000000000000000000", CallStatus: "completed", Check: "parley" };

/** What came of a request: its HTTP status, or why there was none. */
type Outcome = number | string;

/** A callback, signed and not. */
export async function checkWebhook(authToken: string, publicUrl: string, network: Network): Promise<Finding> {
  const url = `${publicUrl}/call-status`;
  const signature = await twilioSignature(authToken, url, FORM);
  const post = (headers: Record<string, string>): Promise<Outcome> =>
    ask(url, network, { method: "POST", headers, body: new URLSearchParams(FORM) })
      .then(({ status }) => status, reasonOnly);
  const [signed, unsigned] = await Promise.all([post({ "x-twilio-signature": signature }), post({})]);
  return judge("signatures", "a callback", 204, signed, unsigned);
}

/** A media stream's handshake, signed and not. */
export async function checkHandshake(
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
  return judge("media stream", "a WebSocket", 101, signed, unsigned);
}

function judge(line: string, what: string, granted: number, signed: Outcome, unsigned: Outcome): Finding {
  const refused = 403;
  const asTwilio = `${what} signed as Twilio does got ${describe(signed)}, ${granted} was expected`;
  if (signed === refused) {
    return failed(
      line,
      asTwilio,
      "the service was started with another TWILIO_AUTH_TOKEN or PUBLIC_URL, or the path is changed on the way: restart it, check the proxy",
    );
  }
  if (signed !== granted) {
    const proxy = granted === 101 ? "the proxy in front must pass on upgrades to WebSocket; " : "";
    return failed(line, asTwilio, `${proxy}check that the whole path goes to this version of Parley`);
  }
  if (unsigned === granted) {
    const remedy =
      "start the service with TWILIO_AUTH_TOKEN: as it is, anybody talks to the model on your bill";
    return failed(line, `${what} that is not signed is let in`, remedy);
  }
  if (unsigned !== refused) {
    return failed(
      line,
      `${what} that is not signed got ${describe(unsigned)}, ${refused} was expected`,
      "check what the proxy in front answers by itself",
    );
  }
  return ok(line, `${what} signed as Twilio does is let in, and none without`);
}

function describe(outcome: Outcome): string {
  return typeof outcome === "number" ? String(outcome) : `no answer (${outcome})`;
}

function reasonOnly(error: unknown): string {
  if (error instanceof NoAnswer) return error.message;
  throw error;
}

/** Opens the socket and closes it again. */
async function handshake(
  url: string,
  headers: Record<string, string>,
  { clock, caCerts }: Network,
): Promise<Outcome> {
  const closed = Promise.withResolvers<void>();
  const handlers = { onMessage: () => {}, onClose: () => closed.resolve() };
  try {
    const options = { headers, handlers, clock, timeoutMs: TIMEOUT_MS, caCerts: [...caCerts] };
    const socket = await dial(url, options);
    socket.close();
    await closed.promise;
    return 101;
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    return error.status ?? error.message;
  }
}
