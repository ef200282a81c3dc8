import { assert, assertEquals } from "@std/assert";
import { type FileContext, load, problems } from "./support.ts";

const KEY = "k-very-secret";

function toolOf(fields: object, around: FileContext = {}) {
  return load(fileOf(fields), around).tools[0];
}

function fileOf(fields: object): object {
  const tool = { description: "T", url: "https://a.example/x", ...fields };
  return { tools: { t: tool }, assistants: { one: { tools: ["t"] } } };
}

Deno.test("ToolVariables fills URLs, headers and bodies, and lists the values as secrets", () => {
  const env = { TOOL_KEY: KEY, TOOL_HOST: "shop.example", TOOL_FILED_FILE: "/run/key", OTHER: "x" };
  const read = load({
    tools: {
      t: {
        description: "T ${TOOL_KEY}",
        url: "https://${TOOL_HOST}/x?key=${TOOL_KEY}",
        headers: { authorization: "Bearer ${TOOL_KEY} ${TOOL_FILED}", plain: "$TOOL_KEY" },
        method: "POST",
        body: { list: ["${TOOL_KEY}", 1, null], deep: { key: "<${TOOL_KEY}>" } },
      },
    },
    mcpServers: {
      m: { url: "https://m.example/${TOOL_KEY}", headers: { key: "${TOOL_KEY}" }, allowedTools: ["x"] },
    },
    afterCall: { url: "https://hooks.example/${TOOL_KEY}" },
    assistants: {
      one: {
        tools: ["t", "m"],
        variables: { url: "https://crm.example/${TOOL_KEY}" },
        greeting: "${TOOL_KEY}",
      },
    },
  }, { env, files: { "/run/key": "filed\n" } });
  const [tool] = read.tools;
  assertEquals(tool?.url, `https://shop.example/x?key=${KEY}`);
  assertEquals(tool?.headers, { authorization: `Bearer ${KEY} filed`, plain: "$TOOL_KEY" });
  assertEquals(tool?.body, { list: [KEY, 1, null], deep: { key: `<${KEY}>` } });
  assertEquals([read.mcpServers[0]?.url, read.mcpServers[0]?.headers], [`https://m.example/${KEY}`, {
    key: KEY,
  }]);
  assertEquals(read.afterCall, { url: `https://hooks.example/${KEY}`, allowPrivate: false, summary: false });
  assertEquals(read.default.variables?.url, `https://crm.example/${KEY}`);
  assertEquals(read.secrets, ["shop.example", KEY, "filed"]);
  // Texts for the model and the caller are not substituted.
  assertEquals([tool?.description, read.default.greeting], ["T ${TOOL_KEY}", "${TOOL_KEY}"]);
});

Deno.test("ToolVariables reports variables that are not set or do not start with TOOL_", () => {
  const cases: [text: string, around: FileContext, problem: string][] = [
    [
      "${TOOL_KEY}",
      {},
      "TOOL_KEY is not set; set it, or set TOOL_KEY_FILE to a file that contains the value",
    ],
    [
      "${TOOL_KEY}",
      { env: { TOOL_KEY: "" } },
      "TOOL_KEY is not set; set it, or set TOOL_KEY_FILE to a file that contains the value",
    ],
    [
      "${OPENAI_API_KEY}",
      { env: { OPENAI_API_KEY: KEY } },
      'found "${OPENAI_API_KEY}"; allowed: variables whose names begin with TOOL_',
    ],
    [
      "${TOOL_key}",
      { env: { TOOL_key: KEY } },
      'found "${TOOL_key}"; allowed: variables whose names begin with',
    ],
    [
      "${TOOL_KEY}${TOOL_KEY}",
      {},
      "TOOL_KEY is not set; set it, or set TOOL_KEY_FILE to a file that contains the value",
    ],
    ["${}", {}, 'found "${}"; allowed: variables whose names begin with TOOL_'],
    [
      "${TOOL_KEY}",
      { env: { TOOL_KEY: KEY, TOOL_KEY_FILE: "/k" } },
      "both TOOL_KEY and TOOL_KEY_FILE are set; set only one of them",
    ],
    [
      "${TOOL_KEY}",
      { env: { TOOL_KEY_FILE: "/none" } },
      "the file named by TOOL_KEY_FILE does not exist or is empty; write the value into it",
    ],
    [
      "${TOOL_KEY}",
      { env: { TOOL_KEY_FILE: "/no" }, files: { "/no": "forbidden" } },
      "the file named by TOOL_KEY_FILE cannot be read: not allowed",
    ],
  ];
  for (const [text, around, problem] of cases) {
    const places: [object, string][] = [
      [{ headers: { key: text } }, "tools.t.headers.key"],
      [{ url: `https://a.example/${text}` }, "tools.t.url"],
      [{ method: "POST", body: [{ key: text }] }, "tools.t.body"],
    ];
    for (const [fields, place] of places) {
      const [firstProblem = "", ...rest] = problems(fileOf(fields), around);
      assert(firstProblem.startsWith(`${place}: ${problem}`), firstProblem);
      assertEquals(rest, [], text);
    }
  }
});

