/** A server on loopback for a simulated caller. The test provides the TwiML and drives the media stream. */

import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { encodeMulaw } from "../../../src/audio/g711.js";
import { audibleSpan } from "../../../src/simulator/caller/speech_tracker.ts";
import { upgradeWebSocket } from "../../../src/upgrade_web_socket.ts";

export interface Webhook {
  path: string;
  form: Record<string, string>;
  signature: string | null;
}

/** The server's end of one media stream. */
export interface ServerStream {
  streamSid: string;
  /** Resolves with the next message of this event type. */
  next(event: string): Promise<Record<string, unknown>>;
  send(message: unknown): void;
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void;
  /** Sends a tone. */
  speak(ms: number): void;
  mark(name: string): void;
  clear(): void;
  close(code?: number): void;
  /** Resolves when the socket is closed. */
  closed: Promise<void>;
}

export interface CallServerOptions {
  /** Returns the response to a webhook; `host` is "127.0.0.1:PORT". */
  twiml(host: string, path: string): string | Response;
  onStream?(stream: ServerStream, messages: Record<string, unknown>[]): void | Promise<void>;
  /** Rejects the upgrade with this status. */
  refuse?: number;
}

export class CallServer implements AsyncDisposable {
  readonly webhooks: Webhook[] = [];
  readonly messages: Record<string, unknown>[] = [];
  readonly upgrades: Headers[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #streams: Promise<unknown>[] = [];

  constructor(options: CallServerOptions) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const url = new URL(request.url);
      if (request.headers.get("upgrade") === "websocket") {
        this.upgrades.push(new Headers(request.headers));
        if (options.refuse) return new Response(null, { status: options.refuse });
        const { socket, response } = upgradeWebSocket(request, { idleTimeout: 0 });
        const stream = serverStream(socket, this.messages);
        this.#streams.push(stream.then((stream) => options.onStream?.(stream, this.messages)));
        return response;
      }
      const form = Object.fromEntries(new URLSearchParams(await request.text()));
      this.webhooks.push({ path: url.pathname, form, signature: request.headers.get("x-twilio-signature") });
      const twiml = options.twiml(this.host, url.pathname);
      return twiml instanceof Response
        ? twiml
        : new Response(twiml, { headers: { "content-type": "text/xml" } });
    });
  }

  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async [Symbol.asyncDispose]() {
    await this.#server.shutdown();
    await Promise.all(this.#streams);
  }
}

/** Waits until the caller has spoken and been silent for `quietMs` of its audio. */
export async function callerSpoke(stream: ServerStream, quietMs = 100): Promise<void> {
  for (let spoke = false, quiet = 0; !spoke || quiet < quietMs;) {
    const { media } = await stream.next("media") as { media: { payload: string } };
    const silent = !audibleSpan(decodeBase64(media.payload));
    spoke ||= !silent;
    quiet = silent ? quiet + 20 : 0;
  }
}

/** A 440 Hz tone of constant loudness, in µ-law. */
export function tone(ms: number): Uint8Array {
  const samples = Int16Array.from(
    { length: ms * 8 },
    (_, i) => 8000 * Math.sin(2 * Math.PI * 440 * i / 8000 + 1),
  );
  return encodeMulaw(samples);
}

/** TwiML that connects a stream at `host`, with `callback` as its status callback. */
export function connectTwiml(host: string, callback?: string): string {
  const report = callback === undefined ? "" : ` statusCallback="${callback}"`;
  return `<Response><Connect><Stream url="ws://${host}/media-stream"${report}/></Connect></Response>`;
}

async function serverStream(socket: WebSocket, log: Record<string, unknown>[]): Promise<ServerStream> {
  const waiting: { event: string; resolve(message: Record<string, unknown>): void }[] = [];
  const unread: Record<string, unknown>[] = [];
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  socket.onclose = () => onClosed();
  socket.onmessage = ({ data }) => {
    const message: Record<string, unknown> = JSON.parse(data);
    log.push(message);
    const at = waiting.findIndex(({ event }) => event === message.event);
    if (at >= 0) waiting.splice(at, 1)[0]?.resolve(message);
    else unread.push(message);
  };
  const next = (event: string) => {
    const at = unread.findIndex((message) => message.event === event);
    const message = unread[at];
    if (message) {
      unread.splice(0, at + 1);
      return Promise.resolve(message);
    }
    return new Promise<Record<string, unknown>>((resolve) => waiting.push({ event, resolve }));
  };
  const streamSid = String((await next("start")).streamSid);
  const send = (message: unknown) => socket.send(JSON.stringify(message));
  return {
    streamSid,
    next,
    send,
    sendRaw: (data) => socket.send(data),
    speak: (ms) => send({ event: "media", streamSid, media: { payload: encodeBase64(tone(ms)) } }),
    mark: (name) => send({ event: "mark", streamSid, mark: { name } }),
    clear: () => send({ event: "clear", streamSid }),
    close: (code = 1000) => socket.close(code),
    closed,
  };
}
