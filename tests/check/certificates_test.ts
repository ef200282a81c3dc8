import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkCertificateFile, checkPublicCertificate } from "../../src/check/certificates.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { CERT, CHAIN, freePort, KEY, network, StandIn } from "./stand_in.ts";

/** A clock on a day. CERT is valid from 2026-11-21 to 2126-10-28, the first of CHAIN to 2126-07-20. */
function on(day: string): Clock {
  return { ...systemClock, wallTime: () => Date.parse(`${day}T00:00:00Z`) };
}

const OTHER_KEY = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"])
  .then(({ privateKey }) => crypto.subtle.exportKey("pkcs8", privateKey))
  .then((der) =>
    `-----BEGIN PRIVATE KEY-----\n${new Uint8Array(der).toBase64()}\n-----END PRIVATE KEY-----\n`
  );

Deno.test("the dates of the certificate Twilio sees", async () => {
  await using service = new StandIn({ tls: true });
  const judge = async (day: string) => {
    const { level, found } = await checkPublicCertificate(service.url, { ...network, clock: on(day) });
    return [level, found];
  };
  assertEquals(await judge("2126-10-14"), ["ok", "valid until 2126-10-28; days left: 14"]);
  assertEquals(await judge("2126-10-15"), ["warning", "expires on 2126-10-28; days left: 13"]);
  assertEquals(await judge("2126-10-29"), ["failed", "expired on 2126-10-28"]);
  assertEquals(await judge("2026-11-01"), ["failed", "not valid before 2026-11-21T09:41Z"]);
});

Deno.test("an address that shows no certificate", async () => {
  await using service = new StandIn();
  const says = async (url: string) => {
    const { level, found } = await checkPublicCertificate(url, network);
    assertEquals(level, "warning");
    return found;
  };
  assertEquals(await says(service.url), "not checked: PUBLIC_URL does not begin with https://");
  const port = freePort();
  assertStringIncludes(
    await says(`https://localhost:${port}`),
    `localhost:${port} showed none: nothing listens`,
  );
  assertStringIncludes(await says(service.url.replace("http", "https")), "showed none: ");
});

Deno.test("the files: certificate, chain and key", () => {
  const url = "https://phone.example.com";
  const clock = on("2127-01-01");
  const [leaf = "", issuer = ""] = CHAIN.match(/-----BEGIN[^]*?END CERTIFICATE-----\n/g) ?? [];
  const fine = checkCertificateFile({ certificates: CHAIN, key: KEY }, url, on("2100-01-01"));
  assertEquals([fine.level, fine.found.slice(0, 22)], ["ok", "valid until 2126-07-20"]);
  const cases: [string, string, string, string, Clock][] = [
    [CHAIN, KEY, url, "expired on 2126-07-20", clock],
    [CHAIN, KEY, "https://other.example.com", "not for other.example.com", on("2100-01-01")],
    [CHAIN, OTHER_KEY, url, "is not that of the first certificate", on("2100-01-01")],
    [CHAIN, "no key at all", url, "is not that of the first certificate", on("2100-01-01")],
    [issuer + leaf, KEY, url, "is not that of the first certificate", on("2100-01-01")],
    [
      leaf + leaf,
      KEY,
      url,
      "certificate 1 in TLS_CERT_FILE was not issued by the one after it",
      on("2100-01-01"),
    ],
    ["nothing", KEY, url, "TLS_CERT_FILE holds no certificate", on("2100-01-01")],
    [leaf.replace("MII", "AAA"), KEY, url, "TLS_CERT_FILE holds no certificate", on("2100-01-01")],
  ];
  for (const [certificates, key, address, says, at] of cases) {
    const { level, found } = checkCertificateFile({ certificates, key }, address, at);
    assertEquals(level, "failed", says);
    assertStringIncludes(found, says);
  }
  const alone = checkCertificateFile({ certificates: leaf, key: KEY }, url, on("2100-01-01"));
  assertEquals(alone.level, "warning");
  assertStringIncludes(alone.remedy ?? "", "fullchain.pem");
});

Deno.test("which names a certificate is for", () => {
  const level = (certificates: string, url: string | undefined) =>
    checkCertificateFile({ certificates, key: KEY }, url, on("2100-01-01")).level;
  assertEquals(level(CHAIN, "https://a.wild.example.com/parley"), "ok");
  assertEquals(level(CHAIN, "https://a.b.wild.example.com"), "failed");
  assertEquals(level(CHAIN, undefined), "ok", "no name is asked for");
  assertEquals(level(CERT, "https://localhost:1"), "ok", "it vouches for itself");
  assertEquals(level(CERT, "https://127.0.0.1:1"), "ok");
});
