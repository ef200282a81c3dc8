import type { ServiceConfig } from "./service_config.ts";

/** Certificates in use at the same time: the present one, and former ones with calls in progress. */
const BACKENDS = 4;

/**
 * The ports that the service worker listens on. They are chosen before it starts, because Deno can grant a
 * single port only by its number; otherwise it grants all ports of the host.
 */
export interface ListenPorts {
  /** `PORT`, or a free port for `PORT=0`; 0 when `HOST` cannot be used. */
  readonly port: number;
  /** Ports of 127.0.0.1 for the servers behind `TlsFront`; empty without TLS. */
  readonly backendPorts: readonly number[];
}

/** Chooses the ports. Nothing keeps them free until the thread listens, as with any fixed port. */
export function chooseListenPorts(
  { HOST, PORT, TLS_CERT_FILE }: Pick<ServiceConfig, "HOST" | "PORT" | "TLS_CERT_FILE">,
): ListenPorts {
  return {
    port: PORT === 0 ? freePorts(HOST, 1)[0] ?? 0 : PORT,
    backendPorts: TLS_CERT_FILE === undefined ? [] : freePorts("127.0.0.1", BACKENDS),
  };
}

/** Different free ports of a host; empty when the host cannot be used. */
function freePorts(hostname: string, count: number): number[] {
  const listeners: Deno.TcpListener[] = [];
  try {
    while (listeners.length < count) listeners.push(Deno.listen({ hostname, port: 0 }));
    return listeners.map(({ addr }) => addr.port);
  } catch {
    return [];
  } finally {
    for (const listener of listeners) listener.close();
  }
}
