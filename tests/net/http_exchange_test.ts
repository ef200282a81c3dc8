import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type HttpResponse,
  HttpResponseError,
  isValidHeader,
  sendHttpRequest,
} from "../../src/net/http_exchange.ts";

/** A connection that reads and writes at most `chunkBytes` at a time. */
class FakeConnection {
  sent = "";
  readonly #decoder = new TextDecoder();
  #response: Uint8Array;

  constructor(response: string | Uint8Array, readonly chunkBytes = 65536) {
    this.#response = typeof response === "string" ? new TextEncoder().encode(response) : response;
  }

  write(bytes: Uint8Array): Promise<number> {
    const written = bytes.subarray(0, this.chunkBytes);
    this.sent += this.#decoder.decode(written, { stream: true });
    return Promise.resolve(written.length);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const chunk = this.#response.subarray(0, Math.min(this.chunkBytes, buffer.length));
    this.#response = this.#response.subarray(chunk.length);
    buffer.set(chunk);
    return Promise.resolve(chunk.length === 0 ? null : chunk.length);
  }
}

const REQUEST = { method: "GET", url: new URL("http://shop.example.com/a?b=c"), headers: {} };

function read(response: string | Uint8Array, chunkBytes?: number, maxBytes = 1000): Promise<HttpResponse> {
  return sendHttpRequest(new FakeConnection(response, chunkBytes), REQUEST, maxBytes);
}

