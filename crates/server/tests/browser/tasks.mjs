// The main tasks, clicked through: sign in, stake, request an exit, sign an emergency release with two keys, claim
// compensation, ask what if, take a proof and check it without the service, begin a run of the risk desk and stop it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect, watch } from "./look.mjs";
import { backstop, before, story } from "./service.mjs";

// Runs every task on a phone's screen; each page on the way is looked at as the others are.
export async function tasks(browser, binary, examples, root, problems) {
  const done = [];
  for (const [name, task] of [["stake", stake], ["exit", exit], ["release", release], ["claim", claim], ["what if", whatIf], ["proof", proof], ["risk", risk]]) {
    try {
      await task({ browser, binary, examples, root, problems });
      done.push(name);
    } catch (error) {
      problems.push(`task ${name}: ${error.stack ?? error}`);
    }
  }
  return done;
}

async function withPage({ browser, problems }, service, work) {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, acceptDownloads: true });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  watch(page, problems, () => `task at ${page.url()}`);
  try {
    await work(page, async (path) => {
      await page.goto(service.address + path);
      await inspect(page, problems, `task at ${path}`);
    });
  } finally {
    await context.close();
    await service.stop();
  }
}

// A browser counts a form that is shown again as a failed request.
function forgiveRefusals(problems) {
  problems.splice(0, problems.length, ...problems.filter((problem) => !/status of 422/.test(problem)));
}

