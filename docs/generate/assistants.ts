/** Generates docs/assistants.schema.json, and the field reference in docs/assistants.md. */

import { z } from "zod";
import { FILE } from "../../src/assistants/file_schema.ts";
import { isObject, type JsonObject } from "../../src/json.ts";
import { code, type Page, readPage, replaceSection, table } from "./page.ts";

/** JSON Schema 2020-12 of the assistants file, for editors. */
export const assistantsSchema: Page = {
  path: "docs/assistants.schema.json",
  render: () => JSON.stringify(fileSchema()),
};

export const assistantsPage: Page = {
  path: "docs/assistants.md",
  render: (current) =>
    replaceSection(
      replaceSection(current, "fields", fieldTables()),
      "example",
      "```jsonc\n" + readPage("docs/assistants.example.jsonc") + "```",
    ),
};

export function fileSchema(): JsonObject {
  return { title: "Parley assistants file", ...z.toJSONSchema(FILE, { io: "input" }) };
}

/** One field of the assistants file. */
export interface Field {
  /** With the names of its parents, such as `keypad.secrets.NAME.digits`. */
  readonly name: string;
  readonly allowed: string;
  /** As JSON; `required`; or empty if there is no default. */
  readonly defaultValue: string;
  readonly description: string;
}

/** All fields in schema order, each after its parent. */
export function fields(schema: JsonObject = fileSchema()): Field[] {
  const fieldsByName = new Map<string, Field>();
  for (const field of walk(schema, "")) {
    const other = fieldsByName.get(field.name);
    fieldsByName.set(field.name, other ? merge(other, field) : field);
  }
  return [...fieldsByName.values()];
}

/** One table for the fields of the file, and one for each of its sections. */
function fieldTables(): string {
  const all = fields();
  const sections = ["", "destinations.NAME.", "tools.NAME.", "mcpServers.NAME.", "assistants.NAME."];
  return sections.map((section) => {
    const rows = all.filter(({ name }) => sectionOf(name) === section)
      .map(({ name, allowed, defaultValue, description }) => [
        code(name.slice(section.length)),
        allowed,
        defaultValue === "required" ? defaultValue : code(defaultValue),
        description,
      ]);
    const title = section === "" ? "The file" : code(section.slice(0, -1));
    return `### ${title}\n\n${table(["field", "allowed", "default", "description"], rows)}`;
  }).join("\n\n");
}

function sectionOf(name: string): string {
  return /^(destinations|tools|mcpServers|assistants)\.NAME\./.exec(name)?.[0] ?? "";
}

/** Combines the descriptions of a field that several variants of an object have. */
function merge(a: Field, b: Field): Field {
  if (a.description === b.description) return a;
  return {
    ...a,
    allowed: `${a.allowed} or ${b.allowed}`,
    description: `${a.description} ${b.description}`,
  };
}

function* walk(schema: JsonObject, prefix: string): Generator<Field> {
  const { properties, additionalProperties, items, anyOf, oneOf, propertyNames, required } = schema;
  if (isObject(properties)) {
    for (const [key, field] of Object.entries(properties)) {
      if (!isObject(field)) continue;
      const name = prefix + key;
      yield describe(name, field, Array.isArray(required) && required.includes(key));
      // The value of "parameters" is itself a JSON Schema.
      if (!name.endsWith(".parameters")) yield* walk(field, `${name}.`);
    }
  }
  if (isObject(additionalProperties)) {
    yield* walk(additionalProperties, `${prefix}${placeholderFor(propertyNames)}.`);
  }
  for (const variant of [items, anyOf, oneOf].flat()) if (isObject(variant)) yield* walk(variant, prefix);
}

/** Stands for a user-defined name: a language code, a key of the keypad or another name. */
function placeholderFor(names: unknown): string {
  const pattern = isObject(names) ? String(names.pattern) : "";
  if (pattern.startsWith("^[a-z]{2,3}")) return "CODE";
  return pattern.startsWith("^[0-9*#]") ? "KEY" : "NAME";
}

function describe(name: string, schema: JsonObject, required: boolean): Field {
  const { default: value, description } = schema;
  return {
    name,
    allowed: allowedValues(schema),
    defaultValue: value === undefined ? required ? "required" : "" : JSON.stringify(value),
    description: String(description ?? ""),
  };
}

function allowedValues(schema: JsonObject): string {
  const { type, enum: values, const: value, minimum, maximum, items, anyOf, oneOf } = schema;
  if (Array.isArray(values)) return values.map((each) => code(String(each))).join(", ");
  if (value !== undefined) return code(String(value));
  const variants = [anyOf, oneOf].flat().filter(isObject);
  if (variants.length > 0) return [...new Set(variants.map(allowedValues))].join(" or ");
  switch (type) {
    case "string":
      return "text";
    case "number":
    case "integer":
      return `${minimum} to ${maximum}`;
    case "boolean":
      return "`true`, `false`";
    case "array":
      return isObject(items) ? `list of ${allowedValues(items)}` : "list";
    case "object":
      return "object";
    default:
      return "any JSON";
  }
}
