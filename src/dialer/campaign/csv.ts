/** Comma-separated values. Source: RFC 4180 */

export interface CsvRow {
  /** Line it begins in, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Reads a table. Lines may end in CRLF, LF or CR; empty ones are left out, and so is a byte order mark.
 *
 * @throws {SyntaxError} naming the line of a quoted cell that does not end, or goes on after its end.
 */
export function parseCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  // A cell, quoted or not, and what ends it.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n][^,\r\n]*)|)(,|\r\n|\n|\r|$)/y;
  let line = 1;
  let row: { line: number; cells: string[] } = { line, cells: [] };
  for (
    cell.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
    cell.lastIndex < text.length || row.cells.length > 0;
  ) {
    const [whole, quoted, plain = "", end] = cell.exec(text) ?? [];
    if (whole === undefined) {
      throw new SyntaxError(`line ${line}: a cell in quotes does not end, or goes on behind its last quote`);
    }
    row.cells.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.split(/\r\n|\n|\r/).length - 1;
    if (end === ",") continue;
    if (row.cells.some((each) => each.trim() !== "")) rows.push(row);
    row = { line, cells: [] };
  }
  return rows;
}

/** Writes one row, with its line end. */
export function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell).join(",") +
    "\r\n";
}
