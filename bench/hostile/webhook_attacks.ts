import { type Attack, attack, refused, type Target, uncounted } from "./attack.ts";
import { FORM_TYPE, MEGABYTE, pick, requestsTo, stranger, UNSIGNED, WEBHOOKS } from "./requests.ts";
import { requestText } from "./wire.ts";

const FORM = {
  AccountSid: "AC00000000000000000000000000000001",
  CallSid: "CA0000000000000000000000000000bad1",
  From: "+15551230000",
  To: "+15559870000",
  CallStatus: "ringing",
};
const BODY = new URLSearchParams(FORM).toString();
const NO_UTF8 = [0x43, 0x61, 0x6c, 0x6c, 0x3d, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80];
const OTHER_TYPES = ["application/json", "text/xml", "multipart/form-data; boundary=x", ""];

/** Webhooks that Twilio did not make, and bodies it would not send. */
export function webhookAttacks(target: Target): Attack[] {
  const { send, get, post, sign } = requestsTo(target);
  const { authToken } = target;
  /** A webhook whose signature is made for its path. */
  const webhook = async (
    n: number,
    signature: (path: string) => Promise<string>,
    body = BODY,
    type = FORM_TYPE["content-type"],
  ) => {
    const path = pick(WEBHOOKS, n);
    const headers = { ...stranger(n), "content-type": type, "x-twilio-signature": await signature(path) };
    return await post(path, headers, body);
  };
  /** The head of a webhook that announces so many bytes. */
  const head = (n: number, length: number) => {
    const headers = { ...FORM_TYPE, ...stranger(n), "content-length": `${length}` };
    return requestText(`POST ${pick(WEBHOOKS, n)}`, headers);
  };
  return [
    attack("webhook, not signed", 994, UNSIGNED, (n) => {
      const path = pick(WEBHOOKS, n);
      return n % 4 ? post(path, stranger(n), BODY) : get(`${path}?${BODY}`, stranger(n));
    }),
    attack("webhook, signed with another token", 600, UNSIGNED, (n) => {
      return webhook(n, (path) => sign(path, FORM, `guess ${n}`));
    }),
    attack("webhook, signature cut short or not base64", 400, UNSIGNED, (n) =>
      webhook(n, async (path) => {
        const good = await sign(path, FORM);
        const bad = [
          good.slice(0, n % 28),
          `${good}=`,
          good.toLowerCase(),
          "%".repeat(28),
          "x".repeat(5_000),
        ];
        return pick(bad, n);
      })),
    attack("webhook, signed for another address", 400, UNSIGNED, (n) =>
      webhook(n, (path) =>
        pick([
          () => sign(`${path}x`, FORM),
          () => sign(`${path}?a=b`, FORM),
          () => sign(path, FORM, authToken, "https://evil.example"),
        ], n)())),
    attack("webhook, parameters changed after it was signed", 400, UNSIGNED, (n) => {
      return webhook(n, (path) => sign(path, FORM), `${BODY.replace("555123", "555000")}&Extra${n}=`);
    }),
    attack("body that is no form", 300, UNSIGNED, (n) => {
      const body = pick(['{"CallSid":"CA1"}', "<x/>", "--x--", "\u0000"], n);
      return webhook(n, (path) => sign(path), body, pick(OTHER_TYPES, n));
    }),
    attack("form that is no UTF-8", 200, UNSIGNED, (n) => {
      return send(Uint8Array.from([...new TextEncoder().encode(head(n, NO_UTF8.length)), ...NO_UTF8]));
    }),
    attack("body one byte too long", 200, refused("request/body too large", "413"), (n) => {
      return post(pick(WEBHOOKS, n), stranger(n), MEGABYTE.slice(0, 65_537));
    }),
    // Who still sends may lose the answer to the reset that follows it.
    attack("body of 1 MiB", 60, refused("request/body too large", "413", "closed"), (n) => {
      return post(pick(WEBHOOKS, n), stranger(n), MEGABYTE);
    }),
    attack("body that does not come", 100, refused("request/body too slow", "408"), (n) => {
      return send(head(n, 1_000), { drip: { text: "x", everyMs: 1_500 } });
    }, { slow: true }),
    attack("gone in the middle of the body", 200, refused("request/body broken off", "left"), (n) => {
      return send(`${head(n, 1_000)}CallSid=CA1`, { leave: true });
    }),
    attack("chunk whose length is no number", 100, uncounted("closed"), (n) => {
      return send(`${requestText(`POST ${pick(WEBHOOKS, n)}`, { "transfer-encoding": "chunked" })}ZZ\r\n`);
    }),
  ];
}
