import { type Attack, attack, refused, type Target, uncounted } from "./attack.ts";
import { SLOW_OR_TOO_MANY_BODIES } from "./counters.ts";
import { clientAddress, FORM_TYPE, itemAt, MEGABYTE, requestsTo, UNSIGNED, WEBHOOKS } from "./requests.ts";
import { requestText } from "./wire.ts";

const FORM = {
  AccountSid: "AC00000000000000000000000000000001",
  CallSid: "CA0000000000000000000000000000bad1",
  From: "+15551230000",
  To: "+15559870000",
  CallStatus: "ringing",
};
/** Names in an order that costs a sort the most, within the limits of the service. */
const MANY_NAMES = Array.from({ length: 200 }, (_, n) => `${(n * 79 % 200).toString(36)}${"x".repeat(75)}=`)
  .join("&");
const TOO_MANY_NAMES = Array.from({ length: 3_000 }, (_, n) => `${(n * 7_919 % 3_000).toString(36)}=`).join(
  "&",
);
const FORGED = { "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=" };
const BODY = new URLSearchParams(FORM).toString();
const INVALID_UTF8 = [0x43, 0x61, 0x6c, 0x6c, 0x3d, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80];
const OTHER_TYPES = ["application/json", "text/xml", "multipart/form-data; boundary=x", ""];

/** Forged webhooks and malformed bodies. */
export function webhookAttacks(target: Target): Attack[] {
  const { send, get, post, sign } = requestsTo(target);
  const { authToken } = target;
  /** Posts a webhook with the signature that `signature` makes for its path. */
  const webhook = async (
    n: number,
    signature: (path: string) => Promise<string>,
    body = BODY,
    type = FORM_TYPE["content-type"],
  ) => {
    const path = itemAt(WEBHOOKS, n);
    const headers = {
      ...clientAddress(n),
      "content-type": type,
      "x-twilio-signature": await signature(path),
    };
    return await post(path, headers, body);
  };
  /** The head of a webhook with a body of `length` bytes. */
  const head = (n: number, length: number) => {
    const headers = { ...FORM_TYPE, ...clientAddress(n), "content-length": `${length}` };
    return requestText(`POST ${itemAt(WEBHOOKS, n)}`, headers);
  };
  return [
    attack("webhook, not signed", 994, UNSIGNED, (n) => {
      const path = itemAt(WEBHOOKS, n);
      return n % 4 ? post(path, clientAddress(n), BODY) : get(`${path}?${BODY}`, clientAddress(n));
    }),
    attack("webhook, signed with another token", 600, UNSIGNED, (n) => {
      return webhook(n, (path) => sign(path, FORM, `guess ${n}`));
    }),
    attack("webhook, signature truncated or not base64", 400, UNSIGNED, (n) =>
      webhook(n, async (path) => {
        const good = await sign(path, FORM);
        const bad = [
          good.slice(0, n % 28),
          `${good}=`,
          good.toLowerCase(),
          "%".repeat(28),
          "x".repeat(5_000),
        ];
        return itemAt(bad, n);
      })),
    attack("webhook, signed for another address", 400, UNSIGNED, (n) =>
      webhook(n, (path) =>
        itemAt([
          () => sign(`${path}x`, FORM),
          () => sign(`${path}?a=b`, FORM),
          () => sign(path, FORM, authToken, "https://evil.example"),
        ], n)())),
    attack("webhook, parameters changed after signing", 400, UNSIGNED, (n) => {
      return webhook(n, (path) => sign(path, FORM), `${BODY.replace("555123", "555000")}&Extra${n}=`);
    }),
    attack("body that is not a form", 300, UNSIGNED, (n) => {
      const body = itemAt(['{"CallSid":"CA1"}', "<x/>", "--x--", "\u0000"], n);
      return webhook(n, (path) => sign(path), body, itemAt(OTHER_TYPES, n));
    }),
    attack("form that is not UTF-8", 200, UNSIGNED, (n) => {
      return send(
        Uint8Array.from([...new TextEncoder().encode(head(n, INVALID_UTF8.length)), ...INVALID_UTF8]),
      );
    }),
    attack("body one byte over the limit", 200, refused("request/body too large", "413"), (n) => {
      return post(itemAt(WEBHOOKS, n), clientAddress(n), MEGABYTE.slice(0, 16_385));
    }),
    // The TCP reset that follows the answer may discard it while the client still sends.
    attack("body of 1 MiB", 60, refused("request/body too large", "413", "closed"), (n) => {
      return post(itemAt(WEBHOOKS, n), clientAddress(n), MEGABYTE);
    }),
    attack("form of 200 long names and a forged signature", 400, UNSIGNED, (n) => {
      return post(itemAt(WEBHOOKS, n), { ...clientAddress(n), ...FORGED }, MANY_NAMES);
    }),
    attack("form of 3,000 names", 200, refused("request/too many parameters", "400"), (n) => {
      return post(itemAt(WEBHOOKS, n), { ...clientAddress(n), ...FORGED }, TOO_MANY_NAMES);
    }),
    attack(
      "200 bodies at once that do not arrive",
      200,
      refused(SLOW_OR_TOO_MANY_BODIES, "408", "503"),
      (n) => {
        return send(head(n, 1_000));
      },
      { slow: true, when: "last" },
    ),
    attack(
      "600 bodies from one address at once that do not arrive",
      600,
      refused(SLOW_OR_TOO_MANY_BODIES, "408", "503"),
      () => send(head(0, 1_000)),
      { slow: true, when: "last" },
    ),
    attack("body that does not arrive", 100, refused(SLOW_OR_TOO_MANY_BODIES, "408", "503"), (n) => {
      return send(head(n, 1_000), { drip: { text: "x", everyMs: 1_500 } });
    }, { slow: true }),
    attack("disconnect within the body", 200, refused("request/body incomplete", "left"), (n) => {
      return send(`${head(n, 1_000)}CallSid=CA1`, { leave: true });
    }),
    attack("chunk with an invalid length", 100, uncounted("closed"), (n) => {
      return send(`${requestText(`POST ${itemAt(WEBHOOKS, n)}`, { "transfer-encoding": "chunked" })}ZZ\r\n`);
    }),
  ];
}
