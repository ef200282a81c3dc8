/** A file that is generated from the code, whole or in part. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  /**
   * Renders the whole file. Markdown and JSON need no formatting.
   *
   * @param current The present text of the file; empty if it does not exist.
   */
  render(current: string): string | Promise<string>;
}

/** Root of the repository. */
export const ROOT = new URL("../../", import.meta.url);

/** Renders a page and formats it as `deno fmt` does. */
export async function renderPage({ path, render }: Page): Promise<string> {
  const rendered = await render(readPage(path));
  const [, extension = ""] = /\.(md|json|html)$/.exec(path) ?? [];
  return extension === "" ? rendered : await format(rendered, extension);
}

/** The present text of a file; empty if it does not exist. */
export function readPage(path: string): string {
  try {
    return Deno.readTextFileSync(new URL(path, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/**
 * Replaces the text between `<!-- generated: NAME -->` and `<!-- end: NAME -->`.
 *
 * @throws {TypeError} if the markers are missing.
 */
export function replaceSection(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const [before = "", rest] = page.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (after === undefined) throw new TypeError(`The page lacks the lines ${begin} and ${end}. Add them.`);
  return `${before}${begin}\n\n${content}\n\n${end}${after}`;
}

/** A Markdown table. `|` in cells is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text whose `*` is not emphasis. */
export function plain(text: string): string {
  return text.replaceAll("*", "\\*");
}

/** Text as inline code; nothing for an empty text. */
export function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

async function format(text: string, extension: string): Promise<string> {
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", `--ext=${extension}`, "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout, stderr } = await fmt.output();
  if (!success) throw new Error(`deno fmt failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
