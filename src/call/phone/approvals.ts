import type { ApprovalRequest } from "../../model/model_interface.ts";
import type { CallAssistant } from "../../assistants/call_assistant.ts";
import type { CallParts } from "../call_parts.ts";

/** The key that approves; every other key refuses. */
const APPROVE = "1";

export interface ApprovalsOptions
  extends Pick<CallParts, "model" | "ending" | "events" | "timeline" | "log"> {
  readonly approvals: CallAssistant["approvals"];
}

/** Asks the caller to approve an MCP tool with a key. Spoken words approve nothing, because the model may misjudge them. */
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
      [
        "session failed",
        "session swapped",
        "language switched",
        "transfer started",
        "goodbye started",
        "call ending",
      ],
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
    timeline.add("keypad", timeline.recordable(approved ? APPROVE : "another key"), {
      ok: approved,
      detail: `${request.server}: ${request.name}`,
    });
    if (!approved) return this.#refuse(request);
    // The tool runs now. The model speaks about its result when it arrives.
    model.session?.sendApproval(request.id, true);
  }

  #refuse({ id }: ApprovalRequest): void {
    const { model } = this.#options;
    model.session?.sendApproval(id, false);
    model.requestResponse({ yieldsToCaller: true });
  }

  #ask(request: ApprovalRequest): void {
    const { approvals, model, log } = this.#options;
    if (!approvals.get(request.server)?.includes(request.name)) {
      log.warn("tool refused", { server: request.server, tool: request.name });
      return this.#refuse(request);
    }
    model.requestResponse({
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
