interface Step {
  readonly name: string;
  readonly fn: () => void | Promise<void>;
}

/** Steps that run at the same time: more would delay one another's audio. */
const WIDTH = 3;

/**
 * Runs independent steps, three at a time: for tests that mostly wait in real time. Leaks are checked once, by the test that
 * has the steps.
 */
export async function runConcurrently(context: Deno.TestContext, steps: readonly Step[]): Promise<void> {
  // Off, because steps that overlap would be blamed for one another's timers and sockets.
  const sanitizers = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
  const waiting = steps.values();
  const runners = Array.from({ length: WIDTH }, async () => {
    for (const step of waiting) await context.step({ ...step, ...sanitizers });
  });
  await Promise.all(runners);
}

/** Registers a test; returns a function that adds steps to it, see {@linkcode runConcurrently}. */
export function concurrentTests(name: string): (name: string, fn: Step["fn"]) => void {
  const steps: Step[] = [];
  Deno.test(name, (context) => runConcurrently(context, steps));
  return (name, fn) => void steps.push({ name, fn });
}
