/** Building blocks of the API's JSON schemas. */

import { z } from "zod";

/** A schema for every field of a type, and for no other. */
export type Shape<Type> = { readonly [Key in keyof Required<Type>]: z.ZodType<Type[Key]> };

export const ms = (description: string) => z.number().describe(`${description} (ms).`);
export const time = (description: string) =>
  z.string().meta({ format: "date-time", description: `${description} (ISO 8601).` });
export const count = (description: string) => z.int().min(0).describe(description);
export const usd = (description: string) =>
  z.number().min(0).describe(
    `${description} (US dollars). Usage without a known price counts at the highest known price.`,
  );
