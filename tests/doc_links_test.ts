import { assertEquals } from "@std/assert";
import { dirname, join, normalize } from "node:path/posix";
import { ROOT } from "../docs/generate/page.ts";

/** Folders whose Markdown files are read; `.` without its sub-folders. */
const FOLDERS = [".", ".github", ".github/ISSUE_TEMPLATE", "bench", "docs", "docs/design", "examples"];

/** A relative Markdown link or image, and a source path in backticks. */
const LINK = /\]\((?![a-z]+:)([^)\s#]*)(?:#([^)\s]+))?\)/g;
const SOURCE_PATH =
  /`((?:src|tests|bench|docs|deploy|examples|\.ci|\.mirror)\/[\w./-]+|[\w.-]+\/[\w./-]+\.(?:ts|js|md))`/g;

for (const folder of FOLDERS) {
  for (const { name } of Deno.readDirSync(new URL(folder, ROOT))) {
    const page = normalize(`${folder}/${name}`);
    if (!name.endsWith(".md")) continue;

    Deno.test(`${page} links to existing pages, headings and files`, () => {
      const text = read(page);
      const broken = [...text.matchAll(LINK)].filter(([, path = "", heading]) => {
        const target = path === "" ? page : join(dirname(page), path);
        return !exists(target) || heading !== undefined && !headings(read(target)).includes(heading);
      });
      // Pages about the code leave out "src/".
      const missing = [...text.matchAll(SOURCE_PATH)].filter(([, path = ""]) =>
        ![path, `src/${path}`, join(dirname(page), path)].some(exists)
      );
      assertEquals([...broken, ...missing].map(([link]) => link), []);
    });
  }
}

/** The anchors that GitHub makes from a page's headings. */
function headings(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-")
  );
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
