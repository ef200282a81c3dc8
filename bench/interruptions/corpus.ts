import { randomFrom } from "../../tests/support/random.ts";
import { doorSlam, keyboard, throatClearing } from "./shaped_noise.ts";
import { joined } from "./signal.ts";
import { espeak, recording } from "./sound_files.ts";

/** What a sound is. The assistant should stop for the last two, and finish its answer in all other cases. */
export const KINDS = [
  "cough",
  "noise",
  "background talk",
  "backchannel",
  "misheard cough",
  "transcribed talk",
  "short words",
  "long turn",
] as const;
export type SoundKind = typeof KINDS[number];

export interface Sound {
  readonly kind: SoundKind;
  readonly name: string;
  /** What a transcriber hears. */
  readonly text: string;
  readonly samples: Float32Array;
  /** Whether semantic VAD takes it for a finished sentence. Otherwise it waits for 4 s. */
  readonly finished: boolean;
}

/** Levels against the caller's usual speech (dB). */
export const LEVELS_DB: Readonly<Record<SoundKind, readonly number[]>> = {
  "cough": [6, 0, -12],
  "misheard cough": [6, 0, -12],
  "noise": [0, -6, -15],
  "background talk": [-10, -15, -20],
  "transcribed talk": [-10, -15, -20],
  "backchannel": [0, -6, -12],
  "short words": [3, -6, -12],
  "long turn": [3, -6, -12],
};

const VOICES = "hedgewars-data/usr/share/games/hedgewars/Data/Sounds/voices";
const COUGHS = ["Default", "Default_es", "Default_pl", "Default_ru", "HillBilly"];
const HMM = ["British", "Classic", "Default_ru", "Default_uk", "Mobster", "Pirate", "Surfer"];
const SHOUTS = [
  ["Default/Cutitout", "Cut it out!"],
  ["Mobster/Cutitout", "Cut it out!"],
  ["British/Leavemealone", "Leave me alone."],
  ["Surfer/Whatthe", "What the"],
  ["Default/Nooo", "No!"],
  ["British/Hello", "Hello?"],
  ["Pirate/Hello", "Hello?"],
  ["Mobster/Hurry", "Hurry!"],
] as const;

/** Voice, words a minute, text. */
const BACKCHANNELS = [
  ["en-us", 175, "Okay."],
  ["en-gb+f3", 150, "Yeah."],
  ["en-us+m3", 200, "Right, right."],
  ["en-us+f2", 175, "I see."],
  ["de", 175, "Ja."],
  ["de+f2", 150, "Ja, genau."],
  ["de+m4", 200, "Aha."],
  ["fr+f4", 175, "D'accord."],
  ["es+m2", 175, "Vale."],
  ["it+f1", 160, "Va bene."],
  ["pl", 175, "No tak."],
] as const;
const SHORT_WORDS = [
  ["en-us", 175, "Stop."],
  ["en-gb+f3", 200, "No, wait."],
  ["en-us+m3", 150, "What?"],
  ["en-us+f2", 175, "Hold on."],
  ["en-gb", 220, "Excuse me?"],
  ["de", 175, "Halt!"],
  ["de+f2", 200, "Nein, Moment."],
  ["de+m4", 150, "Wie bitte?"],
  ["fr+f4", 175, "Attendez."],
  ["es+m2", 175, "Espera."],
  ["it+f1", 160, "No, aspetti."],
  ["pl", 175, "Chwila."],
] as const;
const LONG_TURNS = [
  ["de", 165, "Entschuldigung, ich wollte eigentlich nur wissen, ob Sie am Samstag geöffnet haben."],
  ["en-gb+f3", 150, "Actually, could you move that to Thursday afternoon, please?"],
] as const;
const PROMPTS = [
  ["en-wav/usr/share/asterisk/sounds/en_US_f_Allison/vm-nobodyavail", "Nobody is available."],
  ["es-wav/usr/share/asterisk/sounds/es_MX_f_Allison/vm-nobodyavail", "Nadie está disponible."],
  ["fr-wav/usr/share/asterisk/sounds/fr_CA_f_June/vm-nobodyavail", "Personne n'est disponible."],
  ["it-wav/usr/share/asterisk/sounds/it_IT_m_Carlo/vm-nobodyavail", "Nessuno è disponibile."],
] as const;
const ANSWER = ["vm-instructions", "demo-congrats", "demo-instruct"];
/** Without a pause that would end the turn. */
const CALLER_TURN = "cannot-complete-as-dialed";

/** All sounds, from these packages. */
export async function loadCorpus(folder: string): Promise<Sound[]> {
  const random = randomFrom(1);
  const sounds: Sound[] = [];
  const add = (kind: SoundKind, name: string, text: string, samples: Float32Array, finished: boolean) =>
    sounds.push({ kind, name, text, samples, finished });
  for (const voice of COUGHS) {
    add("cough", `cough, ${voice}`, "", await recording(folder, `${VOICES}/${voice}/PoisonCough.ogg`), false);
  }
  for (const number of [1, 2, 3]) {
    add("cough", `throat clearing ${number}`, "", throatClearing(random), false);
  }
  add("noise", "laugh", "", await recording(folder, `${VOICES}/Default/Laugh.ogg`), false);
  add("noise", "groan", "", await recording(folder, `${VOICES}/Default/PoisonMoan.ogg`), false);
  add("noise", "door", "", doorSlam(random), false);
  add("noise", "keyboard", "", keyboard(random), false);
  add("noise", "hammer", "", await recording(folder, `${VOICES}/../hammer.ogg`), false);
  for (const voice of COUGHS) {
    const cough = await recording(folder, `${VOICES}/${voice}/PoisonCough.ogg`);
    add("misheard cough", `cough, ${voice}`, "Thank you.", cough, false);
  }
  for (const [path, text] of PROMPTS) {
    const talk = await recording(folder, `asterisk-core-sounds-${path}.wav`);
    add("background talk", `talk, ${text}`, "", talk.slice(0, 12_000), false);
    add("transcribed talk", `talk, ${text}`, text, talk.slice(0, 12_000), false);
    add("long turn", text, text, talk, true);
  }
  for (const voice of HMM) {
    add("backchannel", `hmm, ${voice}`, "Hmm.", await recording(folder, `${VOICES}/${voice}/Hmm.ogg`), false);
  }
  for (const [voice, speed, text] of BACKCHANNELS) {
    add("backchannel", `${text} ${voice}`, text, await espeak(text, voice, speed), true);
  }
  for (const [path, text] of SHOUTS) {
    const shout = await recording(folder, `${VOICES}/${path}.ogg`);
    add("short words", `${text} ${path}`, text, shout, text !== "What the");
  }
  for (const [voice, speed, text] of SHORT_WORDS) {
    const isFinished = !/wait|Hold|Moment/.test(text);
    add("short words", `${text} ${voice}`, text, await espeak(text, voice, speed), isFinished);
  }
  for (const [voice, speed, text] of LONG_TURNS) {
    add("long turn", `${text} ${voice}`, text, await espeak(text, voice, speed), true);
  }
  return sounds;
}

/** Speech of the call itself: the caller's first turn, and the assistant's long answer and short reply. */
export async function loadSpeech(folder: string) {
  const prompt = (name: string) =>
    recording(folder, `asterisk-core-sounds-en-wav/usr/share/asterisk/sounds/en_US_f_Allison/${name}.wav`);
  return {
    callerTurn: await prompt(CALLER_TURN),
    answer: joined(await Promise.all(ANSWER.map(prompt))),
    reply: await prompt("auth-thankyou"),
  };
}