async function signIn(page, service) {
  await page.goto(`${service.address}/sign-in`);
  await page.getByLabel("API key").fill(service.key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${service.address}/`);
}

// Fills in a form, looks at what would change, confirms.
async function act(page, form, fields, problems) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: false }).first().fill(value);
  await page.getByRole("button", { name: "Show what would change" }).click();
  await page.getByRole("heading", { name: `${form}: what would change` }).waitFor();
  await inspect(page, problems, `${form}: what would change`);
  const changes = await page.locator("main").innerText();
  await page.getByRole("button", { name: `Confirm: ${form}` }).click();
  await page.getByRole("heading", { name: `${form}: done` }).waitFor();
  await inspect(page, problems, `${form}: done`);
  return changes;
}

const fundStory = (examples) => readFileSync(join(examples, "first-loss.toml"), "utf8")
  .replace(`{ open_account = { label = "carol" } },`, `{ open_account = { label = "carol" } },\n  { open_account = { label = "dora" } },`)
  .replace("opening = [", `opening = [\n  { account = { account = "dora" }, asset = "usdt", amount = "5000000000" },`);

async function stake(world) {
  const service = await story(world.binary, "stake", fundStory(world.examples), world.root);
  await withPage(world, service, async (page, open) => {
    await signIn(page, service);
    await open("/act/stake?account=dora&tranche=stakers");
    const changes = await act(page, "Stake", { Amount: "1,000.5" }, world.problems);
    assert.match(changes, /usdt · free/);
    assert.match(changes, /5,000\.00\s+3,999\.50/);
    await open("/accounts/dora");
    assert.match(await page.locator("main").innerText(), /stakers/);
    // More than there is, and no number: told beside the form, with everything still filled in.
    await open("/act/stake?account=dora&tranche=stakers");
    await page.getByLabel("Amount").fill("9999999");
    await page.getByRole("button", { name: "Show what would change" }).click();
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("Amount").inputValue(), "9999999");
    await page.getByLabel("Amount").fill("much");
    await page.getByRole("button", { name: "Show what would change" }).click();
    await page.locator("#amount-wrong").waitFor();
    forgiveRefusals(world.problems);
  });
}

async function exit(world) {
  const service = await story(world.binary, "exit", fundStory(world.examples), world.root);
  await withPage(world, service, async (page, open) => {
    await signIn(page, service);
    await open("/act/unstake?account=carol&tranche=stakers");
    const changes = await act(page, "Request exit", { Shares: "400000000000" }, world.problems);
    assert.match(changes, /ticket/);
    await open("/funds/main");
    assert.match(await page.locator("main").innerText(), /cooldown|queue|exit/i);
  });
}

// 32 bytes of one byte, as the example says.
function secret(folder, name, byte) {
  const file = join(folder, name);
  writeFileSync(file, `${byte.repeat(32)}\n`, { mode: 0o600 });
  return file;
}

async function release(world) {
  const cut = before(join(world.examples, "curator.toml"), "approvals = { nonce = 1");
  const service = await story(world.binary, "release", cut, world.root);
  await withPage(world, service, async (page, open) => {
    await signIn(page, service);
    await open("/approvals");
    await page.getByLabel("Sent by account").last().fill("curator");
    await page.getByLabel("Body of the command").fill(`{"release_pool": {"vault": "safe", "loss": "vloss_0", "amount": "69081398343"}}`);
    await page.getByRole("button", { name: "Keep it for signatures" }).click();
    await page.getByText("it would be refused").waitFor();
    await inspect(page, world.problems, "a draft without signatures");
    // What the page says is what a signer does, on a machine of his own.
    writeFileSync(join(service.folder, "body.json"), await page.locator("#body").innerText());
    const line = (await page.locator("#sign").innerText()).trim().split(/\s+/).slice(1);
    for (const [name, byte] of [["council", "01"], ["wallet", "02"]]) {
      const file = secret(service.folder, `${name}.key`, byte);
      const args = line.map((word) => (word === "KEYFILE" ? file : word));
      const signed = backstop(world.binary, args, { cwd: service.folder });
      await page.getByLabel("What it printed").fill(signed);
      await page.getByRole("button", { name: "Add the signature" }).click();
      await page.waitForLoadState("load");
    }
    await page.getByText("it would be carried out").waitFor();
    await inspect(page, world.problems, "a draft with its signatures");
    await page.getByRole("button", { name: "Send it" }).click();
    await page.waitForURL(/\/records\/\d+$/);
    assert.match(await page.locator("main").innerText(), /release_pool/);
  });
}

async function claim(world) {
  const cut = before(join(world.examples, "curator.toml"), `command.claim_compensation = { account = "ann"`);
  const service = await story(world.binary, "claim", cut, world.root);
  await withPage(world, service, async (page, open) => {
    await signIn(page, service);
    await open("/act/claim-compensation?account=ann&loss=vloss_0");
    const changes = await act(page, "Claim compensation", {}, world.problems);
    assert.match(changes, /46,054\.26/);
  });
}

async function whatIf(world) {
  const service = await story(world.binary, "what-if", fundStory(world.examples), world.root);
  await withPage(world, service, async (page, open) => {
    await open("/markets/sol-perp");
    const tower = page.locator("#what-if");
    const first = await tower.innerText();
    await page.getByLabel("Or exactly", { exact: false }).fill("250000");
    await page.getByRole("button", { name: "Show" }).last().click();
    await page.waitForFunction((text) => document.querySelector("#what-if")?.innerText !== text, first);
    assert.match(await tower.innerText(), /250,000/);
    // The slider redraws the picture without leaving the page.
    await page.locator("#slide").fill("100");
    await page.waitForFunction(() => /loss of 100\b|\b100\b/.test(document.querySelector("#what-if")?.innerText ?? ""));
    await inspect(page, world.problems, "what if");
  });
}

async function proof(world) {
  const service = await story(world.binary, "proof", fundStory(world.examples), world.root);
  await withPage(world, service, async (page, open) => {
    await open("/records/2");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download the proof" }).click()]);
    const file = join(service.folder, "proof.json");
    await download.saveAs(file);
    assert.ok(JSON.parse(readFileSync(file, "utf8")));
    backstop(world.binary, ["proof", "check", file], { cwd: service.folder });
  });
}

async function risk(world) {
  const settings = [`risk_setup=${join(world.examples, "risk", "risk.toml")}`];
  const service = await story(world.binary, "risk", fundStory(world.examples), world.root, settings);
  await withPage(world, service, async (page, open) => {
    await signIn(page, service);
    await open("/risk");
    const fill = async (fields) => {
      for (const [name, value] of Object.entries(fields)) await page.locator(`#${name}`).fill(value);
      await page.getByRole("button", { name: "Run it in the background" }).click();
    };
    await fill({ fund: "-5" });
    await page.locator("#fund-wrong").waitFor();
    assert.equal(await page.locator("#fund").getAttribute("aria-describedby"), "fund-wrong");
    await inspect(page, world.problems, "a what-if that is refused");
    forgiveRefusals(world.problems);
    await fill({ fund: "125000", latency: "600", scenarios: "300000" });
    await page.waitForURL(/\/risk\/runs\/1$/);
    await page.getByText("left of this stage").waitFor();
    await inspect(page, world.problems, "a run under way");
    await page.getByRole("button", { name: "Stop it" }).click();
    await page.getByText("stopped by the operator").waitFor();
    await inspect(page, world.problems, "a run that was stopped");
    await open("/risk");
    const history = page.getByRole("region", { name: "Runs of the risk desk" });
    assert.match(await history.innerText(), /latency 60 \u2192 600 s/);
    const hidden = await history.evaluate((box) => box.scrollWidth - box.clientWidth);
    assert.equal(hidden, 0, "the history does not fit a phone");
    await page.screenshot({ path: join(world.root, "risk-history-360.png"), fullPage: true });
  });
}
