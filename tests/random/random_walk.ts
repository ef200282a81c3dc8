import { randomFrom } from "../support/random.ts";
import { RandomCall } from "./random_call.ts";

/** Events reported with a failure. */
const REPORTED_EVENTS = 50;

/**
 * Lets random events happen in calls, one call after the other.
 *
 * @throws {Error} when an invariant breaks, with the seed and the last events. The same seed fails again.
 */
export async function walk(seed: number, steps: number): Promise<{ calls: number }> {
  const random = randomFrom(seed);
  const events: string[] = [];
  const note = (event: string) => {
    events.push(event);
    if (events.length > REPORTED_EVENTS) events.shift();
  };
  let calls = 0;
  let step = 0;
  try {
    while (step < steps) {
      note(`call ${++calls}`);
      const call = new RandomCall(random, note);
      for (; step < steps && !call.ended; step++) await call.step();
      if (call.ended) await call.finish();
    }
  } catch (error) {
    throw new Error(`Seed ${seed}, step ${step}: ${error}. Last events:\n${events.join("\n")}`, {
      cause: error,
    });
  }
  return { calls };
}