const OK = "HTTP/1.1 200 OK\r\n";
const RESPONSES: Record<string, string> = {
  "with a length": `${OK}Content-Length: 5\r\n\r\nhello, and more`,
  "in chunks":
    `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;name="value"\r\nllo\r\n0\r\nx-check: 1\r\n\r\n`,
  "until the end": `${OK}content-type: text/plain\r\n\r\nhello`,
  "after informational responses":
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}\r\nhello`,
  "with line feeds only": "HTTP/1.0 200 OK\ncontent-length:5\n\nhello",
  "without a reason": "HTTP/1.1 200\r\n\r\nhello",
  "with headers that are not ASCII": `${OK}x-name: “Zoë”\r\n\r\nhello`,
};

for (const [how, response] of Object.entries(RESPONSES)) {
  Deno.test(`sendHttpRequest() reads a response ${how} in chunks of any size`, async () => {
    for (const chunkBytes of [1, 2, 3, 7, 65536]) {
      const { status, body } = await read(response, chunkBytes);
      assertEquals([status, new TextDecoder().decode(body)], [200, "hello"]);
    }
  });
}

Deno.test("sendHttpRequest() reads no body after 204 and 304", async () => {
  for (const status of [204, 304]) {
    assertEquals(
      (await read(`HTTP/1.1 ${status} X\r\ncontent-length: 5\r\n\r\nhello`)).body,
      new Uint8Array(0),
    );
  }
});

Deno.test("sendHttpRequest() sends the whole request in small writes", async () => {
  const connection = new FakeConnection(`${OK}\r\n`, 3);
  const url = new URL("https://shop.example.com:8443/orders/1%2F2?q=%20#fragment");
  await sendHttpRequest(connection, { method: "POST", url, headers: { "x-name": "a b" }, body: "Zoë" }, 10);
  assertEquals(
    connection.sent,
    [
      "POST /orders/1%2F2?q=%20 HTTP/1.1",
      "host: shop.example.com:8443",
      "connection: close",
      "accept-encoding: identity",
      "content-length: 4",
      "x-name: a b",
      "",
      "Zoë",
    ].join("\r\n"),
  );
});

Deno.test("sendHttpRequest() rejects invalid and reserved headers", async () => {
  const headers: [string, string][] = [
    ["x-name", "a\r\nx-admin: 1"],
    ["x-name", "a\nb"],
    ["x-name", "a\0"],
    ["x-name", "☎"],
    ["x-name\r\nx-admin", "1"],
    ["x name", "1"],
    ["", "1"],
    ["Host", "other.example.com"],
    ["Content-Length", "0"],
    ["Transfer-Encoding", "chunked"],
  ];
  for (const [name, value] of headers) {
    assertEquals(isValidHeader(name, value), false);
    const connection = new FakeConnection(`${OK}\r\n`);
    await assertRejects(
      () => sendHttpRequest(connection, { ...REQUEST, headers: { [name]: value } }, 10),
      TypeError,
    );
    assertEquals(connection.sent, "");
  }
});

const MALFORMED: Record<string, [response: string, message: string]> = {
  "an empty response": ["", "connection ended before the response did"],
  "another protocol": ["SSH-2.0-OpenSSH_9.9\r\n", "is not HTTP/1.1"],
  "HTTP/2": ["HTTP/2 200\r\n\r\n", "is not HTTP/1.1"],
  "an invalid status": ["HTTP/1.1 999 X\r\n\r\n", "is not HTTP/1.1"],
  "switching protocols": ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "switches protocols"],
  "an incomplete head": [`${OK}content-length: 5\r\n`, "connection ended before the response did"],
  "a header without a colon": [`${OK}content-length 5\r\n\r\n`, "malformed header"],
  "a folded header": [`${OK}x: a\r\n b\r\n\r\n`, "malformed header"],
  "a header with a NUL": [`${OK}x: a\0b\r\n\r\n`, "malformed header"],
  "an incomplete body": [`${OK}content-length: 5\r\n\r\nhell`, "connection ended before the response did"],
  "a negative length": [`${OK}content-length: -5\r\n\r\nhello`, "is not a number"],
  "two lengths": [`${OK}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`, "is not a number"],
  "an incomplete chunk": [
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhel`,
    "connection ended before the response did",
  ],
  "a missing last chunk": [
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    "connection ended before the response did",
  ],
  "a chunk without a size": [`${OK}transfer-encoding: chunked\r\n\r\nhello\r\n`, "a chunk has no size"],
  "a chunk of a negative size": [`${OK}transfer-encoding: chunked\r\n\r\n-5\r\nhello`, "a chunk has no size"],
  "a chunk longer than its size": [
    `${OK}transfer-encoding: chunked\r\n\r\n2\r\nhello\r\n`,
    "longer than its size",
  ],
  "a chunk of 4 GB": [
    `${OK}transfer-encoding: chunked\r\n\r\nffffffff\r\n${"x".repeat(2000)}`,
    "longer than 1000",
  ],
  "another transfer encoding": [
    `${OK}transfer-encoding: gzip, chunked\r\n\r\n`,
    "transfer encoding is unknown",
  ],
  "a compressed body": [`${OK}content-encoding: br\r\n\r\nhello`, "compressed"],
  "a length beyond the limit": [`${OK}content-length: 1001\r\n\r\n`, "longer than 1000"],
  "a body beyond the limit": [`${OK}\r\n${"x".repeat(1001)}`, "longer than 1000"],
  "a line longer than 16 KiB": [`${OK}x: ${"a".repeat(20_000)}`, "a line is longer than"],
  "too many headers": [`${OK}${`x: ${"a".repeat(1000)}\r\n`.repeat(20)}`, "the headers are longer than"],
  "endless informational responses": [
    "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000),
    "the headers are longer than",
  ],
};

for (const [what, [response, message]] of Object.entries(MALFORMED)) {
  Deno.test(`sendHttpRequest() rejects ${what}`, async () => {
    for (const chunkBytes of [1, 65536]) {
      const error = await assertRejects(() => read(response, chunkBytes), HttpResponseError);
      assertStringIncludes(error.message, message);
    }
  });
}

Deno.test("sendHttpRequest() ends within its limits for 3,000 corrupted responses", async () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  let valid = 0;
  for (let round = 0; round < 3000; round++) {
    const responses = Object.values(RESPONSES);
    const bytes = new TextEncoder().encode(responses[round % responses.length]);
    for (let changes = random(4); changes >= 0; changes--) bytes[random(bytes.length)] = random(256);
    try {
      const { body } = await read(bytes.subarray(0, bytes.length - random(3)), 1 + random(20), 20);
      assert(body.length <= 20);
      valid++;
    } catch (error) {
      assert(error instanceof HttpResponseError, String(error));
    }
  }
  assert(valid > 300 && valid < 2900, `${valid} of 3000 were still valid`);
});
