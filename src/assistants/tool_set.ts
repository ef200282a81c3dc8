import type { CallControl } from "../tools/call_control.ts";
import {
  collectDigits,
  endCall,
  type MessagePlace,
  pauseRecording,
  resumeRecording,
  sendDigits,
  switchLanguage,
  takeMessage,
  transferCall,
} from "../tools/call_tools.ts";
import { httpTool, type HttpToolContext } from "../tools/http_tool.ts";
import type { Tool } from "../tools/tool.ts";
import type { CallMessage } from "../records/call_record.ts";
import type { Assistant, BuiltInTool } from "./assistant.ts";
import { languagesOf } from "./languages.ts";

/** Offered in recorded calls only. */
const RECORDING_TOOLS: readonly BuiltInTool[] = ["pause_recording", "resume_recording"];

/** The tools of an assistant in one call. */
export function toolSet(
  assistant: Assistant,
  control: CallControl,
  { recorded, saveMessage, ...context }: HttpToolContext & {
    readonly recorded: boolean;
    readonly saveMessage: (message: CallMessage) => Promise<MessagePlace> | MessagePlace;
  },
): Tool[] {
  const builtIn: Record<BuiltInTool, () => Tool> = {
    end_call: () => endCall(control),
    transfer_call: () => transferCall(control, assistant.transferTo),
    send_digits: () => sendDigits(control),
    take_message: () => takeMessage(control, saveMessage),
    switch_language: () => switchLanguage(control, languagesOf(assistant)),
    collect_digits: () => collectDigits(control, assistant.keypad.secrets),
    pause_recording: () => pauseRecording(control),
    resume_recording: () => resumeRecording(control),
  };
  return [
    ...assistant.builtInTools.filter((name) => recorded || !RECORDING_TOOLS.includes(name))
      .map((name) => builtIn[name]()),
    ...assistant.httpTools.map((tool) => httpTool(tool, context)),
  ];
}
