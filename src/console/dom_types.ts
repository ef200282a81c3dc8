/** Types of the console's DOM helpers. */

type Listeners = {
  readonly [Name in keyof HTMLElementEventMap as `on${Name}`]?: (event: HTMLElementEventMap[Name]) => unknown;
};

/** Attributes and `on…` listeners of an element. */
export interface Attributes extends Listeners {
  readonly [name: string]: string | number | boolean | undefined | ((event: never) => unknown);
}

type Child = Node | string | undefined;

/** A child, or a list of children. */
export type Children = Child | readonly Child[];
