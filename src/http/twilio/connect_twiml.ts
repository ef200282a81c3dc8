import { streamParameters } from "../../twilio/stream_parameters.ts";
import { connectStream, hangup, pause, type TwimlElement } from "../../twilio/twiml.ts";
import type { IncomingCall } from "../../twilio/voice_webhook.ts";

export interface StreamToConnect {
  readonly incoming: IncomingCall;
  /** Undefined without a CallSid: then no stream is accepted. */
  readonly token: string | undefined;
  /** Wait before the stream (s). */
  readonly pauseSeconds?: number;
}

/** Connects a call to a media stream. */
export function connectTwiml(
  { incoming, token, pauseSeconds = 0 }: StreamToConnect,
  publicUrl: string,
): TwimlElement[] {
  const stream = connectStream({
    url: `${publicUrl.replace(/^http/, "ws")}/media-stream`,
    action: `${publicUrl}/after-stream`,
    statusCallback: `${publicUrl}/stream-status`,
    parameters: streamParameters(incoming, token),
  });
  return [...(pauseSeconds > 0 ? [pause(pauseSeconds)] : []), stream, hangup];
}
