import { type Clock, systemClock } from "../../src/clock.ts";
import { SignatureCheck } from "../../src/twilio/signature.ts";
import type { Network } from "../../src/check/requests.ts";

export const TOKEN = "0123456789abcdef0123456789abcdef";
export const CERT = read("../model/fixtures/test_only_cert.pem");
export const KEY = read("../model/fixtures/test_only_key.pem");
/** Certificate for phone.example.com with KEY, followed by its issuer's certificate. */
export const CHAIN = read("fixtures/test_only_chain.pem");

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, import.meta.url));
}

export const network: Network = { clock: systemClock, caCerts: [] };

/** Trusts the tests' own certificate. */
export class TrustingNetwork implements Network, Disposable {
  readonly caCerts = [CERT];
  readonly client = Deno.createHttpClient({ caCerts: this.caCerts });

  constructor(readonly clock: Clock = systemClock) {}

  [Symbol.dispose](): void {
    this.client.close();
  }
}

export interface StubServiceOptions {
  readonly port?: number;
  readonly instance?: string;
  readonly tls?: boolean;
  /** Overrides responses; undefined: the stub's own response. */
  readonly respond?: (request: Request) => Response | undefined;
  /** Auth token of the service; null: signatures are not checked. */
  readonly authToken?: string | null;
}

/** The endpoints of the service that the checks request. */
export class StubService implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets = new Set<WebSocket>();
  readonly url: string;

  constructor(options: StubServiceOptions = {}) {
    const { port = 0, instance = "one", tls = false, respond, authToken = TOKEN } = options;
    const keys = tls ? { cert: CERT, key: KEY } : {};
    this.#server = Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {}, ...keys }, (request) => {
      this.requests.push(`${request.method} ${new URL(request.url).pathname}`);
      return respond?.(request) ?? this.#respond(request, instance, authToken);
    });
    this.url = `${tls ? "https://localhost" : "http://127.0.0.1"}:${this.#server.addr.port}`;
  }

  async #respond(request: Request, instance: string, authToken: string | null): Promise<Response> {
    const { pathname } = new URL(request.url);
    const check = authToken === null ? undefined : new SignatureCheck(authToken, this.url);
    const signature = request.headers.get("x-twilio-signature") ?? "";
    if (pathname === "/healthz") {
      return new Response("ok", { headers: { "x-parley-instance": instance } });
    }
    if (pathname === "/call-status" && request.method === "POST") {
      const parameters = new URLSearchParams(await request.text());
      const granted = check?.webhook({ signature, path: pathname, parameters }) ?? true;
      return new Response(null, { status: granted ? 204 : 403 });
    }
    if (pathname === "/media-stream") {
      if (check && !check.handshake({ signature, path: pathname })) {
        return new Response(null, { status: 403 });
      }
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#sockets.add(socket);
      socket.onclose = () => this.#sockets.delete(socket);
      return response;
    }
    return new Response(null, { status: 404 });
  }

  /** Number of open media streams. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
