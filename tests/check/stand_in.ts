import { type Clock, systemClock } from "../../src/clock.ts";
import { SignatureCheck } from "../../src/twilio/signature.ts";
import type { Network } from "../../src/check/network.ts";

export const TOKEN = "the-auth-token";
export const CERT = read("../model/fixtures/test_only_cert.pem");
export const KEY = read("../model/fixtures/test_only_key.pem");
/** For phone.example.com, with KEY; behind it the certificate that issued it. */
export const CHAIN = read("fixtures/test_only_chain.pem");

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, import.meta.url));
}

export const network: Network = { clock: systemClock, caCerts: [] };

/** Trusts the certificate of the tests. */
export class TrustingNetwork implements Network, Disposable {
  readonly caCerts = [CERT];
  readonly client = Deno.createHttpClient({ caCerts: this.caCerts });

  constructor(readonly clock: Clock = systemClock) {}

  [Symbol.dispose](): void {
    this.client.close();
  }
}

/** A port nothing listens on. */
export function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

export interface StandInOptions {
  readonly port?: number;
  readonly instance?: string;
  readonly tls?: boolean;
  /** Answers instead of the service; undefined lets it answer. */
  readonly instead?: (request: Request) => Response | undefined;
  /** What it was started with; null: signatures are not checked. */
  readonly authToken?: string | null;
}

/** What the check asks of a service, and what may be in its place. */
export class StandIn implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets = new Set<WebSocket>();
  readonly url: string;

  constructor(options: StandInOptions = {}) {
    const { port = 0, instance = "one", tls = false, instead, authToken = TOKEN } = options;
    const keys = tls ? { cert: CERT, key: KEY } : {};
    this.#server = Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {}, ...keys }, (request) => {
      this.requests.push(`${request.method} ${new URL(request.url).pathname}`);
      return instead?.(request) ?? this.#answer(request, instance, authToken);
    });
    this.url = `${tls ? "https://localhost" : "http://127.0.0.1"}:${this.#server.addr.port}`;
  }

  async #answer(request: Request, instance: string, authToken: string | null): Promise<Response> {
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

  /** Media streams that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
