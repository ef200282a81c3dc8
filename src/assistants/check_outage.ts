import type { Path } from "../jsonc.ts";
import type { AssistantEntry } from "./assistant_schema.ts";
import type { ProblemReport } from "./problem_report.ts";

/**
 * Reports what an outage cannot do. The destination is checked with the other references.
 *
 * @param hasAfterCall Whether messages are delivered.
 */
export function checkOutage(
  path: Path,
  { outage: { then, to } }: AssistantEntry,
  hasAfterCall: boolean,
  report: ProblemReport,
): void {
  if (then === "transfer" && to === undefined) {
    report.addProblem([...path, "outage", "then"], "found transfer without to; name a destination in to");
  }
  if (then !== "transfer" && to !== undefined) {
    report.addWarning([...path, "outage", "to"], `has no effect because then is ${then}; set it to transfer`);
  }
  if (then !== "hang up" && !hasAfterCall) {
    report.addWarning(
      [...path, "outage", "then"],
      "requests for a callback and voicemails are only in the call's record without afterCall; add the URL that " +
        "receives messages",
    );
  }
}
