import { assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../src/app/confined_worker.ts";
import { startService } from "../../src/app/service.ts";
import { fetchTrusting, FIRST, RenewedFiles, SECOND, type TestCertificate } from "../support/certificates.ts";
import { configOf, TestService } from "../support/service.ts";

/** Certificate, CA bundle and key in three files, as an authority delivers them. */
class DeliveredFiles extends RenewedFiles {
  readonly caFile = `${this.folder}/ca-bundle.crt`;

  constructor(first: TestCertificate) {
    super(first);
    this.deliver(first);
  }

  deliver({ cert, key, root }: TestCertificate): void {
    const [leaf = "", ...chain] = cert.match(/-----BEGIN[^]*?END CERTIFICATE-----/g) ?? [];
    // Without a line feed at its end: mere concatenation would join two PEM lines.
    this.put({ cert: leaf.replaceAll("\n", "\r\n"), key });
    Deno.writeTextFileSync(this.caFile, [...chain, root].join("\n"));
  }

  get settings() {
    return {
      PORT: "0",
      LOG_LEVEL: "error",
      OPENAI_REALTIME_URL: "ws://127.0.0.1:9",
      TLS_CERT_FILE: this.certFile,
      TLS_KEY_FILE: this.keyFile,
      TLS_CA_FILE: this.caFile,
      DATA_DIR: `${this.folder}/data`,
    };
  }
}

Deno.test("TLS_CA_FILE completes the chain of a certificate, within the service's permissions", async () => {
  using files = new DeliveredFiles(FIRST);
  const service = await startService(configOf(files.settings), undefined);
  try {
    assertEquals((await fetchTrusting(FIRST, `${service.url}/healthz`)).status, 200);
  } finally {
    service.send("stop");
    await service.stopped;
  }
});

Deno.test("TLS_CA_FILE is renewed with the certificate, without a restart", async () => {
  using files = new DeliveredFiles(FIRST);
  await using service = new TestService(files.settings);
  files.deliver(SECOND);
  await service.server.reload();
  assertEquals((await fetchTrusting(SECOND, `${service.url}/healthz`)).status, 200);
});

Deno.test("startService() names TLS_CA_FILE when it cannot be used", async () => {
  using files = new DeliveredFiles(FIRST);
  const start = (TLS_CA_FILE: string) =>
    startService(configOf({ ...files.settings, TLS_CA_FILE }), undefined);
  await assertRejects(() => start(`${files.folder}/none.crt`), StartError, "TLS_CA_FILE: cannot read");
  Deno.writeTextFileSync(`${files.folder}/empty.crt`, "");
  await assertRejects(() => start(`${files.folder}/empty.crt`), StartError, "TLS_CA_FILE: ");
});
