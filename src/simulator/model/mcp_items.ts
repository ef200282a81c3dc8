import { mcpCall } from "./mcp_tools.ts";
import type { ApprovalRequest, McpToolCall } from "./model_behavior.ts";
import { type EndStatus, type ItemContext, OutputItem } from "./output_items.ts";
import type { WireItem } from "./server_events.ts";

/** A call of a remote server's tool. The tool runs when the item has ended, and may outlast the response. */
export class McpCallItem extends OutputItem {
  readonly text: string;
  readonly #call: McpToolCall;
  #sent = "";

  constructor(call: McpToolCall, context: ItemContext) {
    super(mcpCall(context.itemId, call, ""), context.itemId, context);
    this.#call = call;
    this.text = call.name + call.arguments;
    this.schedule(0, () => {
      this.#sent = call.arguments;
      sendMcpArguments(call.arguments, context.itemId, context);
      context.onFinished();
    });
  }

  override end(status: EndStatus): void {
    if (status === "incomplete") return super.end(status);
    const { itemId, outputIndex, mcpTools } = this.context;
    this.finish(status);
    this.sendDone();
    mcpTools.run({ itemId, outputIndex, tool: this.#call });
  }

  protected complete(): WireItem {
    return mcpCall(this.context.itemId, this.#call, this.#sent);
  }
}

/** A request to approve a tool of a remote server. It is complete at once. */
export class ApprovalItem extends OutputItem {
  readonly text: string;

  constructor(request: ApprovalRequest, context: ItemContext) {
    const { id, server, name, arguments: text } = request;
    const { mcpTools, newItemId, outputIndex } = context;
    const itemId = newItemId();
    sendMcpArguments(text, itemId, context);
    super({ id, type: "mcp_approval_request", server_label: server, name, arguments: text }, id, context);
    this.text = name + text;
    mcpTools.awaitApproval(id, { itemId, outputIndex, tool: request });
    this.schedule(0, context.onFinished);
  }

  protected complete(): WireItem {
    return this.stored.wire;
  }
}

function sendMcpArguments(
  text: string,
  itemId: string,
  { responseId, outputIndex, send }: ItemContext,
): void {
  const at = { response_id: responseId, item_id: itemId, output_index: outputIndex };
  // The vendor's agents client requires the padding that its types make optional.
  send({ type: "response.mcp_call_arguments.delta", ...at, delta: text, obfuscation: "" });
  send({ type: "response.mcp_call_arguments.done", ...at, arguments: text });
}
