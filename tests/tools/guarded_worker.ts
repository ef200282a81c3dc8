/** Fetches one URL with the permissions of the worker and posts the result. */

import { guardedFetch } from "../../src/tools/guarded_fetch.ts";

/** The message the worker expects. */
export interface FetchMessage {
  readonly url: string;
  readonly caCerts: readonly string[];
  /** Receives the result. */
  readonly port: MessagePort;
}

globalThis.addEventListener("message", async (event) => {
  if (!(event instanceof MessageEvent)) return;
  const { url: address, caCerts, port }: FetchMessage = event.data;
  const url = new URL(address);
  const policy = { hosts: [url.host], allowPrivate: true, caCerts };
  const result = await guardedFetch({ method: "GET", url }, policy, new AbortController().signal)
    .catch((error) => String(error));
  port.postMessage(result);
  port.close();
});
