import { assert } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import type { MediaSocketHandlers, OpenSocket } from "../../../src/simulator/twilio/stream_runner.js";
import { FakeClock } from "../../support/fake_clock.ts";
import { settle } from "../../support/wait_until.ts";

type Message = Record<string, unknown> & { event: string };

/** The service's end of a media stream. */
export class ServiceSocket {
  readonly messages: Message[] = [];
  readonly handlers: MediaSocketHandlers;
  /** The close code of the phone. */
  closedWith: number | undefined;

  constructor(handlers: MediaSocketHandlers) {
    this.handlers = handlers;
  }

  get streamSid(): string {
    return String(this.of("start")[0]?.streamSid);
  }

  of(event: string): Message[] {
    return this.messages.filter((message) => message.event === event);
  }

  get marks(): unknown[] {
    return this.of("mark").map(({ mark }) => mark);
  }

  send(event: string, body: Record<string, unknown> = {}): void {
    this.handlers.onMessage(JSON.stringify({ event, streamSid: this.streamSid, ...body }));
  }

  speak(ms: number): void {
    this.send("media", { media: { payload: encodeBase64(new Uint8Array(8 * ms).fill(0x20)) } });
  }
}

/** A service in memory, on a fake clock. Paths without a document respond 204. */
export class FakeService {
  readonly baseUrl = "https://parley.example";
  readonly clock = new FakeClock();
  readonly requests: { path: string; method: string; form: Record<string, string> }[] = [];
  readonly sockets: ServiceSocket[] = [];
  readonly #documents: Record<string, string>;

  /** @param documents TwiML verbs by path. */
  constructor(documents: Record<string, string>) {
    this.#documents = documents;
  }

  readonly fetch: typeof fetch = (input, init) => {
    const url = new URL(String(input));
    const form = Object.fromEntries(new URLSearchParams(String(init?.body ?? url.search)));
    this.requests.push({ path: url.pathname, method: init?.method ?? "GET", form });
    const verbs = this.#documents[url.pathname];
    const headers = { "content-type": "text/xml; charset=utf-8" };
    return Promise.resolve(
      verbs === undefined
        ? new Response(null, { status: 204 })
        : new Response(`<Response>${verbs}</Response>`, { headers }),
    );
  };

  readonly openSocket: OpenSocket = (_url, _headers, handlers) => {
    const socket = new ServiceSocket(handlers);
    this.sockets.push(socket);
    return Promise.resolve({
      send: (message) => void socket.messages.push(JSON.parse(message)),
      close(code) {
        socket.closedWith = code;
        queueMicrotask(() => handlers.onClose(code ?? 1005, ""));
      },
    });
  };

  /** Moves time by `ms`, in steps of 20 ms between which promises settle. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 20) {
      await settle();
      this.clock.advance(Math.min(20, left));
    }
    await settle();
  }

  /** Returns the latest stream after 100 ms. */
  async stream(): Promise<ServiceSocket> {
    await this.pass(100);
    const socket = this.sockets.at(-1);
    assert(socket, "no stream was opened");
    return socket;
  }

  forms(path: string): Record<string, string>[] {
    return this.requests.filter((request) => request.path === path).map(({ form }) => form);
  }

  get paths(): string[] {
    return this.requests.map(({ path }) => path);
  }
}
