import { messageOf } from "./error_message.ts";

/** Why a file cannot be used, without names of system calls: `it does not exist`. */
export function fileErrorReason(error: unknown, action: "read" | "write" = "read"): string {
  if (error instanceof Deno.errors.NotFound) {
    return action === "write" ? "its folder does not exist" : "it does not exist";
  }
  if (error instanceof Deno.errors.PermissionDenied) return `this user may not ${action} it`;
  if (error instanceof Deno.errors.NotCapable) return "Parley was started without permission for it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.NotADirectory) return "a part of its path is not a folder";
  return messageOf(error).replace(/ \(os error \d+\).*$/, "");
}

/** @throws {Error} naming the file, and why it cannot be used: `Cannot read "a.txt": it does not exist`. */
export function throwFileError(path: string, error: unknown, action: "read" | "write" = "read"): never {
  throw new Error(`Cannot ${action} "${path}": ${fileErrorReason(error, action)}`);
}

/** Whether a file cannot be written because the disk, or the user's quota of it, is full. */
export function isDiskFull(error: unknown): boolean {
  // ENOSPC and EDQUOT; SQLite's own message, and the one for a file it maps into memory.
  return /os error (28|122)\b|database or disk is full|disk I\/O error/.test(messageOf(error));
}

/** The result of file access, or undefined if the file does not exist. Other errors are thrown. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Like {@linkcode unlessMissing}, for synchronous access. */
export function unlessMissingSync<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
