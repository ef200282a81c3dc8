import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { JsonObject } from "../../src/json.ts";
import { argumentsSchema, httpTool, type HttpToolOptions } from "../../src/tools/http_tool.ts";
import { ToolError } from "../../src/tools/tool.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { httpResponse, RawHttpServer, respondWith } from "../support/raw_http_server.ts";

const ORDER: Omit<HttpToolOptions, "url"> = {
  name: "look_up_order",
  description: "Finds an order.",
  parameters: {
    type: "object",
    properties: {
      order: { type: "string", maxLength: 100 },
      full: { type: "boolean" },
      items: { type: "array", items: { type: "integer" } },
      customer: { type: "object", properties: { name: { type: "string" } } },
    },
    required: ["order"],
  },
  method: "GET",
  headers: {},
  timeoutSeconds: 5,
  maxResponseBytes: 65_536,
  allowPrivate: true,
};

/** A tool and the service it sends requests to. */
class ToolBench implements AsyncDisposable {
  readonly service: RawHttpServer;
  readonly logged: string[] = [];
  readonly #options: Omit<HttpToolOptions, "url">;
  readonly #path: string;

  constructor(
    path: string,
    options: Partial<HttpToolOptions> = {},
    behaviour = respondWith(httpResponse({ body: '"found"' })),
  ) {
    this.service = new RawHttpServer(behaviour);
    this.#options = { ...ORDER, ...options };
    this.#path = path;
  }

  run(
    args: JsonObject,
    { secrets = {}, variables, hidden, signal = new AbortController().signal }: {
      secrets?: Record<string, string>;
      variables?: Record<string, string>;
      hidden?: readonly string[];
      signal?: AbortSignal;
    } = {},
  ): Promise<unknown> {
    const tool = httpTool({ ...this.#options, url: `${this.service.url().origin}${this.#path}` }, {
      secret: (name) => secrets[name],
      variables,
      log: createLog({ level: "debug", format: "json", write: (line) => this.logged.push(line) }),
      hidden,
    });
    return Promise.resolve(tool.run(args, signal));
  }

  /** Runs the tool and returns the message of its {@linkcode ToolError}. */
  async errorOf(...call: Parameters<ToolBench["run"]>): Promise<string> {
    return (await assertRejects(() => this.run(...call), ToolError)).message;
  }

  /** The last request. */
  get lastRequest(): { line: string; head: string; body: string } {
    const [head = "", body = ""] = this.service.connections.at(-1)?.received.split("\r\n\r\n") ?? [];
    return { line: head.split("\r\n")[0]?.replace(" HTTP/1.1", "") ?? "", head, body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
  }
}

Deno.test("httpTool() declares the configured name, description and parameters", () => {
  const { declaration, timeoutMs } = httpTool({ ...ORDER, url: "https://shop.example.com/" }, {
    secret: () => undefined,
    log: createLog({ level: "error", format: "json", write: () => {} }),
  });
  assertEquals(declaration, {
    name: "look_up_order",
    description: "Finds an order.",
    parameters: ORDER.parameters,
  });
  assertEquals(timeoutMs, 5_000);
});

Deno.test("httpTool() fills the path and appends other GET arguments to the query", async () => {
  await using bench = new ToolBench("/orders/{{order}}/lines?page=1&note={{ order }}");
  assertEquals(
    await bench.run({ order: "12 a", full: true, items: [1, 2], customer: { name: "Zoë" } }),
    "found",
  );
  const [path, query] = bench.lastRequest.line.split("?");
  assertEquals(path, "GET /orders/12%20a/lines");
  assertEquals([...new URLSearchParams(query)], [
    ["page", "1"],
    ["note", "12 a"],
    ["full", "true"],
    ["items", "1"],
    ["items", "2"],
    ["customer", '{"name":"Zoë"}'],
  ]);
});

Deno.test("httpTool() keeps a value inside its path segment", async () => {
  await using bench = new ToolBench("/orders/{{order}}/lines");
  const segments: Record<string, string> = {
    "a/b": "a%2Fb",
    "a\\b": "a%5Cb",
    "a?admin=1": "a%3Fadmin%3D1",
    "a#b": "a%23b",
    "a%2Fb": "a%252Fb",
    "%2e%2e": "%252e%252e",
    "@other.example.com": "%40other.example.com",
    "//other.example.com": "%2F%2Fother.example.com",
    "a\r\nx-admin: 1": "a%0D%0Ax-admin%3A%201",
    "a;b": "a%3Bb",
    "...": "...",
    ".htaccess": ".htaccess",
    "{{secret.pin}}": "%7B%7Bsecret.pin%7D%7D",
    "\ud800": "%EF%BF%BD",
  };
  for (const [order, segment] of Object.entries(segments)) {
    await bench.run({ order }, { secrets: { pin: "1234" } });
    assertEquals(bench.lastRequest.line, `GET /orders/${segment}/lines`);
  }
});

Deno.test("httpTool() rejects path values that are empty or contain dot segments", async () => {
  await using bench = new ToolBench("/orders/{{order}}/lines?page=1");
  for (const order of ["..", ".", "../admin", "a/../../admin", "..\\admin", "a/.", "/.."]) {
    assertEquals(await bench.errorOf({ order }), '"order" may not contain the path segments "." or "..".');
  }
  assertEquals(await bench.errorOf({ order: "" }), '"order" is missing. Ask for it.');
  await using dotted = new ToolBench("/orders/.{{order}}/lines");
  await assertRejects(() => dotted.run({ order: "." }), ToolError);
  assertEquals([bench.service.connections, dotted.service.connections], [[], []]);
});

Deno.test("httpTool() fills an argument rather than a variable of the call with the same name", async () => {
  await using bench = new ToolBench("/orders/{{order}}/{{caller}}");
  await bench.run({ order: "12" }, { variables: { order: "13", caller: "+15551230000" } });
  assertEquals(bench.lastRequest.line, "GET /orders/12/%2B15551230000");
});

Deno.test("httpTool() keeps a value inside its query parameter", async () => {
  await using bench = new ToolBench("/find?order={{order}}&role=guest", {
    parameters: { type: "object", properties: { order: { type: "string" } } },
  });
  await bench.run({ order: "1&role=admin#../" });
  assertEquals(bench.lastRequest.line, "GET /find?order=1%26role%3Dadmin%23..%2F&role=guest");
  await bench.run({});
  assertEquals(bench.lastRequest.line, "GET /find?order=&role=guest");
});

Deno.test("httpTool() rejects header values with line breaks or non-ASCII characters", async () => {
  await using bench = new ToolBench("/", {
    headers: { "X-Order": "no. {{order}}", authorization: "Bearer key" },
  });
  await bench.run({ order: "12" });
  assertStringIncludes(bench.lastRequest.head, "\r\nx-order: no. 12\r\nauthorization: Bearer key");
  for (const order of ["1\r\nx-admin: 1", "1\nx-admin: 1", "1\0", "1\u2028", "☎"]) {
    assertEquals(
      await bench.errorOf({ order }),
      "order: use only unaccented letters, digits and punctuation",
    );
  }
  assertEquals(bench.service.connections.length, 1);
});

Deno.test("httpTool() sends the arguments as the body of all methods but GET", async () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
    await using bench = new ToolBench("/orders/{{order}}", { method });
    await bench.run({ order: "12", full: false });
    assertEquals(bench.lastRequest.line, `${method} /orders/12`);
    assertStringIncludes(bench.lastRequest.head, "content-type: application/json");
    assertEquals(bench.lastRequest.body, '{"order":"12","full":false}');
  }
});

