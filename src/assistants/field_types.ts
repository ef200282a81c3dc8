/** Zod types of the fields in the assistants file. Their errors say what is allowed. */

import { z } from "zod";

export const text = (max: number) => {
  const allowed = `allowed: a string of 1 to ${max} characters`;
  return z.string(allowed).min(1, allowed).max(max, allowed);
};
export const textLike = (pattern: RegExp, allowed: string) =>
  z.string(`allowed: ${allowed}`).regex(pattern, `allowed: ${allowed}`);
export const number = (min: number, max: number) => {
  const allowed = `allowed: a number from ${min} to ${max}`;
  return z.number(allowed).min(min, allowed).max(max, allowed);
};
export const wholeNumber = (min: number, max: number) => {
  const allowed = `allowed: a whole number from ${min} to ${max}`;
  return z.number(allowed).int(allowed).min(min, allowed).max(max, allowed);
};
export const flag = () => z.boolean("allowed: true, false");
export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `allowed: ${values.join(", ")}` });
/** An object with these fields; unknown fields are rejected. */
export const object = <Shape extends z.ZodRawShape>(shape: Shape) => {
  const names = Object.keys(shape).join(", ");
  const allowed: Record<string, string> = {
    invalid_type: `allowed: an object with ${names}`,
    unrecognized_keys: `allowed: ${names}`,
  };
  return z.strictObject(shape, { error: ({ code }) => code === undefined ? undefined : allowed[code] });
};
export const list = <Item extends z.ZodType>(item: Item) => z.array(item, "allowed: a list");
/** An object with user-defined keys. */
export const byName = <Value extends z.ZodType>(name: z.ZodString, value: Value) =>
  z.record(name, value, { error: ({ code }) => code === "invalid_type" ? "allowed: an object" : undefined });

/** Name of an assistant, tool, destination or secret. */
export const NAME = textLike(/^[A-Za-z0-9_-]{1,40}$/, "letters, digits, _ and -, at most 40");
