/**
 * Tools of remote servers, which the vendor of the model uses by itself.
 * Source: https://platform.openai.com/docs/guides/realtime-mcp
 */

/** Who lets a tool be used: nobody has to, the caller by a key, or nobody may. */
export type Approval = "never" | "keypad" | "deny";

/** A remote server as it is configured. */
export interface McpServerOptions {
  readonly label: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Names of the tools that may be used, and no others. */
  readonly allowedTools: readonly string[];
  readonly approval: Approval;
}

/** A remote server as the model's session is told of it. */
export interface HandedServer {
  readonly label: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly allowedTools: readonly string[];
  /** Whether its tools may be used without asking. */
  readonly unasked: boolean;
}

/** What the model's session is told of the servers. Without an allowed tool a server is not handed on: it would get all. */
export function handedServers(servers: readonly McpServerOptions[]): HandedServer[] {
  return servers.filter(({ allowedTools }) => allowedTools.length > 0).map(({ approval, ...server }) => ({
    ...server,
    unasked: approval === "never",
  }));
}

/**
 * What to do when the vendor asks whether a tool may be used. It asks for what is not free only; whatever else it asks for
 * was not meant to be used.
 */
export function onApprovalRequest(
  servers: readonly McpServerOptions[],
  { server, name }: { readonly server: string; readonly name: string },
): "ask the caller" | "deny" {
  const asked = servers.find(({ label }) => label === server);
  return asked?.approval === "keypad" && asked.allowedTools.includes(name) ? "ask the caller" : "deny";
}
