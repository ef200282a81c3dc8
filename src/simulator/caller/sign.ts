/** Signs a request as Twilio does, so that a rehearsed call gets past a server that checks. */

/**
 * The value of `X-Twilio-Signature` (Twilio's page "Webhooks security"): base64 of the HMAC-SHA1, keyed with the auth
 * token, of the URL and the form's names and values, ordered by name.
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
