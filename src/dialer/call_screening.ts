/** Call screening: Apple's, Google's and switchboards ask for the caller's name and reason before they connect a person. */

/** Questions for the caller's name or reason. */
const SCREENING_QUESTIONS = [
  /\b(reason|purpose) (for|of) (calling|your call|the call)\b/,
  /\b(why|what) (you're|you are|are you) calling\b/,
  /\b(say|state|give|record|tell me) your name\b/,
  /\b(may|can) i (ask|say) who('s| is) calling\b/,
  /\bgrund (ihres|deines|für den|des) anruf/,
  /\b(raison|motif|objet) de (votre|l'|l’) ?appel\b/,
  /\bmotivo de (la|su|tu) llamada\b/,
  /\bmotivo da (sua )?(chamada|ligação)\b/,
];
/** Words of a machine that takes messages, even if it also requests the name. */
const VOICEMAIL_WORDS =
  /\b(beep|tone|voicemail|voice mail|mailbox|leave (me )?a|signalton|piepton|nachricht|bip|message|messagerie|tono|mensaje|sinal|mensagem)\b/;

/** Whether the called party requests the caller's name or reason without offering to take a message. */
export function isCallScreening(transcript: string): boolean {
  const text = transcript.toLowerCase().replaceAll("’", "'");
  return SCREENING_QUESTIONS.some((pattern) => pattern.test(text)) && !VOICEMAIL_WORDS.test(text);
}

/**
 * Instructions that an outbound call adds to the assistant's own.
 *
 * @param caller The company or assistant on whose behalf it calls.
 * @param objective The purpose of the call.
 * @param message Message to leave on voicemail; without it, none is left.
 */
export function outboundInstructions(call: {
  readonly caller: string;
  readonly objective?: string | undefined;
  readonly message?: string | undefined;
}): string {
  const { caller, objective, message } = call;
  return [
    "You placed this call; the other side did not call you.",
    `You are calling on behalf of: ${JSON.stringify(caller)}.`,
    ...(objective ? [`The purpose of the call: ${JSON.stringify(objective)}.`] : []),
    "An automated call screener may answer and ask for your name and the reason for your call. Then say in one short " +
    "sentence on whose behalf you are calling and why, nothing else, and wait silently. Do not start the conversation " +
    "before a person speaks; a request to hold does not count. When a person answers, greet them and start over.",
    message
      ? `If you are asked to leave a message, say exactly this and nothing else, and end the call: ${
        JSON.stringify(message)
      }`
      : "If you are asked to leave a message, do not leave one, and end the call.",
  ].join("\n");
}

/** Instructions once an answering machine records. */
export function voicemailInstructions(message: string): string {
  return "An answering machine is recording now. Say exactly this, word for word, and nothing before or after it: " +
    JSON.stringify(message);
}
