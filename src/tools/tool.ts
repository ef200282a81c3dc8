import { z } from "zod";
import { isObject, type JsonObject } from "../json.ts";

/** What the model is told of a tool. */
export interface ToolDeclaration {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  /** What it does and when to use it, for the model. */
  readonly description: string;
  /** JSON Schema of its arguments, an object's. */
  readonly parameters: JsonObject;
}

/** Something an assistant may do in a call. */
export interface Tool {
  readonly declaration: ToolDeclaration;
  /** Longest time it may take (ms). */
  readonly timeoutMs: number;
  /** The model is not asked to speak when it is done: something else goes on. */
  readonly quiet?: boolean;
  /**
   * Does it.
   *
   * @param args As the model gave them: a JSON object and nothing more.
   * @param signal Aborts when the time is up, or the caller has hung up.
   * @returns what the model is told: any JSON value.
   * @throws {ToolError} with a sentence for the model. Of anything else it is told only that the tool failed.
   */
  run(args: JsonObject, signal: AbortSignal): Promise<unknown> | unknown;
}

/** A tool could not do what it was asked; the message is for the model: what is wrong, and what to do. */
export class ToolError extends Error {
  override readonly name = "ToolError";

  /** @param detail What the log says: nothing of what a service answered. */
  constructor(message: string, readonly detail = message) {
    super(message);
  }
}

/** Makes a tool whose arguments are checked by a schema. */
export function tool<Args>(
  { name, description, parameters, timeoutMs = 5_000, quiet = false }: {
    readonly name: string;
    readonly description: string;
    readonly parameters: z.ZodType<Args>;
    readonly timeoutMs?: number;
    readonly quiet?: boolean;
  },
  run: (args: Args, signal: AbortSignal) => Promise<unknown> | unknown,
): Tool {
  return {
    declaration: { name, description, parameters: jsonSchemaOf(parameters) },
    timeoutMs,
    quiet,
    run: (args, signal) => run(checked(parameters, args), signal),
  };
}

/** Written once for each schema: a call begins with many tools, and a hundred calls may begin at once. */
const WRITTEN = new WeakMap<z.ZodType, JsonObject>();

function jsonSchemaOf(schema: z.ZodType): JsonObject {
  const known = WRITTEN.get(schema);
  if (known) return known;
  const { $schema: _, ...written } = z.toJSONSchema(schema, { io: "input" });
  const plain = isObject(written) ? written : {};
  WRITTEN.set(schema, plain);
  return plain;
}

/**
 * Arguments that fit a schema.
 *
 * @throws {ToolError} naming each one that does not.
 */
export function checked<Output>(schema: z.ZodType<Output>, args: JsonObject): Output {
  const { success, data, error } = schema.safeParse(args);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".") || "arguments"}: ${message}`);
  throw new ToolError(`The arguments do not fit: ${problems.join("; ")}`.slice(0, 1_000));
}
