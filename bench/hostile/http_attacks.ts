import { type Attack, attack, refused, type Target, uncounted } from "./attack.ts";
import { clientAddress, itemAt, MEGABYTE, requestsTo, UNSIGNED, WEBHOOKS } from "./requests.ts";
import { requestText } from "./wire.ts";

const MALFORMED = [
  "GET\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "G@T / HTTP/1.1\r\nhost: x\r\n\r\n",
  "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
  `GET /${"x".repeat(70_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
  "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabc",
  "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
];
const PATHS = [
  "/wp-login.php",
  "/.env",
  "/../../etc/passwd",
  "//evil.example/incoming-call",
  "/%00",
  "/__proto__",
  "/constructor",
  "/incoming-call/",
  "/api/calls/a/b",
];
const MANY_HEADERS = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, "y"]));

/** Malformed HTTP, unknown paths, and connections that only take up resources. */
export function httpAttacks(target: Target): Attack[] {
  const { send, get } = requestsTo(target);
  return [
    attack("bytes that are not HTTP", 300, uncounted("400", "closed"), (n) => {
      const noise = Array.from({ length: 62 + n % 512 }, (_, i) => (n * 31 + i * 97) % 256);
      return send(Uint8Array.from([...noise, 10, 10]));
    }),
    attack("malformed request", 350, uncounted("400"), (n) => send(itemAt(MALFORMED, n))),
    attack("HTTP/2 preface, then bytes that are not HTTP/2", 100, uncounted("closed"), () => {
      return send(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"x".repeat(100)}`);
    }),
    attack("endless headers", 150, uncounted("400", "431", "closed"), (n) => {
      return get("/", n % 2 ? { "x-long": MEGABYTE } : MANY_HEADERS);
    }),
    attack("headers of 60 kB", 200, refused("request/headers too long", "431"), (n) => {
      return get(itemAt(WEBHOOKS, n), { "x-forwarded-for": "::1,".repeat(15_000) });
    }),
    attack("X-Forwarded-For of 8,000 entries", 400, refused("request/no credentials", "401"), () => {
      return get("/api/calls", { "x-forwarded-for": `${"::1,".repeat(8_000)}203.0.113.9` });
    }),
    attack("address of 20 kB", 200, refused("request/address too long", "414"), (n) => {
      return get(`${itemAt(WEBHOOKS, n)}?${"a=&".repeat(7_000)}`, clientAddress(n));
    }),
    attack("silent connection", 200, uncounted("silent", "closed"), (_, allDone) => {
      return send("", { holdUntil: allDone });
    }, { when: "throughout" }),
    attack("headers sent one by one", 200, uncounted("silent", "closed"), (n, allDone) => {
      const drip = { text: `x-${n}: y\r\n`, everyMs: 2_000 };
      return send("GET / HTTP/1.1\r\nhost: x\r\n", { holdUntil: allDone, drip });
    }, { when: "throughout" }),
    attack("no such address", 600, refused("request/no such address", "404"), (n) => {
      return get(itemAt(PATHS, n), clientAddress(n));
    }),
    attack("wrong method", 300, refused("request/method", "405"), (n) => {
      const method = itemAt(["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"], n);
      const path = itemAt([...WEBHOOKS, "/media-stream", "/metrics", "/healthz"], n);
      return send(requestText(`${method} ${path}`, clientAddress(n)));
    }),
    attack("Host of another site", 200, UNSIGNED, (n) => {
      const host = itemAt(["", "evil.example", "user:secret@host", "localhost:1", "127.0.0.1"], n);
      return get(itemAt(WEBHOOKS, n), { ...clientAddress(n), host });
    }),
    attack("invalid Host", 200, refused("request/bad address", "400"), (n) => {
      const host = itemAt(["a b", "[::1", "host:99999", "%00", "ho<st"], n);
      return get(itemAt(WEBHOOKS, n), { ...clientAddress(n), host });
    }),
  ];
}
