/** Lists every problem of the configuration. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly problems: readonly string[]) {
    super(`Cannot start: the configuration has ${problems.length} problem${problems.length === 1 ? "" : "s"}:
${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}
