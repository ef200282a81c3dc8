import { STATUS_CODE } from "@std/http/status";
import { type Clock, systemClock } from "../../clock.ts";
import { echo } from "./echo.ts";
import type { Mind } from "./plan.ts";
import { ModelSession } from "./session.ts";
import { errorEvent, ModelFault, type WatchedEvent } from "./wire.ts";

/** A stand-in for the OpenAI Realtime API that is listening. */
export interface RehearsalModel {
  /** Where to connect, without the `model` parameter: `ws://127.0.0.1:PORT/v1/realtime`. */
  readonly url: string;
  /** Ends every session with close code 1001, stops listening and resolves when both are done. */
  close(): Promise<void>;
}

/** How a stand-in is started; everything may be left out. */
export interface RehearsalModelOptions {
  /** `127.0.0.1` unless given. */
  readonly hostname?: string;
  /** Any free port unless given. */
  readonly port?: number;
  readonly clock?: Clock;
  /** What the model says; a greeting and then an echo unless given. */
  readonly mind?: Mind;
  /** Sees every event of every session. */
  readonly onEvent?: (direction: "in" | "out", event: WatchedEvent) => void;
}

const PATH = "/v1/realtime";
// Deno pings at half of this: every 20 s, as the vendor's server was seen to.
const IDLE_TIMEOUT_SECONDS = 40;
// Deno before 2.9 waits for the peer to answer a close; a peer that does not is given up after this.
const CLOSE_MS = 1000;

/**
 * Starts a WebSocket server that speaks the GA dialect of the OpenAI Realtime API without an account or a model: unless
 * it is given a mind, it greets with a chime and says back what it hears.
 *
 * @example
 * ```ts
 * const model = startRehearsalModel();
 * const socket = new WebSocket(`${model.url}?model=gpt-realtime-2.1`);
 * ```
 */
export function startRehearsalModel(options: RehearsalModelOptions = {}): RehearsalModel {
  const { hostname = "127.0.0.1", port = 0, clock = systemClock, mind = echo, onEvent } = options;
  const connections = new Set<{ hangUp: (code: number, reason: string) => void; closed: Promise<void> }>();
  let sessions = 0;

  function connect(request: Request): Response {
    const refusal = refusalOf(request);
    const asked = request.headers.get("sec-websocket-protocol") ?? "";
    const { socket, response } = Deno.upgradeWebSocket(request, {
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      ...(protocolsOf(asked).includes("realtime") && { protocol: "realtime" }),
    });
    const send = (event: WatchedEvent) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      onEvent?.("out", event);
      socket.send(JSON.stringify(event));
    };
    const session = new ModelSession(`s${++sessions}`, modelOf(request) ?? "", {
      clock,
      mind,
      wallClock: Date.now,
      send,
      close: (code, reason) => hangUp(code, reason),
      watch: (event) => onEvent?.("in", event),
    });
    const hangUp = (code: number, reason: string) => {
      session.end();
      socket.close(code, reason);
    };
    const closed = Promise.withResolvers<void>();
    const connection = { hangUp, closed: closed.promise };
    connections.add(connection);
    socket.addEventListener("open", () => {
      if (!refusal) return session.open();
      // The vendor's server accepts the connection, says what is wrong, and only then hangs up.
      const event = errorEvent(refusal.fault);
      send({ event_id: `event_s${sessions}_0`, ...event });
      hangUp(refusal.closeCode, `${event.error.type}.${event.error.code}`);
    });
    socket.addEventListener("message", ({ data }) => {
      if (!refusal && socket.readyState === WebSocket.OPEN) session.receive(data);
    });
    // Deno closes twice when a ping goes unanswered; ending twice does no harm.
    socket.addEventListener("close", () => {
      session.end();
      connections.delete(connection);
      closed.resolve();
    });
    return response;
  }

  const server = Deno.serve({ hostname, port, onListen: () => {} }, (request) => {
    if (new URL(request.url).pathname !== PATH) {
      return new Response(`Connect a WebSocket to ${PATH}\n`, { status: STATUS_CODE.NotFound });
    }
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      const headers = { upgrade: "websocket", connection: "upgrade" };
      return new Response("This is a WebSocket\n", { status: STATUS_CODE.UpgradeRequired, headers });
    }
    return connect(request);
  });

  return {
    url: `ws://${hostname}:${server.addr.port}${PATH}`,
    async close() {
      const stopped = server.shutdown();
      for (const { hangUp } of connections) hangUp(1001, "The rehearsal model is shutting down.");
      const gone = Promise.withResolvers<void>();
      const giveUp = clock.after(CLOSE_MS, gone.resolve);
      await Promise.race([Promise.all([...connections].map(({ closed }) => closed)), gone.promise]);
      giveUp();
      await stopped;
    },
  };
}

/** Why the vendor's server would not speak to this client, if it would not. */
function refusalOf(request: Request): { fault: ModelFault; closeCode: number } | undefined {
  if (request.headers.get("openai-beta")?.includes("realtime=v1")) {
    const message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
    return { fault: new ModelFault("beta_api_shape_disabled", message), closeCode: 4000 };
  }
  if (!modelOf(request)) {
    const message = "You must provide a model parameter.";
    return { fault: new ModelFault("missing_model", message), closeCode: 4000 };
  }
  // The one key that is wrong, so that a wrong key can be rehearsed.
  if (keyOf(request) === "sk-invalid") {
    return {
      fault: new ModelFault("invalid_api_key", "Incorrect API key provided: sk-invalid."),
      closeCode: 3000,
    };
  }
  return undefined;
}

function modelOf(request: Request): string | null {
  return new URL(request.url).searchParams.get("model");
}

/** The key, from the header or, where a client could not set one, from the subprotocols. */
function keyOf(request: Request): string | undefined {
  const bearer = request.headers.get("authorization")?.match(/^Bearer +(\S+)$/i)?.[1];
  const protocols = protocolsOf(request.headers.get("sec-websocket-protocol") ?? "");
  const prefix = "openai-insecure-api-key.";
  return bearer ?? protocols.find((name) => name.startsWith(prefix))?.slice(prefix.length);
}

function protocolsOf(header: string): string[] {
  return header.split(",").map((name) => name.trim());
}
