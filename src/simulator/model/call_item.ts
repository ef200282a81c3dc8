import type { Cancel } from "../../clock.ts";
import type { StoredItem } from "./conversation.ts";
import { announce, conclude, type ItemSurroundings, type OutputItem } from "./output_item.ts";
import type { ApprovalRequest, FunctionCall } from "./plan.ts";
import type { WireItem } from "./wire.ts";

const DELTAS = 4;

/** A function being called: its arguments come in pieces, and may be cut off in the middle. */
export class CallItem implements OutputItem {
  readonly stored: StoredItem;
  readonly #call: FunctionCall;
  readonly #around: ItemSurroundings;
  readonly #at: { response_id: string; item_id: string; output_index: number; call_id: string };
  #cancelDelta: Cancel = () => {};
  #sent = "";

  /** Begins at once; the arguments follow. */
  constructor(call: FunctionCall, around: ItemSurroundings) {
    this.#call = call;
    this.#around = around;
    const { responseId, itemId, outputIndex } = around;
    this.#at = {
      response_id: responseId,
      item_id: itemId,
      output_index: outputIndex,
      call_id: call.callId,
    };
    this.stored = { id: itemId, wire: this.#wire("in_progress"), audioMs: 0 };
    announce(this.stored, around);
    this.#scheduleDelta();
  }

  get text(): string {
    return this.#call.name + this.#sent;
  }

  end(status: "completed" | "incomplete"): void {
    this.drop();
    const { send } = this.#around;
    // Sent for a call that was cut off, too, says the vendor.
    send({
      type: "response.function_call_arguments.done",
      ...this.#at,
      name: this.#call.name,
      arguments: this.#sent,
    });
    this.stored.wire = this.#wire(status);
    conclude(this.stored, this.#around);
  }

  drop(): void {
    this.#cancelDelta();
  }

  #scheduleDelta(): void {
    const { clock } = this.#around;
    this.#cancelDelta = clock.after(this.#call.overMs / DELTAS, () => this.#delta());
  }

  #delta(): void {
    const { arguments: text } = this.#call;
    const { send, finished } = this.#around;
    const step = Math.max(1, Math.ceil(text.length / DELTAS));
    const delta = text.slice(this.#sent.length, this.#sent.length + step);
    this.#sent += delta;
    if (delta) send({ type: "response.function_call_arguments.delta", ...this.#at, delta });
    if (this.#sent.length < text.length) this.#scheduleDelta();
    else finished();
  }

  #wire(status: "in_progress" | "completed" | "incomplete"): WireItem {
    return {
      id: this.#around.itemId,
      object: "realtime.item",
      type: "function_call",
      status,
      call_id: this.#call.callId,
      name: this.#call.name,
      arguments: this.#sent,
    };
  }
}

/** A tool of a remote server being asked for: one item, at once. */
export class ApprovalItem implements OutputItem {
  readonly stored: StoredItem;
  readonly text: string;
  readonly #around: ItemSurroundings;
  readonly #finish: Cancel;

  constructor({ id, server, name, arguments: text }: ApprovalRequest, around: ItemSurroundings) {
    this.#around = around;
    this.text = name + text;
    const wire: WireItem = {
      id,
      type: "mcp_approval_request",
      server_label: server,
      name,
      arguments: text,
    };
    this.stored = { id, wire, audioMs: 0 };
    announce(this.stored, around);
    // Not at once: who made this item does not know it yet.
    this.#finish = around.clock.after(0, around.finished);
  }

  end(): void {
    this.drop();
    conclude(this.stored, this.#around);
  }

  drop(): void {
    this.#finish();
  }
}
