/**
 * Kind of {@linkcode CallError}.
 * @typedef {"unreachable" | "refused" | "invalid-twiml" | "foreign-host" | "stream-refused" | "stream-broken"} CallErrorReason
 */

/**
 * A call that cannot be placed or continued. The message has the failure, Twilio's error code and a remedy.
 */
export class CallError extends Error {
  /** @override */
  name = "CallError";
  /** @type {CallErrorReason} */
  reason;
  /** The message without its context, such as the service's response. */
  detail;

  /** @param {CallErrorReason} reason @param {string} message @param {string} [detail] Default: `message`. */
  constructor(reason, message, detail = message) {
    super(message);
    this.reason = reason;
    this.detail = detail;
  }
}
