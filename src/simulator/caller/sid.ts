/** A new identifier as Twilio makes them: two letters and 32 hexadecimal digits. */
export function sid(prefix: "AC" | "CA" | "MZ"): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
