import { z } from "zod";
import { object, text } from "./field_types.ts";

const MAX_DISCLOSURE = 500;

const FILE = text(4_096).describe("WAV file, relative to the assistants file; at most 30 s.");
const TEXT = text(4_000).describe("The words of the file, for the model and the transcript.");

/** Greeting in recorded audio. */
export const GREETING_FILE = object({ file: FILE, text: TEXT });

export const GREETING_AUDIO = z.union([z.literal("cache", "allowed: cache"), GREETING_FILE]);

/** A sentence that the model says, or recorded audio. */
export const DISCLOSURE = z.union([
  text(MAX_DISCLOSURE),
  object({ file: FILE, text: text(MAX_DISCLOSURE).describe("The words of the file.") }),
]);
