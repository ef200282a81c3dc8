/** What `parseArgs` of `node:util` found wrong with a command line, in its first sentence: the others are about itself. */
export function flagProblem(error: unknown): string {
  return error instanceof Error ? error.message.split(/\. |\n/, 1)[0] ?? "" : String(error);
}
