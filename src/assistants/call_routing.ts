import type { Assistant, Assistants, RoutingRule } from "./assistant.ts";
import { isOpen, localTime, overlap, type WeeklyHours } from "../weekly_hours.ts";

export interface RoutedCall {
  /** Called number: E.164, or an address such as `sip:…`. */
  readonly to: string;
  readonly from: string;
  /** Unix time (ms). */
  readonly at: number;
}

export interface Route {
  readonly assistant: Assistant;
  readonly reason: string;
}

/**
 * Selects the assistant for an incoming call. The most specific rule wins: rules are compared by called number, then by
 * calling number, then by hours. An exact number outranks a prefix, and a longer prefix a shorter one.
 */
export function routeCall(
  call: RoutedCall,
  { assistants, rules, default: defaultAssistant }: Assistants,
): Route {
  let best: Match | undefined;
  for (const rule of rules) {
    const match = matchRule(rule, call);
    if (match && (!best || compareSpecificity(match, best) > 0)) best = match;
  }
  const assistant = assistants.find(({ name }) => name === best?.rule.assistant);
  if (!best || !assistant) {
    return { assistant: defaultAssistant, reason: "no rule matches, so the default assistant takes it" };
  }
  return { assistant, reason: describeMatch(best, call.at).join(", and ") };
}

/** A rule that matches a call, and which of its patterns and hours match. */
interface Match {
  readonly rule: RoutingRule;
  /** The most specific pattern that matches; undefined if the rule has no pattern. */
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly hours: WeeklyHours | undefined;
}

function matchRule(rule: RoutingRule, { to, from, at }: RoutedCall): Match | undefined {
  const match = {
    rule,
    to: mostSpecific(rule.to, to),
    from: mostSpecific(rule.from, from),
    hours: rule.hours.find((hours) => isOpen(hours, at)),
  };
  const matches = (rule.to.length === 0 || match.to !== undefined) &&
    (rule.from.length === 0 || match.from !== undefined) &&
    (rule.hours.length === 0 || match.hours !== undefined);
  return matches ? match : undefined;
}

function mostSpecific(patterns: readonly string[], party: string): string | undefined {
  return patterns
    .filter((pattern) => pattern.endsWith("*") ? party.startsWith(pattern.slice(0, -1)) : party === pattern)
    .sort((a, b) => specificity(b) - specificity(a))[0];
}

/** An exact number is more specific than any prefix, a prefix more than no pattern. */
function specificity(pattern: string | undefined): number {
  if (pattern === undefined) return 0;
  return pattern.endsWith("*") ? pattern.length : Infinity;
}

/** Positive if `a` is more specific than `b`. */
function compareSpecificity(a: Match, b: Match): number {
  for (const party of ["to", "from"] as const) {
    const [first, second] = [specificity(a[party]), specificity(b[party])];
    if (first !== second) return first > second ? 1 : -1;
  }
  return Number(a.hours !== undefined) - Number(b.hours !== undefined);
}

function describeMatch({ to, from, hours }: Match, at: number): string[] {
  const reasons: string[] = [];
  if (to !== undefined) reasons.push(`the called number matches ${to}`);
  if (from !== undefined) reasons.push(`the caller matches ${from}`);
  if (hours !== undefined) {
    const { day, time } = localTime(hours.timeZone, at);
    reasons.push(`the time is ${day} ${time} in ${hours.timeZone}, within ${hours.from} to ${hours.to}`);
  }
  return reasons;
}

/**
 * Describes the calls for which two rules are equally specific; undefined if there are none.
 *
 * Two rules with the same prefix conflict, even if one of them also lists every number with that prefix.
 */
export function findConflict(a: RoutingRule, b: RoutingRule): string | undefined {
  const shared = (first: readonly string[], second: readonly string[]) =>
    first.length === 0 && second.length === 0 ? "" : first.find((pattern) => second.includes(pattern));
  const to = shared(a.to, b.to);
  const from = shared(a.from, b.from);
  if (to === undefined || from === undefined) return undefined;
  if ((a.hours.length === 0) !== (b.hours.length === 0)) return undefined;
  if (a.hours.length > 0 && !a.hours.some((first) => b.hours.some((second) => overlap(first, second)))) {
    return undefined;
  }
  const parts = [
    ...(to === "" ? [] : [`to ${to}`]),
    ...(from === "" ? [] : [`from ${from}`]),
    ...(a.hours.length > 0 ? ["during the same hours"] : []),
  ];
  return `calls ${parts.join(" ")}`;
}
