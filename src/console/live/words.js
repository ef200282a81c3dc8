/** What Live says. */

import { KINDS } from "../calls/call_events.js";
import { dictionary } from "../words.js";

export const word = dictionary({
  en: {
    connecting: "Connecting",
    open: "Live",
    lost: "Connection lost, trying again",

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
    whatFor: "Calls show up here while they happen: every word, both voices, every wait, every cent.",
    tryIt: "Try it now",
    tryItHow:
      "No phone and no account needed: your browser is the phone. Press Call, talk, and talk over the answer.",
    openPhone: "Open the browser phone",
    ring: "Or ring {number} and watch here.",
    terminal: "Or from a terminal, where Parley is:",

    all: "All calls in progress",
    assistant: "Assistant",
    caller: "Caller",
    waveforms: "Sound of both sides, the last ten seconds",
    toCome: "to come",
    speaks: "speaks",
    quiet: "quiet",
    transcript: "What is said",
    nothingSaid: "Nothing has been said yet.",
    announced: "{who}: {text}",
    notHeard: "not heard:",
    cut: "cut",
    cutAfter: "cut after {seconds} s",
    time: "Time",
    turns: "Turns",
    cost: "Cost",
    tokens: "Tokens in / out",

    playout: "On its way to the ear",
    heard: "Heard of this answer",
    atTwilio: "At Twilio",
    waiting: "Waiting here",
    seconds: "{seconds} s",

    waits: "Waits of the last turns",
    noWaits: "The first answer to the caller will be timed.",
    hopModel: "model",
    hopSent: "sending",
    hopHeard: "heard",
    total: "total",
    inMs: "milliseconds",
    noEvents: "Tools, keys and barge-ins will show here.",
    events: "What happened",
    worked: "worked",
    failed: "failed",

    listen: "Listen",
    listenFailed: "Cannot listen: {why}",
    whisper: "Tell the assistant",
    whisperHint: "The caller does not hear it.",
    whisperExample: "Offer Friday at ten",
    tell: "Tell",
    told: "The assistant was told: {text}",
    notTold: "Could not tell the assistant: {why}",
    hangUp: "Hang up",
    hangUpAsk: "End this call?",
    hangUpWhat: "The caller is cut off at once, without a goodbye.",
    notHungUp: "Could not hang up: {why}",
    takeOver: "Take over",
    takeOverWhat: "The assistant leaves, and the caller is put through to a phone.",
    toNumber: "To a number",
    numberExample: "+15551230000",
    putThrough: "Put through",
    noDestinations: "No destinations are configured.",
    puttingThrough: "Putting the caller through to {to}",
    notTransferred: "Could not put the caller through: {why}",
    pauseRecording: "Pause recording",
    resumeRecording: "Resume recording",
    notRecording: "Could not change the recording: {why}",
    cancel: "Cancel",

    over: "The call is over. {reason}.",
    record: "See its record",
    noSuchCall: "There is no call {callSid} in progress.",
    isOver: "Call {callSid} is over.",
  },
  es: {
    connecting: "Conectando",
    open: "En vivo",
    lost: "Conexión perdida, intentándolo de nuevo",

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
    whatFor:
      "Las llamadas aparecen aquí mientras ocurren: cada palabra, ambas voces, cada espera, cada céntimo.",
    tryIt: "Pruébelo ahora",
    tryItHow:
      "Sin teléfono y sin cuenta: su navegador es el teléfono. Pulse Llamar, hable, y hable encima de la respuesta.",
    openPhone: "Abrir el teléfono del navegador",
    ring: "O llame al {number} y mire aquí.",
    terminal: "O desde una terminal, donde está Parley:",

    all: "Todas las llamadas en curso",
    assistant: "Asistente",
    caller: "Quien llama",
    waveforms: "Sonido de ambos lados, los últimos diez segundos",
    toCome: "por venir",
    speaks: "habla",
    quiet: "en silencio",
    transcript: "Lo que se dice",
    nothingSaid: "Todavía no se ha dicho nada.",
    announced: "{who}: {text}",
    notHeard: "no se oyó:",
    cut: "cortado",
    cutAfter: "cortado a los {seconds} s",
    time: "Tiempo",
    turns: "Turnos",
    cost: "Coste",
    tokens: "Tokens ent. / sal.",

    playout: "De camino al oído",
    heard: "Oído de esta respuesta",
    atTwilio: "En Twilio",
    waiting: "En espera aquí",
    seconds: "{seconds} s",

    waits: "Esperas de los últimos turnos",
    noWaits: "Se medirá la primera respuesta a quien llama.",
    hopModel: "modelo",
    hopSent: "envío",
    hopHeard: "oído",
    total: "total",
    inMs: "milisegundos",
    noEvents: "Aquí aparecerán herramientas, teclas e interrupciones.",
    events: "Lo que ocurrió",
    worked: "funcionó",
    failed: "falló",

    listen: "Escuchar",
    listenFailed: "No se puede escuchar: {why}",
    whisper: "Decirle al asistente",
    whisperHint: "Quien llama no lo oye.",
    whisperExample: "Ofrezca el viernes a las diez",
    tell: "Decir",
    told: "Se le ha dicho al asistente: {text}",
    notTold: "No se pudo decir al asistente: {why}",
    hangUp: "Colgar",
    hangUpAsk: "¿Terminar esta llamada?",
    hangUpWhat: "Se corta al instante a quien llama, sin despedida.",
    notHungUp: "No se pudo colgar: {why}",
    takeOver: "Tomar la llamada",
    takeOverWhat: "El asistente se retira, y quien llama pasa a un teléfono.",
    toNumber: "A un número",
    numberExample: "+34910000000",
    putThrough: "Pasar",
    noDestinations: "No hay destinos configurados.",
    puttingThrough: "Pasando la llamada a {to}",
    notTransferred: "No se pudo pasar la llamada: {why}",
    pauseRecording: "Pausar grabación",
    resumeRecording: "Reanudar grabación",
    notRecording: "No se pudo cambiar la grabación: {why}",
    cancel: "Cancelar",

    over: "La llamada ha terminado. {reason}.",
    record: "Ver su registro",
    noSuchCall: "No hay ninguna llamada {callSid} en curso.",
    isOver: "La llamada {callSid} ha terminado.",
  },
});

