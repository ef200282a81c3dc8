import type { CertificateFiles } from "../../src/http/listen/certificate.ts";

const FIXTURES = new URL("../http/fixtures/", import.meta.url);

/** A certificate for localhost: with its chain, its key, and the authority it is to be trusted for. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly root: string;
}

/** Both are good until 2120, from authorities that do not know each other. */
export const FIRST = certificate("first");
export const SECOND = certificate("second");

function certificate(name: string): TestCertificate {
  const read = (part: string) => Deno.readTextFileSync(new URL(`test_only_${name}_${part}.pem`, FIXTURES));
  return { cert: read("cert"), key: read("key"), root: read("root") };
}

/**
 * Fetches over a new connection, trusting the certificate's authority only: the server must send the chain. The response is
 * read whole.
 */
export async function fetchTrusting(
  { root }: Pick<TestCertificate, "root">,
  url: string,
  init: RequestInit = {},
): Promise<Response> {
  using client = Deno.createHttpClient({ caCerts: [root], poolMaxIdlePerHost: 0 });
  const response = await fetch(url, { ...init, client } as RequestInit);
  return new Response(await response.text(), response);
}

/** The two files of a server, to be renewed. */
export class RenewedFiles implements CertificateFiles, Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly certFile = `${this.folder}/fullchain.pem`;
  readonly keyFile = `${this.folder}/privkey.pem`;

  constructor(first: Pick<TestCertificate, "cert" | "key">) {
    this.put(first);
  }

  put({ cert, key }: Pick<TestCertificate, "cert" | "key">): void {
    Deno.writeTextFileSync(this.certFile, cert);
    Deno.writeTextFileSync(this.keyFile, key);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}