Deno.test("loadAssistants() never shows a secret in a problem", () => {
  const env = { TOOL_KEY: `${KEY}\r\nx: y`, TOOL_HOST: `${KEY} / not a host` };
  const wrong = problems(
    fileOf({
      headers: { key: "${TOOL_KEY}", "bad name": "typed-in-secret", other: "typed-in-secret\n" },
      url: "https://${TOOL_HOST}/",
    }),
    { env },
  );
  assertEquals(wrong.length, 3);
  assert(!wrong.join().includes("secret"), wrong.join("\n"));
  assertEquals(problems(fileOf({ headers: { key: "${TOOL_KEY}" } }), { env }), [
    "tools.t.headers.key: the values of its variables contain characters other than printable ASCII; fix them",
  ]);
});

Deno.test("loadAssistants() rejects placeholders, user names and passwords in the host of a URL", () => {
  const parameters = { type: "object", properties: { a: {} } };
  const wrong = [
    "https://{{a}}/",
    "https://{{a}}.example/",
    "https://shop.example{{a}}/",
    "https://shop.example:{{a}}/",
    "https://{{a}}@shop.example/",
    "https://user:word@shop.example/",
    "https://shop.example\\@evil.example/",
    "//shop.example/",
    "{{a}}",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "https://",
    "https://shop.example:99999/",
  ];
  for (const url of wrong) {
    assertEquals(problems(fileOf({ url, parameters })), [
      "tools.t.url: allowed: a URL such as https://api.example.com/orders, without {{…}} in the host and without user name or password",
    ], url);
  }
  for (
    const url of ["https://shop.example/{{a}}", "https://shop.example?x={{a}}", "HTTPS://[2001:db8::1]:8443"]
  ) {
    assertEquals(toolOf({ url, parameters })?.url, url);
  }
  for (const section of ["mcpServers", "afterCall"]) {
    const hook = { url: "https://a.example/{{caller}}" };
    const rest = section === "afterCall" ? hook : { m: { ...hook, allowedTools: ["x"] } };
    assertEquals(problems({ [section]: rest, assistants: { one: {} } }).map((each) => each.split(": ")[1]), [
      "found {{…}}; allowed",
    ], section);
  }
});

Deno.test("loadAssistants() accepts http for localhost and with allowPrivate only", () => {
  for (const host of ["localhost", "app.localhost", "127.0.0.1", "127.9.8.7:80", "[::1]:8080"]) {
    assertEquals(toolOf({ url: `http://${host}/` })?.allowPrivate, true, host);
  }
  for (
    const host of ["shop.example", "10.0.0.1", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]"]
  ) {
    assertEquals(problems(fileOf({ url: `http://${host}/` })), [
      "tools.t.url: allowed: https, unless the host is localhost or allowPrivate is true",
    ], host);
    assertEquals(toolOf({ url: `http://${host}/`, allowPrivate: true })?.allowPrivate, true);
    assertEquals(toolOf({ url: `https://${host}/` })?.allowPrivate, false, host);
  }
});

Deno.test("loadAssistants() rejects headers that Parley sets itself and invalid header names", () => {
  for (const name of ["host", "Content-Length", "transfer-encoding", "a b", "", "ä"]) {
    assertEquals(problems(fileOf({ headers: { [name]: "x" } })).length, 1, name);
  }
  for (const name of ["hostname", "x-te", "content-type"]) {
    assertEquals(toolOf({ headers: { [name]: "x" } })?.headers, { [name]: "x" });
  }
});
