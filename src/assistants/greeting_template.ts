import type { Assistant } from "./assistant.ts";

/** Instructions for the first response, with the disclosure in front if the model says it; empty if the caller speaks first. */
export function greetingTemplate(
  { disclosure, greeting }: Pick<Assistant, "disclosure" | "greeting">,
): string {
  if (typeof disclosure !== "string") return greeting;
  if (greeting === "") return `Say exactly this and nothing else: ${disclosure}`;
  return `Begin with exactly this, word for word: ${disclosure}\nThen continue: ${greeting}`;
}