Deno.test("httpTool() fills a body template, keeps value types and omits missing values", async () => {
  await using bench = new ToolBench("/", {
    method: "POST",
    headers: { "Content-Type": "application/vnd.shop+json" },
    body: {
      query: { id: "{{order}}", label: "Order {{order}} ({{full}})", items: "{{items}}", full: "{{full}}" },
      list: ["{{customer}}", "{{order}}"],
      version: 2,
    },
  });
  await bench.run({ order: '1","admin":"{{full}}', items: [1, 2] });
  assertStringIncludes(bench.lastRequest.head, "content-type: application/vnd.shop+json");
  assertEquals(JSON.parse(bench.lastRequest.body), {
    query: { id: '1","admin":"{{full}}', label: 'Order 1","admin":"{{full}} ()', items: [1, 2] },
    list: ['1","admin":"{{full}}'],
    version: 2,
  });
});

Deno.test("httpTool() sends secrets and redacts them in responses", async () => {
  const echo = {
    pin: "1234",
    number: 1234,
    text: "PIN 1234 is right, key of-the-environment",
    order: "12",
    more: [12345],
  };
  const headers = { "x-pin": "{{secret.pin}}", authorization: "Bearer of-the-environment" };
  await using bench = new ToolBench(
    "/pin/{{secret.pin}}?pin={{secret.pin}}",
    {
      method: "POST",
      headers,
      body: { pin: "{{secret.pin}}" },
    },
    respondWith(
      httpResponse({ body: JSON.stringify(echo) }),
      httpResponse({ status: 403, body: JSON.stringify(echo) }),
    ),
  );
  const options = { secrets: { pin: "1234" }, hidden: ["of-the-environment", "12", ""] };
  const redacted = {
    pin: "[secret]",
    number: "[secret]",
    text: "PIN [secret] is right, key [secret]",
    order: "12",
    more: [12345],
  };
  assertEquals(await bench.run({ order: "12" }, options), redacted);
  assertEquals(bench.lastRequest.line, "POST /pin/1234?pin=1234");
  assertStringIncludes(bench.lastRequest.head, "x-pin: 1234");
  assertEquals(bench.lastRequest.body, '{"pin":"1234"}');
  assertEquals(
    await bench.errorOf({ order: "12" }, options),
    `The service responded 403: ${JSON.stringify(redacted)}`,
  );
});

