import type { StoredItem } from "./conversation_items.ts";
import type { McpTool } from "./model_behavior.ts";
import type { WireItem } from "./server_events.ts";
import type { SessionConfig } from "./session_config.ts";
import type { SessionParts } from "./session_parts.ts";

/** A call whose arguments are complete. */
export interface McpRun {
  readonly itemId: string;
  readonly outputIndex: number;
  readonly tool: McpTool;
}

/**
 * The MCP servers of one session. None is contacted; the model's behavior defines the outputs.
 *
 * Sources: openai 7.55.0 `RealtimeMcpToolCall`, `RealtimeMcpListTools`; the order of events is the one that
 * @openai/agents-realtime 0.20.0 and openai-ruby `examples/realtime/mcp_approval.rb` expect.
 */
export class McpTools {
  readonly #session: SessionParts;
  readonly #servers = new Set<string>();
  readonly #awaitingApproval = new Map<string, McpRun>();

  constructor(session: SessionParts) {
    this.#session = session;
  }

  /** Lists the allowed tools of new servers. */
  configure(tools: SessionConfig["tools"]): void {
    const { conversation, send, newItemId, after } = this.#session;
    for (const tool of tools) {
      if (tool.type !== "mcp" || this.#servers.has(tool.server_label)) continue;
      this.#servers.add(tool.server_label);
      const { server_label, allowed_tools: allowedTools } = tool;
      const id = newItemId();
      const names = Array.isArray(allowedTools) ? allowedTools : [];
      const item: WireItem = { id, type: "mcp_list_tools", server_label, tools: [] };
      const stored: StoredItem = { id, wire: item, audioMs: 0 };
      send({ type: "conversation.item.added", previous_item_id: conversation.insert(stored), item });
      send({ type: "mcp_list_tools.in_progress", item_id: id });
      after(0, () => {
        // The vendor's agents client requires a description.
        const tools = names.map((name) => ({ name, description: "", input_schema: { type: "object" } }));
        stored.wire = { ...item, tools };
        send({ type: "mcp_list_tools.completed", item_id: id });
        this.#done(stored);
      });
    }
  }

  /** Runs a call whose item is in the conversation. */
  run({ itemId, outputIndex: output_index, tool }: McpRun): void {
    const { conversation, send, after } = this.#session;
    send({ type: "response.mcp_call.in_progress", item_id: itemId, output_index });
    after(tool.durationMs, () => {
      const stored = conversation.retrieve(itemId);
      const { error } = tool;
      if (stored.wire.type === "mcp_call") {
        stored.wire = error === undefined
          ? { ...stored.wire, output: tool.output }
          : { ...stored.wire, error: { type: "tool_execution_error", message: error } };
      }
      const type = error === undefined ? "response.mcp_call.completed" : "response.mcp_call.failed";
      send({ type, item_id: itemId, output_index });
      this.#done(stored);
    });
  }

  /** A call waits for an `mcp_approval_response`. */
  awaitApproval(requestId: string, run: McpRun): void {
    this.#awaitingApproval.set(requestId, run);
  }

  /** Runs an approved call. A denied one has no further event. */
  decide(requestId: string, approved: boolean): void {
    const run = this.#awaitingApproval.get(requestId);
    this.#awaitingApproval.delete(requestId);
    if (!run || !approved) return;
    const { conversation, send } = this.#session;
    const wire = mcpCall(run.itemId, run.tool, run.tool.arguments, requestId);
    const previous_item_id = conversation.insert({ id: run.itemId, wire, audioMs: 0 });
    send({ type: "conversation.item.added", previous_item_id, item: wire });
    this.run(run);
  }

  #done(stored: StoredItem): void {
    const { conversation, send } = this.#session;
    const previous_item_id = conversation.previousOf(stored);
    send({ type: "conversation.item.done", previous_item_id, item: stored.wire });
  }
}

/** The item of a call that has not run. */
export function mcpCall(
  id: string,
  { server, name }: McpTool,
  args: string,
  approvalId: string | null = null,
): WireItem {
  return {
    id,
    type: "mcp_call",
    server_label: server,
    name,
    arguments: args,
    approval_request_id: approvalId,
    output: null,
    error: null,
  };
}
