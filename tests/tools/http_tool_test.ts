import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { JsonObject } from "../../src/json.ts";
import { argumentsSchema, httpTool, type HttpToolOptions } from "../../src/tools/http_tool.ts";
import { ToolError } from "../../src/tools/tool.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { answer, RawService, says } from "./raw_service.ts";

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

/** A tool that asks a service of the test. */
class Bench implements AsyncDisposable {
  readonly service: RawService;
  readonly logged: string[] = [];
  readonly #options: Omit<HttpToolOptions, "url">;
  readonly #path: string;

  constructor(
    path: string,
    options: Partial<HttpToolOptions> = {},
    behaviour = says(answer({ body: '"found"' })),
  ) {
    this.service = new RawService(behaviour);
    this.#options = { ...ORDER, ...options };
    this.#path = path;
  }

  run(
    args: JsonObject,
    { secrets = {}, hidden, signal = new AbortController().signal }: {
      secrets?: Record<string, string>;
      hidden?: readonly string[];
      signal?: AbortSignal;
    } = {},
  ): Promise<unknown> {
    const tool = httpTool({ ...this.#options, url: `${this.service.url().origin}${this.#path}` }, {
      secret: (name) => secrets[name],
      log: createLog({ level: "debug", format: "json", write: (line) => this.logged.push(line) }),
      hidden,
    });
    return Promise.resolve(tool.run(args, signal));
  }

  /** Runs it, and gives the sentence the model is told. */
  async refused(...call: Parameters<Bench["run"]>): Promise<string> {
    return (await assertRejects(() => this.run(...call), ToolError)).message;
  }

