/** Texts of the Live view. */

import { h, setText } from "../dom.js";
import { dictionary } from "../locale.js";

/** @import { CallRecord } from "../api_types.ts" */

export const t = dictionary({
  en: {
    connecting: "Connecting",
    open: "Live",
    lost: "Connection lost, reconnecting",

    inProgress: "Calls in progress",
    none: "none at the moment",
    oneCall: "one call",
    manyCalls: "{count} calls",
    endedHere: "Ended while you watched",
    unknown: "unknown",
    anonymous: "anonymous",
    browserPhone: "browser phone",
    called: "called",
    oneTurn: "1 turn",
    manyTurns: "{count} turns",
    recording: "Recording",
    paused: "Recording paused",

    what: "Parley answers the phone with an AI",
    whatFor: "Calls appear here while they happen, with transcript, audio, latency and cost.",
    tryIt: "Try it now",
    tryItHow:
      "You need no phone and no account: your browser is the phone. Press Call, talk, and interrupt the " +
      "answer.",
    openPhone: "Open the browser phone",
    ring: "Or call {number} and watch it here.",
    terminal: "Or place a simulated call from a terminal:",

    all: "All calls in progress",
    assistant: "Assistant",
    caller: "Caller",
    waveform: "Waveform of both sides, the last ten seconds",
    notYetHeard: "not yet heard",
    speaking: "speaking",
    silent: "silent",
    transcript: "Transcript",
    noTurns: "Nobody has spoken yet.",
    announced: "{speaker}: {text}",
    notHeard: "not heard:",
    interrupted: "interrupted",
    interruptedAfter: "interrupted after {seconds} s",
    time: "Time",
    turns: "Turns",
    cost: "Cost",
    tokens: "Tokens in / out",

    playback: "Playback",
    heard: "Heard by the caller",
    atTwilio: "Buffered at Twilio",
    queued: "Queued in Parley",
    seconds: "{seconds} s",

    latency: "Response latency, last turns",
    noLatency: "Appears after the first response to the caller.",
    modelHop: "model",
    sendHop: "send",
    playbackHop: "playback",
    total: "total",
    inMs: "milliseconds",
    noEvents: "Tool calls, keypad presses and barge-ins appear here.",
    events: "Events",
    succeeded: "succeeded",
    failed: "failed",

    listen: "Listen",
    listenFailed: "Cannot listen: {why}",
    whisper: "Instruct the assistant",
    whisperHint: "The caller does not hear it.",
    whisperExample: "Offer Friday at ten",
    send: "Send",
    whisperSent: "Sent to the assistant: {text}",
    whisperFailed: "Cannot instruct the assistant: {why}",
    hangUp: "Hang up",
    hangUpQuestion: "End this call?",
    hangUpEffect: "The call ends immediately, without a goodbye.",
    hangUpFailed: "Cannot hang up: {why}",
    takeOver: "Take over",
    takeOverEffect: "The assistant leaves the call, and the caller is transferred to a phone.",
    toNumber: "To a number",
    numberExample: "+15551230000",
    transfer: "Transfer",
    noDestinations: "No destinations are configured.",
    transferring: "Transferring the caller to {to}",
    transferFailed: "Cannot transfer the caller: {why}",
    pauseRecording: "Pause recording",
    resumeRecording: "Resume recording",
    recordingFailed: "Cannot change the recording: {why}",
    cancel: "Cancel",

    ended: "The call has ended. {reason}.",
    record: "Open the call record",
    noSuchCall: "No call {callSid} is in progress.",
    hasEnded: "Call {callSid} has ended.",
  },
  es: {
    connecting: "Conectando",
    open: "En vivo",
    lost: "Conexión perdida, reconectando",

    inProgress: "Llamadas en curso",
    none: "ninguna por ahora",
    oneCall: "una llamada",
    manyCalls: "{count} llamadas",
    endedHere: "Terminadas mientras miraba",
    unknown: "desconocido",
    anonymous: "anónimo",
    browserPhone: "teléfono del navegador",
    called: "llamó a",
    oneTurn: "1 turno",
    manyTurns: "{count} turnos",
    recording: "Grabando",
    paused: "Grabación en pausa",

    what: "Parley contesta al teléfono con una IA",
    whatFor: "Las llamadas aparecen aquí mientras ocurren, con transcripción, audio, latencia y coste.",
    tryIt: "Pruébelo ahora",
    tryItHow:
      "No necesita teléfono ni cuenta: su navegador es el teléfono. Pulse Llamar, hable e interrumpa la " +
      "respuesta.",
    openPhone: "Abrir el teléfono del navegador",
    ring: "O llame al {number} y mírelo aquí.",
    terminal: "O haga una llamada simulada desde una terminal:",

    all: "Todas las llamadas en curso",
    assistant: "Asistente",
    caller: "Quien llama",
    waveform: "Forma de onda de ambos lados, los últimos diez segundos",
    notYetHeard: "aún no oído",
    speaking: "habla",
    silent: "en silencio",
    transcript: "Transcripción",
    noTurns: "Todavía no ha hablado nadie.",
    announced: "{speaker}: {text}",
    notHeard: "no se oyó:",
    interrupted: "interrumpido",
    interruptedAfter: "interrumpido a los {seconds} s",
    time: "Tiempo",
    turns: "Turnos",
    cost: "Coste",
    tokens: "Tokens ent. / sal.",

    playback: "Reproducción",
    heard: "Oído por quien llama",
    atTwilio: "En el búfer de Twilio",
    queued: "En cola en Parley",
    seconds: "{seconds} s",

    latency: "Latencia de respuesta, últimos turnos",
    noLatency: "Aparece tras la primera respuesta a quien llama.",
    modelHop: "modelo",
    sendHop: "envío",
    playbackHop: "reproducción",
    total: "total",
    inMs: "milisegundos",
    noEvents: "Aquí aparecen herramientas, teclas e interrupciones.",
    events: "Eventos",
    succeeded: "correcto",
    failed: "falló",

    listen: "Escuchar",
    listenFailed: "No se puede escuchar: {why}",
    whisper: "Dar una indicación al asistente",
    whisperHint: "Quien llama no la oye.",
    whisperExample: "Ofrezca el viernes a las diez",
    send: "Enviar",
    whisperSent: "Enviado al asistente: {text}",
    whisperFailed: "No se puede dar la indicación: {why}",
    hangUp: "Colgar",
    hangUpQuestion: "¿Terminar esta llamada?",
    hangUpEffect: "La llamada termina al instante, sin despedida.",
    hangUpFailed: "No se puede colgar: {why}",
    takeOver: "Tomar la llamada",
    takeOverEffect: "El asistente deja la llamada y se transfiere a un teléfono.",
    toNumber: "A un número",
    numberExample: "+34910000000",
    transfer: "Transferir",
    noDestinations: "No hay destinos configurados.",
    transferring: "Transfiriendo la llamada a {to}",
    transferFailed: "No se puede transferir la llamada: {why}",
    pauseRecording: "Pausar grabación",
    resumeRecording: "Reanudar grabación",
    recordingFailed: "No se puede cambiar la grabación: {why}",
    cancel: "Cancelar",

    ended: "La llamada ha terminado. {reason}.",
    record: "Abrir el registro de la llamada",
    noSuchCall: "No hay ninguna llamada {callSid} en curso.",
    hasEnded: "La llamada {callSid} ha terminado.",
  },
});

