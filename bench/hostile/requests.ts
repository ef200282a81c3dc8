/** Helpers that several kinds of attacks share. */

import { twilioSignature } from "../../src/twilio/request_signature.ts";
import { refused, type Target } from "./attack.ts";
import { exchange, type ExchangeOptions, requestText } from "./wire.ts";

export const WEBHOOKS = ["/incoming-call", "/after-stream", "/call-status", "/stream-status"];
export const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
export const MEGABYTE = "x".repeat(1_048_576);
/** Expected effect of a request without a valid signature. */
export const UNSIGNED = refused("request/signature", "403");

/** The header of a trusted proxy that names one of 250 client addresses. */
export const clientAddress = (n: number) => ({ "x-forwarded-for": `203.0.113.${n % 250}` });

/** The items in turn: item `n` modulo their number. */
export function itemAt<Item>(items: readonly Item[], n: number): Item {
  const item = items[n % items.length];
  if (item === undefined) throw new Error("Cannot pick from nothing");
  return item;
}

/** Functions that send requests to a target and sign them as Twilio does. */
export function requestsTo({ port, publicUrl, authToken }: Target) {
  const send = (bytes: string | Uint8Array<ArrayBuffer>, options?: ExchangeOptions) =>
    exchange(port, bytes, options);
  return {
    send,
    get: (path: string, headers: Record<string, string>, options?: ExchangeOptions) =>
      send(requestText(`GET ${path}`, headers), options),
    post: (path: string, headers: Record<string, string>, body: string) =>
      send(requestText(`POST ${path}`, { ...FORM_TYPE, ...headers }, body)),
    sign: (path: string, form: Record<string, string> = {}, token = authToken, base = publicUrl) =>
      twilioSignature(token, base + path, form),
  };
}
