import type { Assistant, Assistants, Hours, Rule } from "./assistant.ts";
import { isOpen, overlap, wallClock } from "./hours.ts";

/** What an assistant is chosen by. */
export interface RoutedCall {
  /** The dialled number, as the network says it. */
  readonly to: string;
  readonly from: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Who takes a call, and why. */
export interface Route {
  readonly assistant: Assistant;
  readonly why: string;
}

/**
 * Chooses the assistant for a call that came in. The most particular rule wins: a dialled number before a caller's before
 * hours; an exact number before a beginning, a longer beginning before a shorter one.
 */
export function route(call: RoutedCall, { assistants, rules, default: byDefault }: Assistants): Route {
  let best: Fit | undefined;
  for (const rule of rules) {
    const found = fit(rule, call);
    if (found && (!best || compare(found, best) > 0)) best = found;
  }
  const assistant = assistants.find(({ name }) => name === best?.rule.assistant);
  if (!best || !assistant) {
    return { assistant: byDefault, why: "it fits no assistant, so the default one takes it" };
  }
  return { assistant, why: reasons(best, call.at).join(", and ") };
}

/** How a rule fits a call. */
interface Fit {
  readonly rule: Rule;
  /** The pattern that fits best; undefined where the rule names none. */
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly hours: Hours | undefined;
}

function fit(rule: Rule, { to, from, at }: RoutedCall): Fit | undefined {
  const found = {
    rule,
    to: bestOf(rule.to, to),
    from: bestOf(rule.from, from),
    hours: rule.hours.find((hours) => isOpen(hours, at)),
  };
  const fits = (rule.to.length === 0 || found.to !== undefined) &&
    (rule.from.length === 0 || found.from !== undefined) &&
    (rule.hours.length === 0 || found.hours !== undefined);
  return fits ? found : undefined;
}

function bestOf(patterns: readonly string[], party: string): string | undefined {
  return patterns
    .filter((pattern) => pattern.endsWith("*") ? party.startsWith(pattern.slice(0, -1)) : party === pattern)
    .sort((a, b) => particularity(b) - particularity(a))[0];
}

/** An exact one is more particular than any beginning, and any than none. */
function particularity(pattern: string | undefined): number {
  if (pattern === undefined) return 0;
  return pattern.endsWith("*") ? pattern.length : Infinity;
}

/** Above 0 when `a` is more particular than `b`. */
function compare(a: Fit, b: Fit): number {
  for (const party of ["to", "from"] as const) {
    const [of, than] = [particularity(a[party]), particularity(b[party])];
    if (of !== than) return of > than ? 1 : -1;
  }
  return Number(a.hours !== undefined) - Number(b.hours !== undefined);
}

function reasons({ to, from, hours }: Fit, at: number): string[] {
  const because: string[] = [];
  if (to !== undefined) because.push(`it answers ${to}`);
  if (from !== undefined) because.push(`it answers callers from ${from}`);
  if (hours !== undefined) {
    const { day, time } = wallClock(hours.timeZone)(at);
    because.push(`it is ${day} ${time} in ${hours.timeZone}, within ${hours.from} to ${hours.to}`);
  }
  return because;
}

/**
 * Why two rules would be equally particular for one call; undefined when there is no such call.
 *
 * A beginning that both name counts even if every number with it is named more exactly by one of them.
 */
export function conflict(a: Rule, b: Rule): string | undefined {
  const shared = (mine: readonly string[], others: readonly string[]) =>
    mine.length === 0 && others.length === 0 ? "" : mine.find((pattern) => others.includes(pattern));
  const to = shared(a.to, b.to);
  const from = shared(a.from, b.from);
  if (to === undefined || from === undefined) return undefined;
  if ((a.hours.length === 0) !== (b.hours.length === 0)) return undefined;
  if (a.hours.length > 0 && !a.hours.some((mine) => b.hours.some((other) => overlap(mine, other)))) {
    return undefined;
  }
  const parts = [
    ...(to === "" ? [] : [`to ${to}`]),
    ...(from === "" ? [] : [`from ${from}`]),
    ...(a.hours.length > 0 ? ["at the same hours"] : []),
  ];
  return `calls ${parts.join(" ")}`;
}
