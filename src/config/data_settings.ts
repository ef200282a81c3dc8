import { LOG_FORMATS, LOG_LEVELS } from "../telemetry/log.ts";
import {
  announcement,
  listOf,
  nonEmpty,
  oneOf,
  secretText,
  type Setting,
  wholeNumber,
} from "./setting_types.ts";

/** Settings of admin access, data and logging. */
export const DATA_SETTINGS = {
  ADMIN_TOKEN: {
    description: "Password for metrics, API and console. Default: they are available on this machine only.",
    schema: secretText(16).optional(),
    secret: true,
  },
  VIEWER_TOKEN: {
    description:
      "Password that reads API, console and metrics, but cannot place or control calls. Needs ADMIN_TOKEN.",
    schema: secretText(16).optional(),
    secret: true,
  },
  METRICS_TOKEN: {
    description: "Password for /metrics only, for Prometheus.",
    schema: secretText(16).optional(),
    secret: true,
  },
  METRICS_PUBLIC: {
    description: "Whether /metrics is available without the password.",
    schema: oneOf(["true", "false"]).default("false").transform((value) => value === "true"),
  },
  DATA_DIR: {
    description: "Directory for all data. Parley writes nowhere else.",
    schema: nonEmpty.default("./data"),
  },
  RECORD_DAYS: {
    description: "How long call records are kept (days). Default: forever.",
    schema: wholeNumber(1, 36_500).optional(),
  },
  RECORD_TOOL_DATA: {
    description:
      "Whether call records keep the arguments and results of tools. Secrets are replaced in both.",
    schema: oneOf(["on", "off"]).default("on"),
  },
  RECORDING: {
    description: "Whether calls are recorded. An assistant can override it. See docs/recordings.md.",
    schema: oneOf(["off", "on"]).default("off"),
  },
  RECORDING_CONSENT: {
    description:
      "Announcement that Twilio speaks before a recorded call. Empty: none, which may be unlawful.",
    schema: announcement.default("This call is recorded."),
    allowEmpty: true,
  },
  RECORDING_DAYS: {
    description: "How long recordings are kept (days). Default: as long as the call record.",
    schema: wholeNumber(1, 36_500).optional(),
  },
  RECORDING_MEGABYTES: {
    description:
      "Disk space for recordings (MB). One hour takes 115 MB. The oldest recordings are deleted first.",
    schema: wholeNumber(1, 100_000_000).default(10_000),
  },
  LOG_LEVEL: {
    description: "Lowest level that is logged.",
    schema: oneOf(LOG_LEVELS).default("info"),
  },
  LOG_EVENTS: {
    description:
      "Events of the model that are logged at level info, with their content but without audio: names or patterns such " +
      "as error, response.done, *.transcription.*. They may contain what was said. Default: none; level debug logs " +
      "the names of all events except deltas.",
    schema: listOf(/^[\w.*]+$/, "names or patterns such as response.done, response.*").optional(),
  },
  LOG_FORMAT: {
    description: "pretty for people, json for programs. Default: json in production, pretty elsewhere.",
    schema: oneOf(LOG_FORMATS).optional(),
  },
} satisfies Record<string, Setting>;
