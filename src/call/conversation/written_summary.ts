import { costUsd } from "../../model/prices.ts";
import type { ModelSession, TextResponse } from "../../model/model_interface.ts";
import type { CallEventStream } from "../call_event_stream.ts";

const SUMMARISE =
  "The call is over. Write down in two or three sentences, for the people you answer for, who called, what they wanted, " +
  "what was agreed and what is left to do. Write only what was said.";

/**
 * Makes the model write a summary of the call, then closes its session, after 8 s at most. Emits "summary written".
 *
 * @param model Name of the model, for its price.
 * @returns the summary, if one came.
 */
export async function writeSummary(
  session: ModelSession,
  model: string,
  events: CallEventStream,
): Promise<string | undefined> {
  const written = Promise.withResolvers<TextResponse | undefined>();
  session.closeWithText(SUMMARISE, written.resolve);
  const { text, usage } = await written.promise ?? {};
  if (usage) events.emit({ type: "summary written", usage, costUsd: costUsd(model, usage) });
  return text;
}
