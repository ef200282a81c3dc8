import { z } from "zod";
import { type Tool, tool } from "./tool.ts";

/** A message the caller left. */
export interface Message {
  readonly name: string;
  /** Where to call back, as the caller said it. */
  readonly number: string;
  readonly message: string;
  readonly urgent: boolean;
}

/** `take_message`: keeps what the caller wants somebody to know. */
export function takeMessage(keep: (message: Message) => Promise<void> | void): Tool {
  return tool({
    name: "take_message",
    description:
      "Keeps a message of the caller for the people you answer for. Ask for what is missing, and read the " +
      "message back first.",
    parameters: z.object({
      name: z.string().trim().min(1).max(200).describe("Who called"),
      number: z.string().trim().min(1).max(50).describe("Where to call back"),
      message: z.string().trim().min(1).max(4_000),
      urgent: z.boolean().default(false),
    }),
  }, async (message) => {
    await keep(message);
    return { kept: true };
  });
}
