import { isObject, type JsonObject } from "../../src/json.ts";

/** The value at a path of field names; undefined where it does not exist. */
export function field(value: JsonObject | undefined, ...path: string[]): unknown {
  return path.reduce<unknown>((value, name) => isObject(value) ? value[name] : undefined, value);
}