const states = dictionary({
  en: { announced: "ringing", connected: "talking", transferring: "put through", ending: "ending" },
  es: { announced: "sonando", connected: "hablando", transferring: "pasada", ending: "terminando" },
});
/** Which badge a state wears. */
const LOOKS = { announced: "info", connected: "good", transferring: "warn", ending: "" };

/** A call's state in words; one this page does not know as it is. */
export function stateOf({ state }) {
  return Object.hasOwn(LOOKS, state)
    ? { text: states(state), look: LOOKS[state] }
    : { text: state, look: "" };
}

const kinds = dictionary({
  en: {
    tool: "tool",
    transfer: "transfer",
    "barge-in": "barge-in",
    keys: "keys",
    language: "language",
    reconnect: "model reconnected",
    machine: "answering machine",
    whisper: "told",
    recording: "recording",
  },
  es: {
    tool: "herramienta",
    transfer: "transferencia",
    "barge-in": "interrupción",
    keys: "teclas",
    language: "idioma",
    reconnect: "modelo reconectado",
    machine: "contestador",
    whisper: "dicho",
    recording: "grabación",
  },
});
/** What kind of thing happened, in words; one this page does not know as it is. */
export function kindOf({ kind }) {
  return KINDS.includes(kind) ? kinds(kind) : kind;
}

/** Who is at one end of a call. */
export function partyOf(party) {
  if (party === "") return word("unknown");
  if (party === "anonymous") return word("anonymous");
  return party === "client:console" ? word("browserPhone") : party;
}
