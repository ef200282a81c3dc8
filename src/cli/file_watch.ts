import { basename, dirname, join, resolve } from "node:path";
import type { Environment } from "../config/environment.ts";

/** Time without a change after which the changes are reported (ms): editors write a file in several steps. */
const SETTLE_MS = 100;

/** An environment that notes which files were read, existing or not. */
export function recordReads(environment: Environment): Environment & { readonly paths: ReadonlySet<string> } {
  const paths = new Set<string>();
  return {
    ...environment,
    readFile(path) {
      paths.add(path);
      return environment.readFile(path);
    },
    paths,
  };
}

/** Detects when files are created, changed, replaced or deleted. Starts when it is constructed. */
export class FileWatch implements Disposable {
  readonly #paths: ReadonlySet<string>;
  #folders: readonly string[] = [];
  #watcher: Deno.FsWatcher | undefined;
  #next: Promise<IteratorResult<Deno.FsEvent>> = new Promise(() => {});

  /** @param paths May grow later. */
  constructor(paths: ReadonlySet<string>) {
    this.#paths = paths;
    this.#watch();
  }

  /** Waits for the next changes; returns the paths of the files. */
  async changes(): Promise<string[]> {
    this.#watch();
    const changed = new Set<string>();
    for (;;) {
      const result = await (changed.size === 0 ? this.#next : Promise.race([this.#next, settled()]));
      if (result === undefined) return [...changed];
      this.#advance();
      const paths = result.done || result.value.kind === "access" ? [] : result.value.paths;
      for (const file of this.#paths) if (paths.includes(eventPath(file) ?? "")) changed.add(file);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }

  /** Watches the folders of all files; does nothing if it already does. */
  #watch(): void {
    const folders = new Set([...this.#paths].map(eventPath).flatMap((path) => path ? [dirname(path)] : []));
    if (folders.size === 0 || [...folders].every((folder) => this.#folders.includes(folder))) return;
    this.#watcher?.close();
    this.#folders = [...folders];
    this.#watcher = Deno.watchFs([...folders], { recursive: false });
    this.#advance();
  }

  #advance(): void {
    if (this.#watcher) this.#next = this.#watcher[Symbol.asyncIterator]().next();
  }
}

/** The path by which events name a file; undefined when its folder does not exist. */
function eventPath(path: string): string | undefined {
  const absolute = resolve(path);
  try {
    return join(Deno.realPathSync(dirname(absolute)), basename(absolute));
  } catch {
    return undefined;
  }
}

function settled(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), SETTLE_MS));
}
