// node run.mjs BINARY EXAMPLES OUT: starts the demo and looks at every page of it, then clicks through the main tasks;
// keeps pictures in OUT/pictures, fails with what is wrong.
//
// BACKSTOP_CHROMIUM names the browser, /usr/bin/chromium if unset.

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { walk } from "./look.mjs";
import { start } from "./service.mjs";
import { tasks } from "./tasks.mjs";

const [binary, examples, out] = process.argv.slice(2).map((path) => resolve(path));
if (!binary || !examples || !out) {
  console.error("usage: node run.mjs BINARY EXAMPLES OUT");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const demo = ["demo", "--steps", "6", "--serve", "--out", join(out, "demo"), "--listen", "127.0.0.1:0"];
const browser = await chromium.launch({
  executablePath: process.env.BACKSTOP_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"],
});
const problems = [];
try {
  const service = await start(binary, demo, out);
  const pages = await walk(browser, service.address, join(out, "pictures"), problems);
  await service.stop();
  console.log(`${pages.length} pages, each in 4 views: ${pages.join(" ")}`);
  const done = await tasks(browser, binary, examples, out, problems);
  console.log(`tasks: ${done.join(", ")}`);
} finally {
  await browser.close();
}
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "no page has a problem" : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
