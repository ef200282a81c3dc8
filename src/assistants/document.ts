/**
 * Writes what people and editors read of the assistants file: docs/assistants.schema.json, and the tables of
 * docs/assistants.md.
 *
 *     deno run --allow-read=docs --allow-write=docs src/assistants/document.ts && deno fmt docs
 */

import { z } from "zod";
import { isObject, type JsonObject } from "../json.ts";
import { FILE } from "./file_schema.ts";

/** The schema for editors (JSON Schema 2020-12). */
export function fileSchema(): JsonObject {
  return { title: "Assistants of Parley", ...z.toJSONSchema(FILE, { io: "input" }) };
}

/** One field, as the reference tells it. */
export interface Field {
  /** With the names of what it is in: `keypad.secrets.NAME.digits`. */
  readonly name: string;
  readonly allowed: string;
  /** JSON of it; `needed` where it may not be left out; empty where nothing stands for it. */
  readonly byDefault: string;
  readonly about: string;
}

/** Every field, in the order of the schema, each after the one it is in. */
export function fields(schema: JsonObject = fileSchema()): Field[] {
  const found = new Map<string, Field>();
  for (const field of within(schema, "")) {
    const other = found.get(field.name);
    found.set(field.name, other ? merged(other, field) : field);
  }
  return [...found.values()];
}

/** The tables: the file's own fields, and then those of each of its parts. */
export function tables(): string {
  const all = fields();
  const sections = ["", "destinations.NAME.", "tools.NAME.", "mcpServers.NAME.", "assistants.NAME."];
  return sections.map((section) => {
    const rows = all.filter(({ name }) => sectionOf(name) === section).map(({ name, ...field }) => {
      const cells = [code(name.slice(section.length)), field.allowed, code(field.byDefault), field.about];
      return `| ${cells.join(" | ")} |`;
    });
    const title = section === "" ? "The file" : `\`${section.slice(0, -1)}\``;
    return [
      `### ${title}\n`,
      "| field | allowed | left out | meaning |",
      "| --- | --- | --- | --- |",
      ...rows,
    ]
      .join("\n");
  }).join("\n\n");
}

function sectionOf(name: string): string {
  return /^(destinations|tools|mcpServers|assistants)\.NAME\./.exec(name)?.[0] ?? "";
}

function code(text: string): string {
  return text === "" || text === "needed" ? text : `\`${text}\``;
}

/** One field of several kinds of an object. */
function merged(a: Field, b: Field): Field {
  if (a.about === b.about) return a;
  return { ...a, allowed: `${a.allowed} or ${b.allowed}`, about: `${a.about} ${b.about}` };
}

function* within(schema: JsonObject, prefix: string): Generator<Field> {
  const { properties, additionalProperties, items, anyOf, oneOf, propertyNames, required } = schema;
  if (isObject(properties)) {
    for (const [key, field] of Object.entries(properties)) {
      if (!isObject(field)) continue;
      const name = prefix + key;
      yield describe(name, field, Array.isArray(required) && required.includes(key));
      // What JSON Schema itself says is not ours to explain.
      if (!name.endsWith(".parameters")) yield* within(field, `${name}.`);
    }
  }
  if (isObject(additionalProperties)) {
    yield* within(additionalProperties, `${prefix}${keyOf(propertyNames)}.`);
  }
  for (const kind of [items, anyOf, oneOf].flat()) if (isObject(kind)) yield* within(kind, prefix);
}

/** What stands for the names people give. */
function keyOf(names: unknown): string {
  const pattern = isObject(names) ? String(names.pattern) : "";
  if (pattern.startsWith("^[a-z]{2,3}")) return "CODE";
  return pattern.startsWith("^[0-9*#]") ? "KEY" : "NAME";
}

function describe(name: string, schema: JsonObject, needed: boolean): Field {
  const { default: byDefault, description } = schema;
  return {
    name,
    allowed: allowed(schema),
    byDefault: byDefault === undefined ? needed ? "needed" : "" : JSON.stringify(byDefault),
    about: String(description ?? ""),
  };
}

function allowed(schema: JsonObject): string {
  const { type, enum: values, const: value, minimum, maximum, items, anyOf, oneOf } = schema;
  if (Array.isArray(values)) return values.map((each) => `\`${each}\``).join(", ");
  if (value !== undefined) return `\`${value}\``;
  const kinds = [anyOf, oneOf].flat().filter(isObject);
  if (kinds.length > 0) return [...new Set(kinds.map(allowed))].join(" or ");
  switch (type) {
    case "string":
      return "text";
    case "number":
    case "integer":
      return `${minimum} to ${maximum}`;
    case "boolean":
      return "`true`, `false`";
    case "array":
      return isObject(items) ? `list of ${allowed(items)}` : "list";
    case "object":
      return "object";
    default:
      return "any JSON";
  }
}

if (import.meta.main) {
  Deno.writeTextFileSync("docs/assistants.schema.json", `${JSON.stringify(fileSchema(), null, 2)}\n`);
  const page = Deno.readTextFileSync("docs/assistants.md");
  const [head = "", rest = ""] = page.split("## Every field\n");
  const after = rest.slice(rest.indexOf("\n## "));
  Deno.writeTextFileSync("docs/assistants.md", `${head}## Every field\n\n${tables()}\n${after}`);
}
