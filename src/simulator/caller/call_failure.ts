/** A call that could not be placed or carried on; the message says what happened to what, and what to do. */
export class CallFailure extends Error {
  override name = "CallFailure";
}
