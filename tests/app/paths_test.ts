import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { relative } from "node:path";
import { StartError } from "../../src/app/confined_worker.ts";
import { startRecordsThread } from "../../src/app/records_thread.ts";
import { probeSandbox } from "../../src/app/sandbox.ts";
import { startService } from "../../src/app/service.ts";
import { fetchTrusting, FIRST, RenewedFiles, SECOND, type TestCertificate } from "../support/certificates.ts";
import { configOf } from "../support/service.ts";
import { poll } from "../support/wait_until.ts";

/** A temporary folder outside the checkout. */
class TempFolder implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync());

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const ENV = { PORT: "0", LOG_LEVEL: "error", OPENAI_REALTIME_URL: "ws://127.0.0.1:9" };

async function startAndStop(env: Record<string, string>): Promise<void> {
  const config = configOf({ ...ENV, ...env });
  const service = await startService(config, undefined);
  try {
    assertEquals(await probeSandbox(config), []);
  } finally {
    service.send("stop");
    await service.stopped;
  }
}

Deno.test("startService() accepts any DATA_DIR: absolute, relative, missing or a symlink", async () => {
  using folder = new TempFolder();
  Deno.mkdirSync(`${folder.path}/real`);
  Deno.symlinkSync(`${folder.path}/real`, `${folder.path}/link`);
  const cases: [dataDir: string, file: string][] = [
    [`${folder.path}/srv/parley/`, "srv/parley/calls.db"],
    [relative(Deno.cwd(), `${folder.path}/relative`), "relative/calls.db"],
    [`${folder.path}/link`, "real/calls.db"],
  ];
  for (const [DATA_DIR, file] of cases) {
    await startAndStop({ DATA_DIR });
    assertEquals(Deno.statSync(`${folder.path}/${file}`).isFile, true, DATA_DIR);
  }
});

Deno.test("startService() reads and renews a certificate through symlinks outside the checkout", async () => {
  using folder = new TempFolder();
  using archive = new RenewedFiles(FIRST);
  const tls = { TLS_CERT_FILE: `${folder.path}/fullchain.pem`, TLS_KEY_FILE: `${folder.path}/privkey.pem` };
  Deno.symlinkSync(archive.certFile, tls.TLS_CERT_FILE);
  Deno.symlinkSync(archive.keyFile, tls.TLS_KEY_FILE);
  const config = configOf({ ...ENV, ...tls, DATA_DIR: `${folder.path}/data` });
  const service = await startService(config, undefined);
  const get = async (certificate: TestCertificate) =>
    await (await fetchTrusting(certificate, `${service.url}/healthz`)).json();
  assertEquals(await get(FIRST), { status: "ok" });
  assertEquals(await probeSandbox(config), []);
  // Renewal as by certbot: the links lead to new files.
  using renewed = new RenewedFiles(SECOND);
  for (
    const [link, file] of [[tls.TLS_CERT_FILE, renewed.certFile], [
      tls.TLS_KEY_FILE,
      renewed.keyFile,
    ]] as const
  ) {
    Deno.removeSync(link);
    Deno.symlinkSync(file, link);
  }
  service.send({ reload: undefined });
  assertEquals(await poll("the renewed certificate", () => get(SECOND).catch(() => false)), { status: "ok" });
  service.send("stop");
  await service.stopped;
});

Deno.test("startService() names the setting whose path cannot be used", async () => {
  using folder = new TempFolder();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  Deno.symlinkSync(`${folder.path}/nowhere`, `${folder.path}/dangling`);
  const data = { DATA_DIR: `${folder.path}/data` };
  const cases: [env: Record<string, string>, message: RegExp][] = [
    [{ DATA_DIR: `${folder.path}/file` }, /^DATA_DIR: cannot create ".*\/file": .*; name a folder/],
    [
      { DATA_DIR: `${folder.path}/file/data` },
      /^DATA_DIR: cannot create ".*\/file\/data": .*; name a folder/,
    ],
    [{ DATA_DIR: `${folder.path}/dangling` }, /^DATA_DIR: cannot create ".*\/dangling": .*; name a folder/],
    [
      { ...data, TLS_CERT_FILE: `${folder.path}/cert.pem`, TLS_KEY_FILE: `${folder.path}/file` },
      /^TLS_CERT_FILE: cannot read ".*\/cert\.pem": it does not exist; name a PEM file/,
    ],
    [
      { ...data, TLS_CERT_FILE: `${folder.path}/file`, TLS_KEY_FILE: `${folder.path}/key.pem` },
      /^TLS_KEY_FILE: cannot read ".*\/key\.pem": it does not exist; name a PEM file/,
    ],
    [
      { ...data, TLS_CERT_FILE: `${folder.path}/file`, TLS_KEY_FILE: `${folder.path}/file` },
      /^TLS_CERT_FILE: ".*\/file" does not contain a PEM certificate/,
    ],
  ];
  for (const [env, message] of cases) {
    const error = await assertRejects(
      () => startService(configOf({ ...ENV, ...env }), undefined),
      StartError,
    );
    assertMatch(error.message, message);
  }
});

Deno.test({
  name: "startService() names DATA_DIR when Deno was started without permission for it",
  permissions: { read: true, write: false, net: true },
  async fn() {
    const config = configOf({ ...ENV, DATA_DIR: "/var/lib/parley" });
    const message = 'DATA_DIR: Deno was started without permission for "/var/lib/parley"';
    await assertRejects(() => startRecordsThread(config), StartError, message);
    await assertRejects(() => startService(config, undefined), StartError, message);
  },
});

Deno.test({
  name: "startService() names TLS_KEY_FILE when Deno was started without permission for it",
  permissions: { read: ["/data", "/cert.pem"], write: ["/data"], net: true },
  async fn() {
    const config = configOf({
      ...ENV,
      DATA_DIR: "/data",
      TLS_CERT_FILE: "/cert.pem",
      TLS_KEY_FILE: "/key.pem",
    });
    const message = 'TLS_KEY_FILE: Deno was started without permission for "/key.pem"';
    await assertRejects(() => probeSandbox(config, "/"), StartError, message);
  },
});
