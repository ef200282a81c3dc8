/** Suggestions for misspelled names. */

/** Letters that may differ in a long name. */
const MAX_DISTANCE = 2;
/** Shorter names are too similar to each other: only case and underscores may differ. */
const MIN_LENGTH = 8;

/** Returns the known name that is most similar to a misspelled one; undefined if none is similar enough. */
export function nearestName(
  name: string,
  knownNames: readonly string[],
  maxDistance = name.length < MIN_LENGTH ? 0 : MAX_DISTANCE,
): string | undefined {
  const [best] = knownNames.map((other) => ({
    other,
    distance: distance(normalized(name), normalized(other)),
  }))
    .filter(({ distance }) => distance <= maxDistance)
    .sort((a, b) => a.distance - b.distance);
  return best?.other;
}

/**
 * Lists misspellings of a name: lower case, an additional S, no underscores, one character missing, or two
 * neighbours swapped.
 */
export function likelyTypos(name: string): string[] {
  const typos = new Set([name.toLowerCase(), `${name}S`, name.replaceAll("_", "")]);
  for (let i = 0; i < name.length; i++) {
    typos.add(name.slice(0, i) + name.slice(i + 1));
    typos.add(name.slice(0, i) + name.slice(i + 1, i + 2) + name.charAt(i) + name.slice(i + 2));
  }
  typos.delete(name);
  return [...typos];
}

/** Ignores case and underscores, the most frequent mistakes. */
function normalized(name: string): string {
  return name.toUpperCase().replaceAll("_", "");
}

/** Levenshtein distance: characters to insert, delete or replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
