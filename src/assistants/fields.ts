/** Kinds of fields in the assistants file. Each says what is allowed when something else is found. */

import { z } from "zod";

/** A text that says something. */
export const text = (most: number) => {
  const allowed = `allowed: a text of 1 to ${most} characters`;
  return z.string(allowed).min(1, allowed).max(most, allowed);
};
export const textLike = (pattern: RegExp, allowed: string) =>
  z.string(`allowed: ${allowed}`).regex(pattern, `allowed: ${allowed}`);
export const number = (least: number, most: number) => {
  const allowed = `allowed: a number from ${least} to ${most}`;
  return z.number(allowed).min(least, allowed).max(most, allowed);
};
export const wholeNumber = (least: number, most: number) => {
  const allowed = `allowed: a whole number from ${least} to ${most}`;
  return z.number(allowed).int(allowed).min(least, allowed).max(most, allowed);
};
export const flag = () => z.boolean("allowed: true, false");
export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `allowed: ${values.join(", ")}` });
/** An object of these fields and no others. */
export const object = <Shape extends z.ZodRawShape>(shape: Shape) => {
  const names = Object.keys(shape).join(", ");
  const allowed: Record<string, string> = {
    invalid_type: `allowed: an object of ${names}`,
    unrecognized_keys: `allowed: ${names}`,
  };
  return z.strictObject(shape, { error: ({ code }) => code === undefined ? undefined : allowed[code] });
};
export const list = <Item extends z.ZodType>(item: Item) => z.array(item, "allowed: a list");
/** An object of named things. */
export const byName = <Value extends z.ZodType>(name: z.ZodString, value: Value) =>
  z.record(name, value, { error: ({ code }) => code === "invalid_type" ? "allowed: an object" : undefined });
