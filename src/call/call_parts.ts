import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { CallEnding } from "./call_ending.ts";
import type { CallEventStream } from "./call_event_stream.ts";
import type { CallTimeline } from "./call_timeline.ts";
import type { AssistantSpeech } from "./conversation/assistant_speech.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { ModelLink } from "./conversation/model_link.ts";

/** Objects shared by the parts of a call. Each part picks those it uses. */
export interface CallParts {
  readonly events: CallEventStream;
  readonly timeline: CallTimeline;
  readonly conversation: Conversation;
  /** The same as `conversation.model`. */
  readonly model: ModelLink;
  /** The same as `conversation.speech`. */
  readonly speech: AssistantSpeech;
  readonly ending: CallEnding;
  readonly clock: Clock;
  readonly log: Log;
}
