import type { ListenPorts } from "./listen_ports.ts";
import type { ServiceConfig } from "./service_config.ts";

/**
 * The permissions of the service worker. Deno denies everything else, even if a caller or a model makes the
 * worker try it.
 */
export interface Permissions {
  /** Hosts to listen on and connect to, with their port where it is known. */
  readonly net: readonly string[];
  /**
   * Files and folders, absolute or relative to the working directory. Deno compares paths as given: it does
   * not resolve symlinks.
   */
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/**
 * Only the permissions that the service needs with this configuration.
 *
 * @param modelUrl Realtime URL of the stand-in model; undefined: `OPENAI_REALTIME_URL`.
 * @param ports Ports to listen on.
 */
export function permissionsFor(
  config: ServiceConfig,
  modelUrl: string | undefined,
  { port, backendPorts }: ListenPorts = { port: config.PORT, backendPorts: [] },
): Permissions {
  const { HOST, TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE, DATA_DIR } = config;
  const certificate = [TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE].filter((path) => path !== undefined);
  const host = HOST.includes(":") ? `[${HOST}]` : HOST;
  return {
    net: [
      port === 0 ? host : `${host}:${port}`,
      hostAndPort(modelUrl ?? config.OPENAI_REALTIME_URL),
      ...(config.MODEL_FALLBACKS ?? []).map(({ url }) => hostAndPort(url)),
      hostAndPort(config.TWILIO_API_URL),
      ...webhookUrls(config.assistants).map(hostAndPort),
      // TlsFront forwards to a server on loopback.
      ...backendPorts.map((backendPort) => `127.0.0.1:${backendPort}`),
    ],
    read: [...certificate, DATA_DIR],
    write: [DATA_DIR],
  };
}

/** URLs of tools and webhooks. MCP servers are not included: the model's provider connects to them. */
function webhookUrls({ tools, assistants, afterCall }: ServiceConfig["assistants"]): string[] {
  const webhooks = [afterCall, ...assistants.map(({ variables }) => variables)].filter((webhook) =>
    webhook !== undefined
  );
  return [...tools, ...webhooks].map(({ url }) => url);
}

function hostAndPort(address: string): string {
  const { host, port, protocol } = new URL(address);
  return port ? host : `${host}:${protocol === "https:" || protocol === "wss:" ? 443 : 80}`;
}
