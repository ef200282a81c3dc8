/** Robots that answer for a person and ask who calls and why: Apple's and Google's call screening, switchboards. */

/** Somebody who may be a robot wants to know who calls, or why. */
const ASKS = [
  /\b(reason|purpose) (for|of) (calling|your call|the call)\b/,
  /\b(why|what) (you're|you are|are you) calling\b/,
  /\b(say|state|give|record|tell me) your name\b/,
  /\b(may|can) i (ask|say) who('s| is) calling\b/,
  /\bgrund (ihres|deines|für den|des) anruf/,
  /\b(raison|motif|objet) de (votre|l'|l’) ?appel\b/,
  /\bmotivo de (la|su|tu) llamada\b/,
  /\bmotivo da (sua )?(chamada|ligação)\b/,
];
/** So speaks a machine that takes messages, whatever else it wants to know. */
const TAKES_MESSAGES =
  /\b(beep|tone|voicemail|voice mail|mailbox|leave (me )?a|signalton|piepton|nachricht|bip|message|messagerie|tono|mensaje|sinal|mensagem)\b/;

/** Whether a transcript of the called side asks who calls or why, and does not offer to take a message. */
export function asksWhoCalls(transcript: string): boolean {
  const said = transcript.toLowerCase().replaceAll("’", "'");
  return ASKS.some((pattern) => pattern.test(said)) && !TAKES_MESSAGES.test(said);
}

/**
 * What an assistant that places a call is told besides its own instructions.
 *
 * @param caller In whose name it calls: the assistant or the company.
 * @param objective What the call is for.
 * @param message What to leave where a message is taken; without one it leaves none.
 */
export function outboundInstructions(call: {
  readonly caller: string;
  readonly objective?: string | undefined;
  readonly message?: string | undefined;
}): string {
  const { caller, objective, message } = call;
  return [
    "You are making this call; the other side did not call you.",
    `You call for: ${JSON.stringify(caller)}.`,
    ...(objective ? [`The purpose of the call: ${JSON.stringify(objective)}.`] : []),
    "A machine may answer that screens calls and asks for your name and the reason of your call. Then say in one short " +
    "sentence who you call for and what it is about, nothing else, and wait in silence. Do not begin the conversation " +
    "before a person speaks; being asked to hold on is no person. When a person comes, greet them and begin anew.",
    message
      ? `If you are asked to leave a message, say exactly this and nothing else, and end the call: ${
        JSON.stringify(message)
      }`
      : "If you are asked to leave a message, leave none and end the call.",
  ].join("\n");
}

/** What the assistant is told when a machine has said its greeting and listens. */
export function messageInstructions(message: string): string {
  return "An answering machine is recording now. Say exactly this, word for word, and nothing before or after it: " +
    JSON.stringify(message);
}