const states = dictionary({
  en: { announced: "ringing", connected: "talking", transferring: "transferring", ending: "ending" },
  es: { announced: "sonando", connected: "hablando", transferring: "transfiriendo", ending: "terminando" },
});
/** Badge classes. */
const STATE_LOOKS = { announced: "info", connected: "", transferring: "warn", ending: "" };

/**
 * The text and badge class of a call's state; an unknown state is shown unchanged.
 *
 * @param {{ readonly state: string }} call
 */
export function stateBadge({ state }) {
  return states.has(state) ? { text: states(state), look: STATE_LOOKS[state] } : { text: state, look: "" };
}

/** A badge of the state of a recording. */
export function recordingBadge() {
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  const label = h("span");
  const element = h("span", { class: "badge recording", hidden: true }, dot, label);
  return {
    element,
    /** @param {NonNullable<CallRecord["recording"]>["state"] | undefined} state Undefined hides it. */
    show(state) {
      element.hidden = state === undefined;
      element.classList.toggle("on", state === "on");
      setText(label, t(state === "paused" ? "paused" : "recording"));
    },
  };
}

/**
 * A party of a call in words.
 *
 * @param {string} party As Twilio sends it.
 */
export function partyText(party) {
  if (party === "") return t("unknown");
  if (party === "anonymous") return t("anonymous");
  return party === "client:console" ? t("browserPhone") : party;
}
