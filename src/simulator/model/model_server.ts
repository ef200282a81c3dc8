import { STATUS_CODE } from "@std/http/status";
import { type Clock, systemClock } from "../../clock.ts";
import { echoModel } from "./echo_model.ts";
import type { ModelBehavior } from "./model_behavior.ts";
import { SimulatedSession } from "./simulated_session.ts";
import { ClientEventError, errorEvent, type WireEvent } from "./server_events.ts";
import { upgradeWebSocket } from "../../upgrade_web_socket.ts";

/** A running simulated OpenAI Realtime API. */
export interface SimulatedModel {
  /** `ws://127.0.0.1:PORT/v1/realtime`; add the `model` parameter to connect. */
  readonly url: string;
  /** Closes every session with code 1001 and stops listening. */
  close(): Promise<void>;
}

export interface SimulatedModelOptions {
  readonly clock?: Clock;
  /** Default: {@linkcode echoModel}. */
  readonly behavior?: ModelBehavior;
  /** Called with every event of every session. */
  readonly onEvent?: (direction: "in" | "out", event: WireEvent) => void;
}

const HOSTNAME = "127.0.0.1";
const PATH = "/v1/realtime";
// Deno pings at half of this time: every 20 s, like the vendor's server.
const IDLE_TIMEOUT_SECONDS = 40;
// Timeout of a close: Deno before 2.9 waits for the peer's close frame.
const CLOSE_MS = 1000;

/**
 * Starts a WebSocket server that speaks the GA dialect of the OpenAI Realtime API, without an account or a
 * model. By default it greets with a chime and repeats the caller's speech.
 *
 * @example
 * ```ts
 * const model = startSimulatedModel();
 * const socket = new WebSocket(`${model.url}?model=gpt-realtime-2.1`);
 * ```
 */
export function startSimulatedModel(options: SimulatedModelOptions = {}): SimulatedModel {
  const { clock = systemClock, behavior = echoModel, onEvent } = options;
  const connections = new Set<{ hangUp: (code: number, reason: string) => void; closed: Promise<void> }>();
  let sessions = 0;

  function connect(request: Request): Response {
    const rejection = rejectionOf(request);
    const protocolHeader = request.headers.get("sec-websocket-protocol") ?? "";
    const { socket, response } = upgradeWebSocket(request, {
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      ...(protocolsOf(protocolHeader).includes("realtime") && { protocol: "realtime" }),
    });
    let hungUp = false;
    const send = (event: WireEvent) => {
      if (hungUp || socket.readyState !== WebSocket.OPEN) return;
      onEvent?.("out", event);
      socket.send(JSON.stringify(event));
    };
    const session = new SimulatedSession(`s${++sessions}`, modelOf(request) ?? "", {
      clock,
      behavior,
      send,
      close: (code, reason) => hangUp(code, reason),
      onEvent: (event) => onEvent?.("in", event),
    });
    const hangUp = (code: number, reason: string) => {
      hungUp = true;
      session.end();
      socket.close(code, reason);
    };
    const closed = Promise.withResolvers<void>();
    const connection = { hangUp, closed: closed.promise };
    connections.add(connection);
    socket.addEventListener("open", () => {
      if (!rejection) return session.open();
      // The vendor's server accepts the connection, sends an error and only then closes.
      const event = errorEvent(rejection.fault);
      send({ event_id: `event_s${sessions}_0`, ...event });
      hangUp(rejection.closeCode, `${event.error.type}.${event.error.code}`);
    });
    socket.addEventListener("message", ({ data }) => {
      if (!hungUp) session.receive(data);
    });
    // Deno reports the close twice when a ping goes unanswered.
    socket.addEventListener("close", () => {
      session.end();
      connections.delete(connection);
      closed.resolve();
    });
    return response;
  }

  const server = Deno.serve({ hostname: HOSTNAME, port: 0, onListen: () => {} }, (request) => {
    if (new URL(request.url).pathname !== PATH) {
      return new Response(`Connect a WebSocket to ${PATH}\n`, { status: STATUS_CODE.NotFound });
    }
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      const headers = { upgrade: "websocket", connection: "upgrade" };
      return new Response("Connect with a WebSocket\n", { status: STATUS_CODE.UpgradeRequired, headers });
    }
    return connect(request);
  });

  return {
    url: `ws://${HOSTNAME}:${server.addr.port}${PATH}`,
    async close() {
      const stopped = server.shutdown();
      for (const { hangUp } of connections) hangUp(1001, "The simulated model is shutting down.");
      const allClosed = Promise.withResolvers<void>();
      const cancelTimeout = clock.after(CLOSE_MS, allClosed.resolve);
      await Promise.race([Promise.all([...connections].map(({ closed }) => closed)), allClosed.promise]);
      cancelTimeout();
      await stopped;
    },
  };
}

/** Why the vendor's server would reject this client; undefined if it would accept it. */
function rejectionOf(request: Request): { fault: ClientEventError; closeCode: number } | undefined {
  if (request.headers.get("openai-beta")?.includes("realtime=v1")) {
    const message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
    return { fault: new ClientEventError("beta_api_shape_disabled", message), closeCode: 4000 };
  }
  if (!modelOf(request)) {
    const message = "You must provide a model parameter.";
    return { fault: new ClientEventError("missing_model", message), closeCode: 4000 };
  }
  // For tests. Every other key is accepted.
  if (keyOf(request) !== "sk-invalid") return undefined;
  const message = "Incorrect API key provided: sk-invalid.";
  return { fault: new ClientEventError("invalid_api_key", message), closeCode: 3000 };
}

function modelOf(request: Request): string | null {
  return new URL(request.url).searchParams.get("model");
}

/** The API key from the header, or from the subprotocols for clients that cannot set headers. */
function keyOf(request: Request): string | undefined {
  const bearer = request.headers.get("authorization")?.match(/^Bearer +(\S+)$/i)?.[1];
  const protocols = protocolsOf(request.headers.get("sec-websocket-protocol") ?? "");
  const prefix = "openai-insecure-api-key.";
  return bearer ?? protocols.find((name) => name.startsWith(prefix))?.slice(prefix.length);
}

function protocolsOf(header: string): string[] {
  return header.split(",").map((name) => name.trim());
}
