import { z } from "zod";
import type { JsonObject } from "../json.ts";
import type { FunctionDeclaration } from "../model/session_options.ts";

/** A function the model may call during a call. */
export interface Tool {
  readonly declaration: FunctionDeclaration;
  readonly timeoutMs: number;
  /** Request no response after success, because something else follows: a hang-up, a transfer, keypad tones. */
  readonly skipResponse?: boolean;
  /**
   * Runs the tool.
   *
   * @param args Not validated: any JSON object.
   * @param signal Aborts on timeout and when the call ends.
   * @returns the result for the model: any JSON value.
   * @throws {ToolError} with a message for the model. For any other error the model learns only that the tool failed.
   */
  run(args: JsonObject, signal: AbortSignal): Promise<unknown> | unknown;
}

/** A failure of a tool. The message is for the model: what is wrong and what to do. */
export class ToolError extends Error {
  override readonly name = "ToolError";

  /** @param detail Message for the log; contains nothing a service sent. */
  constructor(message: string, readonly detail = message) {
    super(message);
  }
}

/** Creates a tool whose arguments are validated by a schema. */
export function defineTool<Args>(
  { name, description, parameters, timeoutMs = 5_000, skipResponse = false }: {
    readonly name: string;
    readonly description: string;
    readonly parameters: z.ZodType<Args>;
    readonly timeoutMs?: number;
    readonly skipResponse?: boolean;
  },
  run: (args: Args, signal: AbortSignal) => Promise<unknown> | unknown,
): Tool {
  return {
    declaration: { name, description, parameters: jsonSchemaOf(parameters) },
    timeoutMs,
    skipResponse,
    run: (args, signal) => run(parseArguments(parameters, args), signal),
  };
}

/** Cached, because every call creates its tools anew. */
const JSON_SCHEMAS = new WeakMap<z.ZodType, JsonObject>();

function jsonSchemaOf(schema: z.ZodType): JsonObject {
  const cached = JSON_SCHEMAS.get(schema);
  if (cached) return cached;
  const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema, { io: "input" });
  JSON_SCHEMAS.set(schema, jsonSchema);
  return jsonSchema;
}

/**
 * Validates arguments.
 *
 * @throws {ToolError} naming each invalid argument.
 */
export function parseArguments<Output>(schema: z.ZodType<Output>, args: JsonObject): Output {
  const { success, data, error } = schema.safeParse(args);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".") || "arguments"}: ${message}`);
  throw new ToolError(`The arguments are invalid: ${problems.join("; ")}`.slice(0, 1_000));
}
