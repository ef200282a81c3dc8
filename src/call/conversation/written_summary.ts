import { costUsd } from "../../model/prices.ts";
import type { ModelSession, TextResponse } from "../../model/model_interface.ts";
import type { WrittenSummary } from "../../records/call_record.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import { tokensOf } from "../call_usage.ts";

const SUMMARISE =
  "The call is over. Summarise it in two or three sentences for the people you work for: who called, what they " +
  "wanted, what was agreed and what is left to do. Write only what was said.";

/** Where the recording was paused, the model would remember what must not be recorded. */
const FROM_RECORD = "Use only this record of the call:";

/**
 * Makes the model write a summary of the call, then closes its session, after 8 s at most. Emits "summary written".
 *
 * @param model Name of the model, for its price.
 * @param record The recorded conversation, if it is shorter than the one the model heard.
 * @returns the summary, if it was written in time.
 */
export async function writeSummary(
  session: ModelSession,
  model: string,
  events: CallEventStream,
  record: string | undefined,
): Promise<WrittenSummary | undefined> {
  const response = Promise.withResolvers<TextResponse | undefined>();
  session.closeWithText(
    record === undefined ? SUMMARISE : `${SUMMARISE} ${FROM_RECORD}`,
    response.resolve,
    record,
  );
  const written = await response.promise;
  if (!written) return undefined;
  const { text, usage } = written;
  const usd = costUsd(model, usage);
  events.emit({ type: "summary written", usage, model, costUsd: usd });
  return { text, tokens: tokensOf(usage), costUsd: usd };
}