  /** The request line and the rest of what was asked last. */
  get asked(): { line: string; head: string; body: string } {
    const [head = "", body = ""] = this.service.connections.at(-1)?.received.split("\r\n\r\n") ?? [];
    return { line: head.split("\r\n")[0]?.replace(" HTTP/1.1", "") ?? "", head, body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
  }
}

Deno.test("the model is told of the tool as it is configured", () => {
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

Deno.test("arguments go into the path, those of a GET that are left into the query", async () => {
  await using bench = new Bench("/orders/{{order}}/lines?page=1&note={{ order }}");
  assertEquals(
    await bench.run({ order: "12 a", full: true, items: [1, 2], customer: { name: "Zoë" } }),
    "found",
  );
  const [path, query] = bench.asked.line.split("?");
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

Deno.test("a value stays in its place in the path, whatever it is", async () => {
  await using bench = new Bench("/orders/{{order}}/lines");
  const placed: Record<string, string> = {
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
  for (const [order, segment] of Object.entries(placed)) {
    await bench.run({ order }, { secrets: { pin: "1234" } });
    assertEquals(bench.asked.line, `GET /orders/${segment}/lines`);
  }
});

Deno.test("a value that would mean another place in the path is refused", async () => {
  await using bench = new Bench("/orders/{{order}}/lines?page=1");
  for (const order of ["..", ".", "../admin", "a/../../admin", "..\\admin", "a/.", "/.."]) {
    assertEquals(await bench.refused({ order }), '"order" may not have the parts "." or ".." of a path');
  }
  assertEquals(await bench.refused({ order: "" }), '"order" is needed');
  await using dotted = new Bench("/orders/.{{order}}/lines");
  await assertRejects(() => dotted.run({ order: "." }), ToolError);
  assertEquals([bench.service.connections, dotted.service.connections], [[], []]);
});

Deno.test("a value stays in its place in the query", async () => {
  await using bench = new Bench("/find?order={{order}}&role=guest", {
    parameters: { type: "object", properties: { order: { type: "string" } } },
  });
  await bench.run({ order: "1&role=admin#../" });
  assertEquals(bench.asked.line, "GET /find?order=1%26role%3Dadmin%23..%2F&role=guest");
  await bench.run({});
  assertEquals(bench.asked.line, "GET /find?order=&role=guest");
});

Deno.test("a header takes a value, but no second line", async () => {
  await using bench = new Bench("/", {
    headers: { "X-Order": "no. {{order}}", authorization: "Bearer key" },
  });
  await bench.run({ order: "12" });
  assertStringIncludes(bench.asked.head, "\r\nx-order: no. 12\r\nauthorization: Bearer key");
  for (const order of ["1\r\nx-admin: 1", "1\nx-admin: 1", "1\0", "1\u2028", "☎"]) {
    assertEquals(
      await bench.refused({ order }),
      "order: only plain letters, digits and signs are possible",
    );
  }
  assertEquals(bench.service.connections.length, 1);
});

Deno.test("the arguments are the body of everything but a GET", async () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
    await using bench = new Bench("/orders/{{order}}", { method });
    await bench.run({ order: "12", full: false });
    assertEquals(bench.asked.line, `${method} /orders/12`);
    assertStringIncludes(bench.asked.head, "content-type: application/json");
    assertEquals(bench.asked.body, '{"order":"12","full":false}');
  }
});

Deno.test("a body of one's own keeps the types of values, and leaves out what was not given", async () => {
  await using bench = new Bench("/", {
    method: "POST",
    headers: { "Content-Type": "application/vnd.shop+json" },
    body: {
      query: { id: "{{order}}", label: "Order {{order}} ({{full}})", items: "{{items}}", full: "{{full}}" },
      list: ["{{customer}}", "{{order}}"],
      version: 2,
    },
  });
  await bench.run({ order: '1","admin":"{{full}}', items: [1, 2] });
  assertStringIncludes(bench.asked.head, "content-type: application/vnd.shop+json");
  assertEquals(JSON.parse(bench.asked.body), {
    query: { id: '1","admin":"{{full}}', label: 'Order 1","admin":"{{full}} ()', items: [1, 2] },
    list: ['1","admin":"{{full}}'],
    version: 2,
  });
});

Deno.test("a secret goes where it is named, and comes back nowhere", async () => {
  const echo = {
    pin: "1234",
    number: 1234,
    text: "PIN 1234 is right, key of-the-environment",
    order: "12",
    more: [12345],
  };
  const headers = { "x-pin": "{{secret.pin}}", authorization: "Bearer of-the-environment" };
  await using bench = new Bench("/pin/{{secret.pin}}?pin={{secret.pin}}", {
    method: "POST",
    headers,
    body: { pin: "{{secret.pin}}" },
  }, says(answer({ body: JSON.stringify(echo) }), answer({ status: 403, body: JSON.stringify(echo) })));
  const call = { secrets: { pin: "1234" }, hidden: ["of-the-environment", "12", ""] };
  const shown = {
    pin: "[secret]",
    number: "[secret]",
    text: "PIN [secret] is right, key [secret]",
    order: "12",
    more: [12345],
  };
  assertEquals(await bench.run({ order: "12" }, call), shown);
  assertEquals(bench.asked.line, "POST /pin/1234?pin=1234");
  assertStringIncludes(bench.asked.head, "x-pin: 1234");
  assertEquals(bench.asked.body, '{"pin":"1234"}');
  assertEquals(
    await bench.refused({ order: "12" }, call),
    `The service answered 403: ${JSON.stringify(shown)}`,
  );
});

Deno.test("without the digits nothing is asked, and the model is told to collect them", async () => {
  await using bench = new Bench("/{{secret.pin}}");
  assertEquals(
    await bench.refused({ order: "12" }, { secrets: { other: "1" } }),
    'The caller has not entered "pin" yet: collect it first',
  );
  // A secret is no argument, whatever the model calls one.
  assertStringIncludes(await bench.refused({ order: "12", "secret.pin": "1" }), "do not fit");
  assertEquals(bench.service.connections, []);
});

Deno.test("arguments that do not fit are told by name, and nothing is asked", async () => {
  await using bench = new Bench("/orders/{{order}}");
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
    const sentence = await bench.refused(args);
    assertStringIncludes(sentence, "The arguments do not fit");
    assertStringIncludes(sentence, name);
  }
  assertEquals(bench.service.connections, []);
});

Deno.test("a schema that allows more arguments gets them", async () => {
  const parameters = { type: "object", additionalProperties: { type: "string" } };
  await using bench = new Bench("/", { parameters });
  await bench.run({ anything: "goes" });
  assertEquals(bench.asked.line, "GET /?anything=goes");
});

Deno.test("a refusal of the service is told, at no great length", async () => {
  const long = answer({ status: 422, body: JSON.stringify({ error: "x".repeat(5_000) }) });
  await using bench = new Bench(
    "/",
    {},
    says(
      answer({ status: 404, body: '{"error":"no such order"}' }),
      "HTTP/1.1 500 X\r\n\r\n",
      long,
    ),
  );
  assertEquals(await bench.refused({ order: "1" }), 'The service answered 404: {"error":"no such order"}');
  assertEquals(await bench.refused({ order: "1" }), "The service answered 500");
  assertEquals((await bench.refused({ order: "1" })).length, 1_000);
});

Deno.test("an empty answer says that it is done", async () => {
  await using bench = new Bench("/", { method: "DELETE" }, says("HTTP/1.1 204 No Content\r\n\r\n"));
  assertEquals(await bench.run({ order: "1" }), { done: true });
});

Deno.test("a request that fails is a sentence for the model, and more for the log, but no secret", async () => {
  await using bench = new Bench(
    "/orders/{{order}}?pin={{secret.pin}}",
    { headers: { authorization: "Bearer of-the-environment" } },
    says(answer({ type: "text/html", body: "<h1>1234</h1>" })),
  );
  const sentence = await bench.refused({ order: "12" }, { secrets: { pin: "1234" } });
  assertEquals(sentence, "The service answered 200 with text/html instead of JSON");
  assertEquals(bench.logged.length, 1);
  const [line = ""] = bench.logged;
  assertStringIncludes(line, '"tool":"look_up_order"');
  assertStringIncludes(line, bench.service.url().origin);
  assert(!/1234\D|of-the-environment/.test(line.replace(bench.service.url().origin, "")), line);
});

Deno.test("what the caller did not wait for is no failure of the service", async () => {
  const hungUp = new AbortController();
  await using bench = new Bench("/", {}, async (connection) => {
    await connection.request();
    hungUp.abort();
    await connection.drained();
  });
  await bench.refused({ order: "1" }, { signal: hungUp.signal });
  await bench.service.connections[0]?.ended;
  assertEquals(bench.logged, []);
});

Deno.test("a name that leads to this machine is refused unless the tool allows it", async () => {
  await using service = new RawService((connection) => connection.drained());
  const log = createLog({ level: "error", format: "json", write: () => {} });
  const options = { ...ORDER, url: `http://localhost:${service.port}/{{order}}`, allowPrivate: false };
  const tool = httpTool(options, { secret: () => undefined, log });
  const run = async () => await tool.run({ order: "1" }, new AbortController().signal);
  await assertRejects(run, ToolError, "The service cannot be reached");
  await service.connections[0]?.ended;
  assertEquals(service.connections[0]?.received, "");
});

Deno.test("a schema that cannot be checked is none", () => {
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
