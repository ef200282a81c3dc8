import type { SessionFailure, SessionOptions } from "../model_interface.ts";
import { ConnectError, connectWebSocket, type WebSocketClient } from "../web_socket/web_socket.ts";

/** Maximum size of an event (bytes). One delta with a minute of audio is 640 kB. */
const MAX_EVENT_BYTES = 4_194_304;

/** Connects to the Realtime API. @throws see {@linkcode connectFailure}. */
export function connectToModel(
  { url, model, apiKey, safetyIdentifier }: SessionOptions,
  options: Omit<Parameters<typeof connectWebSocket>[1], "headers" | "maxMessageBytes">,
): Promise<WebSocketClient> {
  const address = new URL(url);
  address.searchParams.set("model", model);
  const headers = {
    ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}),
    ...(safetyIdentifier ? { "OpenAI-Safety-Identifier": safetyIdentifier } : {}),
  };
  return connectWebSocket(address.href, { ...options, headers, maxMessageBytes: MAX_EVENT_BYTES });
}

/** Describes an error of {@linkcode connectToModel}. */
export function connectFailure(error: unknown): SessionFailure {
  if (!(error instanceof ConnectError)) {
    return { code: "connect", message: `Cannot reach the model: ${error}` };
  }
  const { status, message } = error;
  return { code: status === 401 || status === 403 ? "unauthorized" : "connect", message };
}
