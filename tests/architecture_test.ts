import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path/posix";
import { readPage, ROOT } from "../docs/generate/page.ts";

Deno.test("ARCHITECTURE.md draws every import between folders, and no cycle", () => {
  const drawn = new Map<string, string[]>();
  for (const [, from = "", to = ""] of readPage("ARCHITECTURE.md").matchAll(/^ +(\w+)\S*.* --> (\w+)/gm)) {
    drawn.set(from, [...drawn.get(from) ?? [], to]);
  }
  const reachable = new Map([...drawn.keys()].map((folder) => [folder, reachableFrom(folder, drawn)]));
  assertEquals([...reachable].filter(([folder, reached]) => reached.has(folder)), [], "no cycles");

  const missing = new Set<string>();
  for (const path of sourceFiles("src")) {
    // The console's types are the exception that the page names.
    if (path === "src/console/api_types.ts") continue;
    for (const [, target = ""] of readPage(path).matchAll(/(?:from|import) "(\.[^"]+)"/g)) {
      const [from, to] = [folderOf(path), folderOf(join(dirname(path), target))];
      if (from && to && from !== to && !reachable.get(from)?.has(to)) missing.add(`${from} --> ${to}`);
    }
  }
  assertEquals([...missing], [], "imports that the drawing lacks");
});

/** `call` for `src/call/phone/hold.ts`; undefined for a file directly in `src/`. */
function folderOf(path: string): string | undefined {
  return /^src\/(\w+)\//.exec(path)?.[1];
}

function reachableFrom(folder: string, drawn: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const visit = (from: string) => {
    for (const to of drawn.get(from) ?? []) {
      if (reached.has(to)) continue;
      reached.add(to);
      visit(to);
    }
  };
  visit(folder);
  return reached;
}

function* sourceFiles(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* sourceFiles(`${folder}/${name}`);
    else if (/\.(ts|js)$/.test(name)) yield `${folder}/${name}`;
  }
}
