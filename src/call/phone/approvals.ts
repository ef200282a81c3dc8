import type { ApprovalRequest } from "../../model/model_interface.ts";
import type { CallAssistant } from "../../assistants/call_assistant.ts";
import type { CallParts } from "../call_parts.ts";

/** The key that approves; every other key refuses. */
const APPROVE = "1";

export interface ApprovalsOptions
  extends Pick<CallParts, "model" | "ending" | "events" | "timeline" | "log"> {
  readonly approvals: CallAssistant["approvals"];
}

/** Asks the caller to approve a remote server's tool with a key: neither caller nor model can be talked into pressing it. */
export class Approvals {
  readonly #options: ApprovalsOptions;
  #pending: ApprovalRequest[] = [];

  constructor(options: ApprovalsOptions) {
    this.#options = options;
    const { events, ending } = options;
    events.on("approval requested", ({ request }) => {
      if (!ending.started) this.#ask(request);
    });
    events.on(
      ["session failed", "language switched", "transfer started", "goodbye started", "call ending"],
      () => this.#pending = [],
    );
  }

  get waiting(): boolean {
    return this.#pending.length > 0;
  }

  /** Decides the oldest request by a key. */
  decide(key: string): void {
    const request = this.#pending.shift();
    if (!request) return;
    const { model, timeline, log } = this.#options;
    const approved = key === APPROVE;
    log.info("tool approval", { server: request.server, tool: request.name, approved });
    timeline.add("keypad", approved ? APPROVE : "another key", {
      ok: approved,
      detail: `${request.server}: ${request.name}`,
    });
    if (!approved) return this.#refuse(request);
    // The tool runs now. Its result is answered when it comes.
    model.sendApproval(request.id, true);
  }

  #refuse({ id }: ApprovalRequest): void {
    const { model } = this.#options;
    model.sendApproval(id, false);
    model.say({ yieldsToCaller: true });
  }

  #ask(request: ApprovalRequest): void {
    const { approvals, model, log } = this.#options;
    if (!approvals.get(request.server)?.includes(request.name)) {
      log.warn("tool refused", { server: request.server, tool: request.name });
      return this.#refuse(request);
    }
    model.say({
      // A key pressed before the caller was asked approves nothing.
      onDone: ({ hasAudio }) => {
        if (hasAudio) this.#pending.push(request);
        else this.#refuse(request);
      },
      instructions:
        `Tell the caller what "${request.name}" is about to do with ${request.arguments.slice(0, 1_000)}, ` +
        "and ask them to press 1 to allow it, or any other key to refuse.",
    });
  }
}
