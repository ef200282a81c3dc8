/** Comma-separated values with CRLF line ends (RFC 4180). */

import { parse, stringify } from "@std/csv";
import { escapeUnprintable } from "./printable.ts";

export interface CsvRow {
  /** Line of the file that the row starts on, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Reads a table with line ends CRLF, LF or CR. Skips empty rows and a byte order mark.
 *
 * @throws {SyntaxError} with the line of a malformed row.
 */
export function parseCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  const lines = text.split(/\r\n|\n|\r/);
  for (let at = 0; at < lines.length;) {
    const line = at + 1;
    // A row goes on in the next line while one of its quoted cells is open.
    let quotes = 0;
    do quotes += quotesIn(lines[at++] ?? ""); while (quotes % 2 === 1 && at < lines.length);
    const cells = parseRow(lines.slice(line - 1, at).join("\n"), line);
    if (cells.some((cell) => cell.trim() !== "")) rows.push({ line, cells });
  }
  return rows;
}

/** Writes one row with its line end. Control characters are escaped, and cells cannot act as formulas. */
export function csvLine(cells: readonly string[]): string {
  return stringify([cells.map((cell) => withoutFormula(escapeUnprintable(cell)))]);
}

/** `@std/csv` counts rows, not lines, so it gets one row at a time. */
function parseRow(text: string, line: number): readonly string[] {
  try {
    return parse(text)[0] ?? [];
  } catch {
    throw new SyntaxError(`line ${line}: unterminated quoted cell, or text before or after a quoted cell`);
  }
}

function quotesIn(line: string): number {
  return line.split('"').length - 1;
}

/** Spreadsheets run a cell that starts with `=`, `@` or `-`, or with `+` unless it is a number; a leading `'` prevents it. */
function withoutFormula(text: string): string {
  return /^(?:[=@-]|\+(?!\d+$))/.test(text) ? `'${text}` : text;
}
