import { concurrentTests } from "../support/concurrent_tests.ts";
import { interruptEarly, interruptLate } from "./pass_through.ts";

const test = concurrentTests("Parley between the simulators (pcmu)");

test("Parley passes every sample and knows a late barge-in to 20 ms", () => interruptLate("pcmu"));

test("Parley knows a barge-in during the response to 20 ms", () => interruptEarly("pcmu"));
