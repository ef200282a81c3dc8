import { type JsonObject, parseObject } from "../../src/json.ts";
import { ChangeSignal } from "./wait_until.ts";

/** A received request; `body` is undefined when it is not a JSON object. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: Headers;
  readonly body: JsonObject | undefined;
}

/** An HTTP server of the operator's: webhooks and HTTP tools. Records requests and responds as a test says. */
export class WebhookReceiver implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  respond: () => Response | Promise<Response>;
  readonly #bell = new ChangeSignal();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers([...request.headers]);
    this.requests.push({ path: pathname + search, headers, body: parseObject(await request.text()) });
    this.#bell.notify();
    return await this.respond();
  });

  constructor(respond: () => Response | Promise<Response> = () => new Response()) {
    this.respond = respond;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Waits for `count` requests in total; returns the last of them. */
  async request(count = 1): Promise<ReceivedRequest> {
    return await this.#bell.until(`${count} requests`, () => this.requests[count - 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