Deno.test("httpTool() sends nothing before a secret has been collected", async () => {
  await using bench = new ToolBench("/{{secret.pin}}");
  assertEquals(
    await bench.errorOf({ order: "12" }, { secrets: { other: "1" } }),
    'The caller has not entered "pin" yet. Collect it first.',
  );
  // The model cannot pass a secret as an argument.
  assertStringIncludes(await bench.errorOf({ order: "12", "secret.pin": "1" }), "are invalid");
  assertEquals(bench.service.connections, []);
});

Deno.test("httpTool() names invalid arguments and sends nothing", async () => {
  await using bench = new ToolBench("/orders/{{order}}");
  const wrong: [JsonObject, string][] = [
    [{}, "order"],
    [{ order: 12 }, "order"],
    [{ order: null }, "order"],
    [{ order: "x".repeat(101) }, "order"],
    [{ order: "1", items: ["two"] }, "items.0"],
    [{ order: "1", admin: true }, '"admin"'],
    [JSON.parse('{"order":"1","__proto__":{"x":1},"constructor":1}'), '"constructor"'],
  ];
  for (const [args, name] of wrong) {
    const message = await bench.errorOf(args);
    assertStringIncludes(message, "The arguments are invalid");
    assertStringIncludes(message, name);
  }
  assertEquals(bench.service.connections, []);
});

Deno.test("httpTool() passes additional arguments the schema allows", async () => {
  const parameters = { type: "object", additionalProperties: { type: "string" } };
  await using bench = new ToolBench("/", { parameters });
  await bench.run({ anything: "goes" });
  assertEquals(bench.lastRequest.line, "GET /?anything=goes");
});

Deno.test("httpTool() reports an error response, truncated to 1,000 characters", async () => {
  const long = httpResponse({ status: 422, body: JSON.stringify({ error: "x".repeat(5_000) }) });
  await using bench = new ToolBench(
    "/",
    {},
    respondWith(
      httpResponse({ status: 404, body: '{"error":"no such order"}' }),
      "HTTP/1.1 500 X\r\n\r\n",
      long,
    ),
  );
  assertEquals(await bench.errorOf({ order: "1" }), 'The service responded 404: {"error":"no such order"}');
  assertEquals(await bench.errorOf({ order: "1" }), "The service responded 500");
  assertEquals((await bench.errorOf({ order: "1" })).length, 1_000);
});

Deno.test("httpTool() returns done for an empty response", async () => {
  await using bench = new ToolBench(
    "/",
    { method: "DELETE" },
    respondWith("HTTP/1.1 204 No Content\r\n\r\n"),
  );
  assertEquals(await bench.run({ order: "1" }), { done: true });
});

Deno.test("httpTool() logs details of a failed request without secrets", async () => {
  await using bench = new ToolBench(
    "/orders/{{order}}?pin={{secret.pin}}",
    { headers: { authorization: "Bearer of-the-environment" } },
    respondWith(httpResponse({ type: "text/html", body: "<h1>1234</h1>" })),
  );
  const message = await bench.errorOf({ order: "12" }, { secrets: { pin: "1234" } });
  assertEquals(message, "The service responded 200 with text/html instead of JSON");
  assertEquals(bench.logged.length, 1);
  const [line = ""] = bench.logged;
  assertStringIncludes(line, '"tool":"look_up_order"');
  assertStringIncludes(line, bench.service.url().origin);
  assert(!/1234\D|of-the-environment/.test(line.replace(bench.service.url().origin, "")), line);
});

Deno.test("httpTool() logs nothing when the call ends during the request", async () => {
  const ended = new AbortController();
  await using bench = new ToolBench("/", {}, async (connection) => {
    await connection.request();
    ended.abort();
    await connection.drained();
  });
  await bench.errorOf({ order: "1" }, { signal: ended.signal });
  await bench.service.connections[0]?.ended;
  assertEquals(bench.logged, []);
});

Deno.test("httpTool() rejects a private address unless allowed", async () => {
  await using service = new RawHttpServer((connection) => connection.drained());
  const log = createLog({ level: "error", format: "json", write: () => {} });
  const options = { ...ORDER, url: `http://localhost:${service.port}/{{order}}`, allowPrivate: false };
  const tool = httpTool(options, { secret: () => undefined, log });
  const run = async () => await tool.run({ order: "1" }, new AbortController().signal);
  await assertRejects(run, ToolError, "The service cannot be reached");
  await service.connections[0]?.ended;
  assertEquals(service.connections[0]?.received, "");
});

Deno.test("argumentsSchema() throws for unsupported schemas", () => {
  const schemas = [
    {},
    { type: "string" },
    { type: "object", properties: 5 },
    { type: "object", properties: { a: { type: "text" } } },
    { type: "object", properties: { a: { type: "string", pattern: "(" } } },
    { type: "object", properties: { a: { $ref: "https://example.com/schema.json" } } },
    { type: "object", if: {}, then: {} },
  ];
  for (const schema of schemas) assertThrows(() => argumentsSchema(schema), Error);
});
