import type { Cancel } from "../../clock.ts";
import type { ConversationItems } from "./conversation_items.ts";
import type { ServerEvent } from "./server_events.ts";

/** What the parts of one session share. */
export interface SessionParts {
  readonly conversation: ConversationItems;
  readonly send: (event: ServerEvent) => void;
  readonly newItemId: () => string;
  /** Timers that the end of the session cancels. */
  readonly after: (ms: number, then: () => void) => Cancel;
}
