import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AnswerError, exchange, type HttpAnswer, isHeader } from "../../src/tools/http_exchange.ts";

/** A connection on which an answer comes in pieces of so many bytes. */
class Line {
  sent = "";
  readonly #decoder = new TextDecoder();
  #answer: Uint8Array;

  constructor(answer: string | Uint8Array, readonly piece = 65536) {
    this.#answer = typeof answer === "string" ? new TextEncoder().encode(answer) : answer;
  }

  write(bytes: Uint8Array): Promise<number> {
    const taken = bytes.subarray(0, this.piece);
    this.sent += this.#decoder.decode(taken, { stream: true });
    return Promise.resolve(taken.length);
  }

  read(space: Uint8Array): Promise<number | null> {
    const some = this.#answer.subarray(0, Math.min(this.piece, space.length));
    this.#answer = this.#answer.subarray(some.length);
    space.set(some);
    return Promise.resolve(some.length === 0 ? null : some.length);
  }
}

const REQUEST = { method: "GET", url: new URL("http://shop.example.com/a?b=c"), headers: {} };

function read(answer: string | Uint8Array, piece?: number, maxBytes = 1000): Promise<HttpAnswer> {
  return exchange(new Line(answer, piece), REQUEST, maxBytes);
}

const OK = "HTTP/1.1 200 OK\r\n";
const ANSWERS: Record<string, string> = {
  "with a length": `${OK}Content-Length: 5\r\n\r\nhello, and more`,
  "in chunks":
    `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;name="value"\r\nllo\r\n0\r\nx-check: 1\r\n\r\n`,
  "until the end": `${OK}content-type: text/plain\r\n\r\nhello`,
  "after announcements":
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}\r\nhello`,
  "with line feeds only": "HTTP/1.0 200 OK\ncontent-length:5\n\nhello",
  "without a reason": "HTTP/1.1 200\r\n\r\nhello",
  "with headers that are not ASCII": `${OK}x-name: “Zoë”\r\n\r\nhello`,
};

for (const [how, answer] of Object.entries(ANSWERS)) {
  Deno.test(`an answer ${how} is read, in pieces of any size`, async () => {
    for (const piece of [1, 2, 3, 7, 65536]) {
      const { status, body } = await read(answer, piece);
      assertEquals([status, new TextDecoder().decode(body)], [200, "hello"]);
    }
  });
}

Deno.test("204 and 304 have no body, whatever they say", async () => {
  for (const status of [204, 304]) {
    assertEquals(
      (await read(`HTTP/1.1 ${status} X\r\ncontent-length: 5\r\n\r\nhello`)).body,
      new Uint8Array(0),
    );
  }
});

Deno.test("a request goes out whole, however little a write takes", async () => {
  const line = new Line(`${OK}\r\n`, 3);
  const url = new URL("https://shop.example.com:8443/orders/1%2F2?q=%20#fragment");
  await exchange(line, { method: "POST", url, headers: { "x-name": "a b" }, body: "Zoë" }, 10);
  assertEquals(
    line.sent,
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

Deno.test("a header that would begin another line, or is the exchange's own, is not sent", async () => {
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
    assertEquals(isHeader(name, value), false);
    const line = new Line(`${OK}\r\n`);
    await assertRejects(() => exchange(line, { ...REQUEST, headers: { [name]: value } }, 10), TypeError);
    assertEquals(line.sent, "");
  }
});

const BROKEN: Record<string, [answer: string, message: string]> = {
  "nothing": ["", "ended in mid-answer"],
  "another protocol": ["SSH-2.0-OpenSSH_9.9\r\n", "is not HTTP/1.1"],
  "HTTP/2": ["HTTP/2 200\r\n\r\n", "is not HTTP/1.1"],
  "a status that is none": ["HTTP/1.1 999 X\r\n\r\n", "is not HTTP/1.1"],
  "switching protocols": ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "wants another protocol"],
  "a head that ends": [`${OK}content-length: 5\r\n`, "ended in mid-answer"],
  "a header without a colon": [`${OK}content-length 5\r\n\r\n`, "a header is broken"],
  "a header of two lines": [`${OK}x: a\r\n b\r\n\r\n`, "a header is broken"],
  "a header with a NUL": [`${OK}x: a\0b\r\n\r\n`, "a header is broken"],
  "a body that ends": [`${OK}content-length: 5\r\n\r\nhell`, "ended in mid-answer"],
  "a length that is none": [`${OK}content-length: -5\r\n\r\nhello`, "is no number"],
  "two lengths": [`${OK}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`, "is no number"],
  "a chunk that ends": [`${OK}transfer-encoding: chunked\r\n\r\n5\r\nhel`, "ended in mid-answer"],
  "a last chunk that is missing": [
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    "ended in mid-answer",
  ],
  "a chunk without a size": [`${OK}transfer-encoding: chunked\r\n\r\nhello\r\n`, "a chunk has no size"],
  "a chunk of a negative size": [`${OK}transfer-encoding: chunked\r\n\r\n-5\r\nhello`, "a chunk has no size"],
  "a chunk longer than it says": [
    `${OK}transfer-encoding: chunked\r\n\r\n2\r\nhello\r\n`,
    "longer than it says",
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
  "a line that is too long": [`${OK}x: ${"a".repeat(20_000)}`, "a line is longer than"],
  "too many headers": [`${OK}${`x: ${"a".repeat(1000)}\r\n`.repeat(20)}`, "the headers are longer than"],
  "announcements without end": [
    "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000),
    "the headers are longer than",
  ],
};

for (const [what, [answer, message]] of Object.entries(BROKEN)) {
  Deno.test(`refused: ${what}`, async () => {
    for (const piece of [1, 65536]) {
      const error = await assertRejects(() => read(answer, piece), AnswerError);
      assertStringIncludes(error.message, message);
    }
  });
}

Deno.test("whatever is broken of an answer, it ends, within its limits", async () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  let stillRead = 0;
  for (let round = 0; round < 3000; round++) {
    const answers = Object.values(ANSWERS);
    const bytes = new TextEncoder().encode(answers[round % answers.length]);
    for (let slips = random(4); slips >= 0; slips--) bytes[random(bytes.length)] = random(256);
    try {
      const { body } = await read(bytes.subarray(0, bytes.length - random(3)), 1 + random(20), 20);
      assert(body.length <= 20);
      stillRead++;
    } catch (error) {
      assert(error instanceof AnswerError, String(error));
    }
  }
  assert(stillRead > 300 && stillRead < 2900, `${stillRead} of 3000 were still answers`);
});
