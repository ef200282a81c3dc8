/** Most letters that may differ for one name to be taken for another. */
const FAR = 2;
/** Shorter names are close to too many others. */
const SHORT = 8;

/** The one of `known` that somebody who wrote `name` most likely meant, if any. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const far = name.length < SHORT ? 0 : FAR;
  const [best] = known.map((other) => ({ other, distance: distance(plain(name), plain(other)) }))
    .filter(({ distance }) => distance <= far)
    .sort((a, b) => a.distance - b.distance);
  return best?.other;
}

/** Ways to get a name wrong with one slip: a letter or underscore left out, swapped with the next, or an S too many. */
export function slips(name: string): string[] {
  const wrong = new Set([name.toLowerCase(), `${name}S`, name.replaceAll("_", "")]);
  for (let i = 0; i < name.length; i++) {
    wrong.add(name.slice(0, i) + name.slice(i + 1));
    wrong.add(name.slice(0, i) + name.slice(i + 1, i + 2) + name.charAt(i) + name.slice(i + 2));
  }
  wrong.delete(name);
  return [...wrong];
}

/** Case and underscores are what people get wrong first. */
function plain(name: string): string {
  return name.toUpperCase().replaceAll("_", "");
}

/** Levenshtein distance: letters to insert, delete or replace to get from one text to the other. */
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
