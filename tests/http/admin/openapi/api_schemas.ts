import addFormats from "ajv-formats";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openApiDocument } from "../../../../src/http/admin/openapi/openapi_document.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Validates bodies against the schemas of the OpenAPI document, with a third-party validator. */
export class ApiSchemas {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor() {
    addFormats.default(this.#ajv);
    this.#ajv.addSchema({ ...openApiDocument() }, "api");
  }

  /**
   * @param pointer Path of the schema in the document, such as `["components", "schemas", "Turn"]`.
   * @throws {Error} listing every mismatch.
   */
  check(pointer: readonly string[], body: unknown): void {
    const place = pointer.map((key) => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1")))
      .join("/");
    // As a client would receive it.
    const json = JSON.parse(JSON.stringify(body));
    if (this.#ajv.validate(`api#/${place}`, json)) return;
    throw new Error(
      `${pointer.join(" ")}: ${this.#ajv.errorsText(undefined, { separator: "\n" })}\n${
        JSON.stringify(json)
      }`,
    );
  }

  /** Validates against a named schema. */
  checkNamed(name: string, body: unknown): void {
    this.check(["components", "schemas", name], body);
  }
}
