import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkCertificateFile, checkPublicCertificate } from "../../src/check/certificates.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { freePort } from "../support/free_port.ts";
import { CERT, CHAIN, KEY, network, StubService } from "./stub_service.ts";

/**
 * A clock that shows midnight UTC of a day. CERT is valid from 2026-11-21 to 2126-10-28, and the first
 * certificate of CHAIN to 2126-07-20.
 */
function clockOn(day: string): Clock {
  return { ...systemClock, wallTime: () => Date.parse(`${day}T00:00:00Z`) };
}

const OTHER_KEY = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"])
  .then(({ privateKey }) => crypto.subtle.exportKey("pkcs8", privateKey))
  .then((der) =>
    `-----BEGIN PRIVATE KEY-----\n${new Uint8Array(der).toBase64()}\n-----END PRIVATE KEY-----\n`
  );

Deno.test("checkPublicCertificate() warns 14 days before expiry, and fails for an expired or future certificate", async () => {
  await using service = new StubService({ tls: true });
  const levelAndMessage = async (day: string) => {
    const { level, message } = await checkPublicCertificate(service.url, { ...network, clock: clockOn(day) });
    return [level, message];
  };
  assertEquals(await levelAndMessage("2126-10-14"), ["ok", "valid until 2126-10-28; days left: 14"]);
  assertEquals(await levelAndMessage("2126-10-15"), ["warning", "expires on 2126-10-28; days left: 13"]);
  assertEquals(await levelAndMessage("2126-10-29"), ["failed", "expired on 2126-10-28"]);
  assertEquals(await levelAndMessage("2026-11-01"), ["failed", "not valid before 2026-11-21T09:41Z"]);
});

Deno.test("checkPublicCertificate() skips http URLs and servers without a certificate", async () => {
  await using service = new StubService();
  const warningFor = async (url: string) => {
    const { level, message } = await checkPublicCertificate(url, network);
    assertEquals(level, "warning");
    return message;
  };
  assertEquals(await warningFor(service.url), "not checked: PUBLIC_URL does not start with https://");
  const port = freePort();
  assertStringIncludes(
    await warningFor(`https://localhost:${port}`),
    `localhost:${port} cannot be reached: connection refused`,
  );
  assertStringIncludes(await warningFor(service.url.replace("http", "https")), "presented no certificate: ");
});

Deno.test("checkCertificateFile() checks certificate, chain and key", () => {
  const url = "https://phone.example.com";
  const clock = clockOn("2127-01-01");
  const [leaf = "", issuer = ""] = CHAIN.match(/-----BEGIN[^]*?END CERTIFICATE-----\n/g) ?? [];
  const valid = checkCertificateFile({ certificates: CHAIN, key: KEY }, url, clockOn("2100-01-01"));
  assertEquals([valid.level, valid.message.slice(0, 22)], ["ok", "valid until 2126-07-20"]);
  const cases: [string, string, string, string, Clock][] = [
    [CHAIN, KEY, url, "expired on 2126-07-20", clock],
    [CHAIN, KEY, "https://other.example.com", "not for other.example.com", clockOn("2100-01-01")],
    [CHAIN, OTHER_KEY, url, "does not belong to the first certificate", clockOn("2100-01-01")],
    [CHAIN, "no key at all", url, "does not belong to the first certificate", clockOn("2100-01-01")],
    [issuer + leaf, KEY, url, "does not belong to the first certificate", clockOn("2100-01-01")],
    [
      leaf + leaf,
      KEY,
      url,
      "certificate 1 in TLS_CERT_FILE was not issued by the one after it",
      clockOn("2100-01-01"),
    ],
    ["nothing", KEY, url, "TLS_CERT_FILE contains no certificate", clockOn("2100-01-01")],
    [leaf.replace("MII", "AAA"), KEY, url, "TLS_CERT_FILE contains no certificate", clockOn("2100-01-01")],
  ];
  for (const [certificates, key, address, expected, at] of cases) {
    const { level, message } = checkCertificateFile({ certificates, key }, address, at);
    assertEquals(level, "failed", expected);
    assertStringIncludes(message, expected);
  }
  const withoutIssuer = checkCertificateFile({ certificates: leaf, key: KEY }, url, clockOn("2100-01-01"));
  assertEquals(withoutIssuer.level, "warning");
  assertStringIncludes(withoutIssuer.remedy ?? "", "fullchain.pem");
});

Deno.test("checkCertificateFile() compares the host with names and wildcards", () => {
  const level = (certificates: string, url: string | undefined) =>
    checkCertificateFile({ certificates, key: KEY }, url, clockOn("2100-01-01")).level;
  assertEquals(level(CHAIN, "https://a.wild.example.com/parley"), "ok");
  assertEquals(level(CHAIN, "https://a.b.wild.example.com"), "failed");
  assertEquals(level(CHAIN, undefined), "ok", "without a host");
  assertEquals(level(CERT, "https://localhost:1"), "ok", "self-signed");
  assertEquals(level(CERT, "https://127.0.0.1:1"), "ok");
});
