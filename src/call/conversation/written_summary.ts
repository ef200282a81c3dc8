import { costOf } from "../../model/prices.ts";
import type { ModelSession, WrittenText } from "../../model/session.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

const SUMMARISE =
  "The call is over. Write down in two or three sentences, for the people you answer for, who called, what they wanted, " +
  "what was agreed and what is left to do. Write only what was said.";

/**
 * Has the model write what a call came to, and closes its session: 8 s at most.
 *
 * @param model Its name, for what that costs.
 * @param billed Told the cost, where a price is known (US dollars).
 * @returns the text, if one came.
 */
export async function writeSummary(
  session: ModelSession,
  { metrics, model, billed }: {
    readonly metrics: Metrics;
    readonly model: string;
    readonly billed: (cost: number) => void;
  },
): Promise<string | undefined> {
  const written = Promise.withResolvers<WrittenText | undefined>();
  session.closeWithText(SUMMARISE, written.resolve);
  const { text, usage } = await written.promise ?? {};
  if (usage) {
    const cost = costOf(model, usage);
    metrics.answered(model, usage, cost);
    if (cost) billed(cost);
  }
  return text;
}
