import { assertEquals } from "@std/assert";
import { PingMonitor } from "../../../src/model/web_socket/ping_monitor.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** A monitor that pings every 2 s and waits 3 s, and what it did. */
function setUp() {
  const clock = new FakeClock(), machine = new FakeClock();
  const pings: Uint8Array[] = [];
  const suspects: boolean[] = [];
  const line = { dead: false };
  const monitor = new PingMonitor(
    clock,
    {
      sendPing: (payload) => pings.push(payload),
      onPong: () => {},
      onSuspect: (suspect) => suspects.push(suspect),
      onDead: () => line.dead = true,
    },
    { pingEveryMs: 2_000, pongMs: 3_000 },
    machine,
  );
  return {
    clock,
    machine,
    monitor,
    pings,
    suspects,
    line,
    /** Time passes for the clock and the machine, in steps of 10 ms. */
    pass(ms: number) {
      for (let step = 0; step < ms; step += 10) {
        clock.advance(10);
        machine.advance(10);
      }
    },
    pong(index: number) {
      const payload = pings[index] ?? new Uint8Array();
      monitor.bytesArrived(payload.length);
      monitor.pongArrived(payload);
    },
  };
}

Deno.test("PingMonitor reports a dead line 3 s after the first unanswered ping", () => {
  const { pass, line, suspects, clock, machine } = setUp();
  pass(4_990);
  assertEquals([line.dead, suspects], [false, [true]]);
  pass(10);
  assertEquals(line.dead, true);
  assertEquals([clock.pending, machine.pending], [0, 0]);
});

Deno.test("PingMonitor sends at most one ping in 100 ms, and restarts the interval", () => {
  const { pass, pong, monitor, pings } = setUp();
  pass(1_000);
  monitor.ping();
  pass(90);
  monitor.ping();
  assertEquals(pings.length, 1);
  pong(0);
  pass(1_900);
  assertEquals(pings.length, 1);
  pass(10);
  assertEquals(pings.length, 2);
});

Deno.test("PingMonitor keeps a line whose pong waits behind a long message", () => {
  const { pass, pong, monitor, line } = setUp();
  pass(2_000);
  for (let second = 0; second < 9; second++) {
    monitor.bytesArrived(8_000);
    pass(1_000);
  }
  pong(0);
  pass(100);
  assertEquals(line.dead, false);
});

Deno.test("PingMonitor notices after 10 s an upload that stands still while messages arrive", () => {
  const { pass, monitor, line } = setUp();
  pass(2_000);
  for (let step = 0; step < 999; step++) {
    monitor.bytesArrived(80);
    pass(10);
  }
  assertEquals(line.dead, false);
  pass(10);
  assertEquals(line.dead, true);
});

Deno.test("PingMonitor does not wait longer for a line that is too slow for a call's audio", () => {
  const { pass, monitor, line } = setUp();
  pass(2_000);
  for (let step = 0; step < 30; step++) {
    monitor.bytesArrived(100);
    pass(100);
  }
  assertEquals(line.dead, false);
  monitor.bytesArrived(100);
  pass(1_100);
  assertEquals(line.dead, true);
});

Deno.test("PingMonitor gives a blocked event loop 500 ms to read, once", () => {
  const { pass, clock, machine, line, suspects } = setUp();
  pass(2_000);
  clock.stall(4_000);
  machine.stall(4_000);
  clock.advance(0);
  pass(490);
  assertEquals([line.dead, suspects], [false, []]);
  pass(20);
  assertEquals(line.dead, true);
});

Deno.test("PingMonitor keeps a line whose pong is read after the event loop was blocked", () => {
  const { pass, clock, machine, pong, line, suspects } = setUp();
  pass(2_000);
  clock.stall(4_000);
  machine.stall(4_000);
  clock.advance(0);
  pass(490);
  for (const ping of [0, 1]) pong(ping);
  pass(1_000);
  assertEquals([line.dead, suspects], [false, []]);
});

Deno.test("PingMonitor judges no line before the machine had 500 ms for the pong, and 10 ms to read", () => {
  const jumped = setUp();
  jumped.clock.advance(3_600_000);
  assertEquals(jumped.pings.length, 1);
  jumped.machine.advance(499);
  assertEquals(jumped.suspects, []);
  jumped.pong(0);
  jumped.machine.advance(500);
  assertEquals([jumped.line.dead, jumped.suspects], [false, []]);

  const slow = setUp();
  slow.pass(2_590);
  slow.clock.advance(10);
  slow.machine.advance(9);
  assertEquals(slow.suspects, []);
  slow.machine.advance(1);
  assertEquals(slow.suspects, [true]);
});

Deno.test("PingMonitor keeps pinging and leaves no timer after stop()", () => {
  const { pass, pong, pings, monitor, clock, machine } = setUp();
  for (let count = 1; count <= 100; count++) {
    pass(2_000);
    assertEquals(pings.length, count);
    pong(count - 1);
  }
  pass(2_600);
  monitor.stop();
  assertEquals([clock.pending, machine.pending], [0, 0]);
});
