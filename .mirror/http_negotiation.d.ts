export declare function accepts(request: { headers: Headers }): string[];
export declare function accepts<T extends string>(
  request: { headers: Headers },
  ...types: T[]
): T | undefined;
