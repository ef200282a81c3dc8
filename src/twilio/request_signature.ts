/** Signs requests as Twilio does, for simulated calls and for checks of a running service. */

/**
 * The value of `X-Twilio-Signature`: base64 of the HMAC-SHA1, keyed with the auth token, of the URL and the form's names and
 * values, sorted by name. Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
 *
 * @param url The URL as the server knows it; for a media stream's upgrade the `wss:` URL.
 */
export async function twilioSignature(
  authToken: string,
  url: string,
  form: Record<string, string> = {},
): Promise<string> {
  const utf8 = new TextEncoder();
  const signed = url + Object.keys(form).sort().map((name) => name + form[name]).join("");
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", utf8.encode(authToken), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, utf8.encode(signed));
  return btoa(String.fromCharCode(...new Uint8Array(mac)));
}
