// The part of @std/csv that Parley uses; the mirrored package carries no types.
export declare function parse(input: string): string[][];
export declare function stringify(
  data: readonly (readonly unknown[])[],
  options?: { headers?: boolean; separator?: string; bom?: boolean },
): string;
