import type { ApprovalRequest, McpCall, McpCallResult } from "../model_interface.ts";

/** The fields of an `mcp_call` item that Parley reads. */
export interface McpCallItem {
  readonly itemId: string;
  readonly server: string;
  readonly name: string;
  /** The approval request this call belongs to, if any. */
  readonly approvalId: string | undefined;
  /** Undefined until the server has run the tool. */
  readonly result: McpCallResult | undefined;
}

/** Receives each call of a session: one start and one end. */
export interface McpCallObserver {
  mcpCallStarted(call: McpCall): void;
  mcpCallEnded(call: McpCall, result: McpCallResult): void;
}

interface RunningCall extends McpCall {
  /** JSON text received so far; an approval request repeats it. */
  readonly arguments: string;
  /** Whether the server reported that the tool runs. */
  began: boolean;
}

/**
 * Follows the MCP calls of one session, which the vendor's server runs.
 *
 * A call is announced by its complete arguments, in its response. The tool may end before or after that response. If the
 * call needs approval, a request with the same arguments follows the announcement, and the call waits. Every end is
 * reported twice, by `response.mcp_call.completed` or `failed` and by the item with its output.
 *
 * Sources: openai 7.55.0 `ResponseMcpCall*`; @openai/agents-realtime 0.20.0 `openaiRealtimeBase.mjs`; openai-ruby
 * `examples/realtime/mcp_approval.rb`.
 */
export class McpCalls {
  readonly #observer: McpCallObserver;
  readonly #names = new Map<string, Pick<McpCall, "server" | "name">>();
  readonly #running = new Map<string, RunningCall>();
  readonly #ended = new Set<string>();
  readonly #requests = new Map<string, ApprovalRequest>();
  /** Calls by approval and by item: the item, or the approval itself if the item was not announced. */
  readonly #callOf = new Map<string, string>();
  /** Approvals sent whose item is not known, oldest first. */
  readonly #withoutItem = new Set<string>();

  constructor(observer: McpCallObserver) {
    this.#observer = observer;
  }

  /** The arguments of a call are complete. The server runs the tool next, or requests approval. */
  callAnnounced(itemId: string, args: string, inResponse: boolean): void {
    this.#start(itemId, args, inResponse);
  }

  /** The tool runs. */
  callBegan(itemId: string, inResponse: boolean): void {
    const id = this.#idOf(itemId);
    this.#start(id, "", inResponse);
    const call = this.#running.get(id);
    if (call) call.began = true;
  }

  itemReceived({ itemId, server, name, approvalId, result }: McpCallItem): void {
    this.#names.set(itemId, { server, name });
    if (approvalId !== undefined) this.#alias(approvalId, itemId);
    if (result) this.callEnded(itemId, result);
  }

  callEnded(itemId: string, result: McpCallResult): void {
    const id = this.#idOf(itemId);
    this.#start(id, "", false);
    this.#end(id, result);
  }

  /** A call waits for approval. */
  approvalRequested(request: ApprovalRequest): void {
    this.#requests.set(request.id, request);
    const call = [...this.#running.values()].find((other) =>
      !other.began && other.arguments === request.arguments
    );
    if (!call) return;
    this.#callOf.set(request.id, call.id);
    this.#end(call.id, "none");
    this.#ended.delete(call.id);
  }

  approvalSent(requestId: string, approved: boolean): void {
    const request = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    const id = this.#callOf.get(requestId) ?? requestId;
    this.#callOf.set(requestId, id);
    if (id === requestId) this.#withoutItem.add(id);
    if (!approved) return void this.#ended.add(id);
    if (request) this.#names.set(id, { server: request.server, name: request.name });
    this.#start(id, "", false);
  }

  /** A response ended early: calls it announced will not run. */
  responseIncomplete(): void {
    for (const { id, began, inResponse } of [...this.#running.values()]) {
      if (!began && inResponse) this.#end(id, "none");
    }
  }

  #start(id: string, args: string, inResponse: boolean): void {
    if (this.#running.has(id) || this.#ended.has(id)) return;
    const { server = "", name = "" } = this.#names.get(id) ?? {};
    const call = { id, server, name, arguments: args, inResponse, began: false };
    this.#running.set(id, call);
    this.#observer.mcpCallStarted(call);
  }

  #end(id: string, result: McpCallResult): void {
    const call = this.#running.get(id);
    if (!call) return;
    this.#running.delete(id);
    this.#ended.add(id);
    // The names may have come with the item, after the start.
    this.#observer.mcpCallEnded({ ...call, ...this.#names.get(id) }, result);
  }

  /** Learns the item of an approved or refused call whose arguments were not announced. */
  #alias(approvalId: string, itemId: string): void {
    const id = this.#callOf.get(approvalId);
    if (id === undefined || id === itemId) return;
    this.#callOf.set(itemId, id);
    this.#withoutItem.delete(id);
  }

  #idOf(itemId: string): string {
    const callId = this.#callOf.get(itemId);
    if (callId !== undefined) return callId;
    if (this.#running.has(itemId) || this.#ended.has(itemId)) return itemId;
    // Events do not name the approval: they belong to the oldest one whose item is not known.
    const [id] = this.#withoutItem;
    if (id === undefined) return itemId;
    this.#withoutItem.delete(id);
    this.#callOf.set(itemId, id);
    return id;
  }
}
