/** An object whose members are there or not, but never undefined. */
type Defined<T> =
  & { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] }
  & {
    [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
  };

/** The same without members that are undefined: optional ones are left out where nothing stands for them. */
export function defined<T extends object>(value: T): Defined<T>;
export function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
