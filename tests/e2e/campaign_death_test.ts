import { assertEquals } from "@std/assert";
import { calledNumbers } from "../../src/dialer/campaign/campaign_results.ts";
import { StubCallService } from "../dialer/campaign/stub_call_service.ts";
import { parleyProcess } from "../support/parley_process.ts";
import { ChangeSignal } from "../support/wait_until.ts";

const NUMBERS = ["+15551230000", "+15551230001", "+15551230002"];

/** A campaign run as a process of its own, against a service whose calls never end. */
async function runCampaign(
  test: (run: {
    readonly service: StubCallService;
    readonly start: () => Deno.ChildProcess;
    /** Resolves once the service was asked for this many calls. */
    readonly placed: (count: number) => Promise<unknown>;
    readonly results: () => string;
  }) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/list.csv`;
  await Deno.writeTextFile(file, `number\n${NUMBERS.join("\n")}\n`);
  const changed = new ChangeSignal();
  {
    await using service = new StubCallService();
    service.course = () => [{ status: "in-progress" }];
    service.instead = () => void changed.notify();
    await test({
      service,
      start: () => parleyProcess(["call", "--file", file, "--at-once", "2", "--url", service.url], folder),
      placed: (count) => changed.until(`${count} calls`, () => service.requests.length >= count, 30_000),
      results: () => Deno.readTextFileSync(`${folder}/list.results.csv`),
    });
  }
  await Deno.remove(folder, { recursive: true });
}

Deno.test("A campaign killed with SIGKILL calls nobody twice when it is started again", async () => {
  await runCampaign(async ({ service, start, placed, results }) => {
    {
      await using campaign = start();
      await placed(2);
      campaign.kill("SIGKILL");
      await campaign.status;
    }
    assertEquals([...calledNumbers(results(), "r.csv").keys()], NUMBERS.slice(0, 2));
    await using again = start();
    await placed(3);
    assertEquals(service.requests.map(({ to }) => to), NUMBERS);
    again.kill("SIGKILL");
    await again.status;
  });
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`A campaign saves its calls as unknown on ${signal} and ends`, async () => {
    await runCampaign(async ({ start, placed, results }) => {
      await using campaign = start();
      await placed(2);
      campaign.kill(signal);
      assertEquals((await campaign.status).code, 1);
      assertEquals([...calledNumbers(results(), "r.csv")], [
        [NUMBERS[0], "unknown"],
        [NUMBERS[1], "unknown"],
      ]);
    });
  });
}

Deno.test("A campaign refuses a results file that another run is using", async () => {
  await runCampaign(async ({ service, start, placed }) => {
    await using first = start();
    await placed(2);
    await using second = start();
    assertEquals((await second.status).code, 1);
    assertEquals(service.requests.length, 2);
    first.kill("SIGKILL");
    await first.status;
  });
});
