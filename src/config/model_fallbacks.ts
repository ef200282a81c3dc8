import { z } from "zod";
import { url } from "./setting_types.ts";

/** The dialects that this version knows. `auto` is `ga`: there is one. */
const DIALECTS = ["auto", "ga"] as const;

/** One entry of MODEL_FALLBACKS. Missing fields are the first server's. */
const FALLBACK = z.strictObject({
  name: z.string().min(1).max(40).optional(),
  url: url(["wss:", "ws:"]),
  apiKey: z.string().min(1).optional(),
  model: z.string().min(1).max(100).optional(),
  voice: z.string().min(1).max(100).optional(),
  dialect: z.enum(DIALECTS).default("auto"),
  audioFormat: z.enum(["pcmu", "pcm16"]).optional(),
});

export type ModelFallback = z.output<typeof FALLBACK>;

/** A JSON list of model servers. Its errors name the entry and the field, and never a value: it may be a key. */
export const modelFallbacks = z.string().transform((text, context): readonly ModelFallback[] => {
  const parsed = z.array(FALLBACK).max(10).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const { path = [] } = parsed.error.issues[0] ?? {};
  const [entry, field] = path;
  if (typeof entry === "number" && field === "dialect") {
    context.addIssue(
      `entry ${entry + 1} has a dialect that this version does not know; use ${
        DIALECTS.join(" or ")
      }, or remove the field`,
    );
    return z.NEVER;
  }
  const where = typeof entry === "number"
    ? `; check ${field === undefined ? "" : `${String(field)} of `}entry ${entry + 1}`
    : "";
  context.addIssue(
    `allowed: a JSON list of at most 10 objects with url, and optionally name, apiKey, model, voice, dialect and ` +
      `audioFormat${where}`,
  );
  return z.NEVER;
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
