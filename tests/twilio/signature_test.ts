import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import twilio from "twilio";
import { randomFrom } from "../support/random.ts";
import { SignatureCheck } from "../../src/twilio/signature.ts";

const P1: [string, string][] = [
  ["CallSid", "CA1234567890ABCDE"],
  ["Caller", "+14158675309"],
  ["Digits", "1234"],
  ["From", "+14158675309"],
  ["To", "+18005551212"],
];
const DOCS: [string, string][] = P1.map((
  [name, value],
) => [name, value === "+14158675309" ? "+14158675310" : value]);
const MANY: [string, string][] = [["Sid", "CA123"], ["SidAccount", "AC123"], ["Digits", "5678"], [
  "Digits",
  "1234",
], [
  "Digits",
  "1234",
]];
const BINDING: [string, string][] = ["+1325xxxxxxx", "+1415xxxxxxx"].map((
  value,
) => ["MessagingBinding.Address", value]);

/** The vendor's specification and documentation, auth token `12345`: base, path, parameters, signature. */
const VECTORS: [string, string, [string, string][], string][] = [
  ["https://mycompany.com", "/myapp.php?foo=1&bar=2", P1, "RSOYDt4T1cUTdK1PDd93/VVr8B8="],
  ["https://mycompany.com:443", "/myapp.php?foo=1&bar=2", P1, "kvajT1Ptam85bY51eRf/AJRuM3w="],
  ["http://mycompany.com:80", "/myapp.php?foo=1&bar=2", P1, "0ZXoZLH/DfblKGATFgpif+LLRf4="],
  ["http://mycompany.com:1234", "/myapp.php?foo=1&bar=2", P1, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="],
  ["https://example.com", "/myapp.php?foo=1&bar=2", DOCS, "L/OH5YylLD5NRKLltdqwSvS0BnU="],
  ["https://mycompany.com", "/myapp.php?foo=1&bar=2", MANY, "IK+Dwps556ElfBT0I3Rgjkr1wJU="],
  ["https://mycompany.com", "/myapp.php?foo=1&bar=2", BINDING, "83O6e2vORAoJHUNzJjDWN1jz+BA="],
  ["https://mycompany.com", "/myapp.php?foo=1&bar=2&Body=It%27s+amazing", P1, "TfZzewPq8wqrGlMfyAud8+/IvJ0="],
  ["https://example.com", "/x", [["Body", "Größe ✓"]], "2Bp4FK53ZyFjZ/2XleMB6u9wT6I="],
  ["https://example.com", "/x", [["A", ""], ["B", "1"]], "3DPay6UbN1NZrM0IY3SiGb3pm3s="],
  [
    "https://example.com",
    "/x",
    [["b", "1"], ["A", "2"], ["a", "3"], ["B", "4"]],
    "w6+Y/BNEZGq5FGF4is82G4xwxbI=",
  ],
];

Deno.test("SignatureCheck accepts the vendor's test vectors for webhooks", () => {
  for (const [base, path, parameters, signature] of VECTORS) {
    const check = new SignatureCheck("12345", base);
    assert(check.webhook({ signature, path, parameters }), `${base}${path}`);
    assert(!check.webhook({ signature, path: `${path}x`, parameters }), "another path");
    assert(
      !check.webhook({ signature, path, parameters: [...parameters, ["Extra", "1"]] }),
      "another parameter",
    );
    assert(!new SignatureCheck("12346", base).webhook({ signature, path, parameters }), "another token");
    assert(
      !new SignatureCheck("12345", "https://evil.example").webhook({ signature, path, parameters }),
      "another host",
    );
  }
});

Deno.test("SignatureCheck accepts each URL form the vendor uses for handshakes", () => {
  const check = new SignatureCheck("12345", "https://example.com");
  for (
    const signature of [
      "XFfwGS2Ev7f9qAP9MmRoMS7C724=", // wss://example.com/media-stream
      "7J0iz81itFhCXVuZK8EmM4YZwLA=", // with a slash behind it
      "55OA2CdDEK8djZDRLLS9pHUR+JI=", // with :443
    ]
  ) {
    assert(check.handshake({ signature, path: "/media-stream" }));
    assert(!check.handshake({ signature, path: "/other" }));
  }
  const asWebhook = twilio.getExpectedTwilioSignature("12345", "https://example.com/media-stream", {});
  assert(check.handshake({ signature: asWebhook, path: "/media-stream" }));
  for (const signature of ["", "x", "XFfwGS2Ev7f9qAP9MmRoMS7C725=", "ß".repeat(28)]) {
    assert(!check.handshake({ signature, path: "/media-stream" }), signature);
  }
});

Deno.test("SignatureCheck separates the port from an IPv6 address", () => {
  const check = new SignatureCheck("12345", "https://[2001:db8::1]:8443");
  for (const port of [":8443", ""]) {
    const signature = twilio.getExpectedTwilioSignature("12345", `https://[2001:db8::1]${port}/x`, {});
    assert(check.webhook({ signature, path: "/x" }), port);
  }
});

Deno.test("SignatureCheck verifies the body hash of a request without a form", () => {
  const check = new SignatureCheck("12345", "https://mycompany.com");
  const path =
    "/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
  const signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
  const body = new TextEncoder().encode('{"property": "value", "boolean": true}');
  assert(check.webhook({ signature, path, body }));
  assert(!check.webhook({ signature, path, body: new TextEncoder().encode('{"property": "other"}') }));
  assert(!check.webhook({ signature, path: "/myapp.php?foo=1&bar=2", body }));
});

Deno.test("SignatureCheck and the vendor's package agree on thousands of generated requests", () => {
  const next = randomFrom(7);
  const random = (below: number) => Math.floor(next() * below);
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  const letters = [..."abcXYZ019 +&=%/?#'\"<>ßé✓😀\n\t.-_~*()"];
  const text = () => Array.from({ length: random(8) }, () => pick(letters)).join("");
  let accepted = 0;
  for (let i = 0; i < 4_000; i++) {
    const token = `token${random(3)}`;
    const base = pick([
      "https://a.example",
      "https://a.example:8443",
      "http://a.example:5050",
      "https://a.example/sub",
    ]);
    const query = random(2) ? `?${new URLSearchParams({ [text() || "q"]: text() })}` : "";
    const json = random(5) === 0;
    const body = JSON.stringify({ said: text() });
    const hash = createHash("sha256").update(body).digest("hex");
    const path = `/incoming-call${query}${json ? `${query ? "&" : "?"}bodySHA256=${hash}` : ""}`;
    const form = json
      ? {}
      : Object.fromEntries(Array.from({ length: random(6) }, () => [text() || "N", text()]));
    const signed = base.replace(pick([/^nothing$/, /:\d+/]), "");
    const signature = twilio.getExpectedTwilioSignature(token, signed + path, form);
    const checked = pick([token, token, "token0"]);
    const ours = new SignatureCheck(checked, base).webhook({
      signature,
      path,
      ...(json ? { body: new TextEncoder().encode(body) } : { parameters: Object.entries(form) }),
    });
    const theirs = json
      ? twilio.validateRequestWithBody(checked, signature, base + path, body)
      : twilio.validateRequest(checked, signature, base + path, form);
    assertEquals(ours, theirs, `${base}${path}`);
    if (ours) accepted++;
  }
  assert(accepted > 1_000 && accepted < 3_900, `${accepted} accepted`);
});
