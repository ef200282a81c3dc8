import type { Config } from "../config/config.ts";

/** What the service may touch. Anything else it is refused, whoever talks it into trying. */
export interface Permissions {
  /** Hosts, with their port where it is known: to listen on, and to connect to. */
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** The least the service needs with this configuration. `modelUrl` is the stand-in model's, where it answers. */
export function permissionsFor(config: Config, modelUrl: string | undefined): Permissions {
  const { HOST, PORT, TLS_CERT_FILE, TLS_KEY_FILE, DATA_DIR } = config;
  const certificate = [TLS_CERT_FILE, TLS_KEY_FILE].filter((path) => path !== undefined);
  const host = HOST.includes(":") ? `[${HOST}]` : HOST;
  return {
    net: [
      // Where the system chooses the port, it is not known yet.
      PORT === 0 ? host : `${host}:${PORT}`,
      hostOf(modelUrl ?? config.OPENAI_REALTIME_URL),
      hostOf(config.TWILIO_API_URL),
      ...addressesOf(config.assistants).map(hostOf),
      // Behind the port that speaks TLS is one on loopback: see tls_front.ts.
      ...(certificate.length > 0 ? ["127.0.0.1"] : []),
    ],
    read: [...certificate, DATA_DIR],
    write: [DATA_DIR],
  };
}

/** What assistants ask and tell. Their remote servers are the vendor's to reach. */
function addressesOf({ tools, assistants, afterCall }: Config["assistants"]): string[] {
  const webhooks = [afterCall, ...assistants.map(({ variables }) => variables)].filter((each) =>
    each !== undefined
  );
  return [...tools, ...webhooks].map(({ url }) => url);
}

function hostOf(address: string): string {
  const { host, port, protocol } = new URL(address);
  return port ? host : `${host}:${protocol === "https:" || protocol === "wss:" ? 443 : 80}`;
}
