/** Every setting of the service. docs/settings.md and .env.example are generated from this file. */

import type { z } from "zod";
import { CALL_SETTINGS } from "./call_settings.ts";
import { DATA_SETTINGS } from "./data_settings.ts";
import { SERVICE_SETTINGS } from "./service_settings.ts";

/** All settings, in the order of the docs. */
export const SETTINGS = { ...SERVICE_SETTINGS, ...CALL_SETTINGS, ...DATA_SETTINGS };

/** Headings of the docs, each with the first setting below it. */
export const SETTING_GROUPS: readonly (readonly [title: string, first: SettingName])[] = [
  ["Service and network", "APP_ENV"],
  ["Twilio", "TWILIO_ACCOUNT_SID"],
  ["Model", "OPENAI_API_KEY"],
  ["Assistant", "ASSISTANTS_FILE"],
  ["Call limits and shutdown", "MAX_CALLS"],
  ["Callers", "ALLOWED_CALLERS"],
  ["Outbound calls", "RING_SECONDS"],
  ["Connection limits", "START_SECONDS"],
  ["Admin access", "ADMIN_TOKEN"],
  ["Data, records and recordings", "DATA_DIR"],
  ["Logging", "LOG_LEVEL"],
];

export type SettingName = keyof typeof SETTINGS;
/** The parsed values of all settings. */
export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]["schema"]> };
