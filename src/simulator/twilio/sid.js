/**
 * A new identifier in Twilio's form: two letters and 32 hexadecimal digits.
 *
 * @param {"AC" | "CA" | "MZ"} prefix
 */
export function newSid(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
