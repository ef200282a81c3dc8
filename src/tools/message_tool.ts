import { z } from "zod";
import { defineTool, type Tool } from "./tool.ts";

/** A message from a caller. */
export interface CallerMessage {
  readonly name: string;
  /** Number to call back, as the caller said it. */
  readonly number: string;
  readonly message: string;
  readonly urgent: boolean;
}

/** `take_message`: passes a message from the caller to `save`. */
export function takeMessage(save: (message: CallerMessage) => Promise<void> | void): Tool {
  return defineTool({
    name: "take_message",
    description:
      "Saves a message from the caller for the people you work for. Ask for missing details, and read the " +
      "message back first.",
    parameters: z.object({
      name: z.string().trim().min(1).max(200).describe("Name of the caller"),
      number: z.string().trim().min(1).max(50).describe("Number to call back"),
      message: z.string().trim().min(1).max(4_000),
      urgent: z.boolean().default(false),
    }),
  }, async (message) => {
    await save(message);
    return { saved: true };
  });
}
