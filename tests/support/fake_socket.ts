/** A WebSocket without a network: a test injects frames and inspects those sent. */
export class FakeSocket extends EventTarget implements WebSocket {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly extensions = "";
  readonly protocol = "";
  readonly url = "";
  binaryType: BinaryType = "blob";
  bufferedAmount = 0;
  readyState: WebSocket["readyState"] = this.OPEN;
  onopen: ((event: Event) => unknown) | null = null;
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  onerror: ((event: Event) => unknown) | null = null;
  onclose: ((event: CloseEvent) => unknown) | null = null;
  /** Arguments of the first `close`. */
  closed: { code: number; reason: string } | undefined;
  readonly sent: string[] = [];

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    this.sent.push(String(data));
  }

  close(code = 1005, reason = ""): void {
    this.readyState = this.CLOSED;
    this.closed ??= { code, reason };
  }

  /** Receives a frame from the peer. */
  receive(frame: string | Uint8Array): void {
    this.onmessage?.(new MessageEvent("message", { data: frame }));
  }

  /** The peer closes the connection. */
  drop(): void {
    this.readyState = this.CLOSED;
    this.onclose?.(new CloseEvent("close"));
  }
}

/** Twilio's `start` message. */
export function startMessage(callSid: string, customParameters: Record<string, string> = {}): string {
  const mediaFormat = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 };
  const start = { accountSid: "AC1", streamSid: "MZ1", callSid, mediaFormat, customParameters };
  return JSON.stringify({ event: "start", streamSid: "MZ1", start });
}

/** Any other message of Twilio for the stream of {@linkcode startMessage}. */
export function message(event: string, body: unknown = {}): string {
  return JSON.stringify({ event, streamSid: "MZ1", [event]: body });
}
