/** Asks one address with the permissions it was given, and says what came back. */

import { guardedFetch } from "../../src/tools/guarded_fetch.ts";

/** What it is asked. */
export interface Question {
  readonly url: string;
  readonly caCerts: readonly string[];
  /** Where it answers. */
  readonly port: MessagePort;
}

globalThis.addEventListener("message", async (event) => {
  if (!(event instanceof MessageEvent)) return;
  const { url: address, caCerts, port }: Question = event.data;
  const url = new URL(address);
  const guard = { hosts: [url.host], allowPrivate: true, caCerts };
  const answer = await guardedFetch({ method: "GET", url }, guard, new AbortController().signal)
    .catch((error) => String(error));
  port.postMessage(answer);
  port.close();
});
