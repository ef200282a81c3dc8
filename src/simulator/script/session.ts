import type { JsonObject } from "../../json.ts";
import type { SessionConfig } from "../model/config.ts";
import { type Difference, differences, shown } from "./match.ts";

/**
 * What in a session's settings is not as expected. `tools` are all there are, in any order: their names, or objects with
 * a `name` and what else is to be a part of them; those of a remote server go by its label.
 */
export function sessionDifferences(
  { tools: expected, ...rest }: JsonObject,
  config: SessionConfig,
): Difference[] {
  const found = differences(rest, config, "session");
  if (!Array.isArray(expected)) {
    return expected === undefined
      ? found
      : [...found, ...differences(expected, config.tools, "session.tools")];
  }
  const tools = new Map(
    config.tools.map((tool) => [tool.type === "mcp" ? tool.server_label : tool.name, tool]),
  );
  const names = expected.map((tool: unknown) => typeof tool === "string" ? tool : String(Object(tool).name));
  const wanted = shown(names.toSorted()), there = shown([...tools.keys()].toSorted());
  if (wanted !== there) found.push({ path: "session.tools", expected: wanted, got: there });
  for (const [i, tool] of expected.entries()) {
    const { name: _, ...part } = Object(tool);
    const there = tools.get(names[i] ?? "");
    if (typeof tool !== "string" && there) {
      found.push(...differences(part, there, `session.tools.${names[i]}`));
    }
  }
  return found;
}
