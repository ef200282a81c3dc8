import { Calls } from "../call/calls.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import type { OpenSession } from "../model/session.ts";
import type { Log } from "../telemetry/log.ts";
import { createApp } from "./app.ts";

export interface ServerOptions {
  readonly config: Config;
  /** Opens sessions in the configured dialect. */
  readonly openSession: OpenSession;
  /** Realtime server to dial instead of the configured one: the stand-in model. */
  readonly modelUrl?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that answers calls. */
export interface Server {
  /** Address it listens on, such as `http://127.0.0.1:5050`. */
  readonly url: string;
  /** Ends the calls in progress and stops to listen. */
  stop(): Promise<void>;
}

/**
 * Starts the service.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken.
 */
export function startServer({ config, openSession, modelUrl, clock, log }: ServerOptions): Server {
  const calls = new Calls({
    session: {
      url: modelUrl ?? config.OPENAI_REALTIME_URL,
      apiKey: config.OPENAI_API_KEY,
      model: config.OPENAI_MODEL,
      voice: config.OPENAI_VOICE,
      audioFormat: config.AUDIO_FORMAT,
      instructions: config.SYSTEM_MESSAGE,
    },
    greeting: config.GREETING,
    openSession,
    clock,
    log,
  });
  const listener = Deno.serve({
    hostname: config.HOST,
    port: config.PORT,
    onListen: () => {},
    onError: (error) => {
      log.error("request failed", { error: String(error) });
      return new Response(null, { status: 500 });
    },
    // The port may have been chosen by the system, so the address of the streams is known only now.
  }, (request) => app(request));
  const { hostname, port } = listener.addr;
  const url = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const app = createApp({
    calls,
    clock,
    log,
    publicUrl: config.PUBLIC_URL ?? url.replace("//0.0.0.0:", "//localhost:"),
    authToken: config.TWILIO_AUTH_TOKEN,
    welcome: config.WELCOME_MESSAGE,
  });
  return {
    url,
    async stop() {
      calls.endAll("shutdown");
      await listener.shutdown();
    },
  };
}
