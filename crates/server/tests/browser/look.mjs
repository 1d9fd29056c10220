// Every page in a real browser: two widths, light and dark. A page fails for an error in the console, a request that
// failed, a break of the content policy, a violation that axe finds, or a width that makes a phone scroll sideways.
//
// Pages are found, not listed: the walk begins at the overview and follows links of the service itself, at most
// PER_KIND addresses of one kind (an address with its names and numbers taken out).

import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = [
  { width: 360, height: 740, colorScheme: "light" },
  { width: 1280, height: 900, colorScheme: "dark" },
  { width: 360, height: 740, colorScheme: "dark" },
  { width: 1280, height: 900, colorScheme: "light" },
];
const PER_KIND = 2;
const TIMEOUT = 20_000;

// What kind of page an address leads to: names and numbers under a plural noun are one kind.
export function kindOf(path) {
  const parts = path.split("?")[0].split("/").filter(Boolean);
  const run = parts[0] === "runs" ? parts.splice(0, 2)[0] : "";
  return [run, ...parts.map((part, at) => (at % 2 === 1 ? "*" : part))].join("/");
}

const NOT_PAGES = /^(\/runs\/[^/]+)?\/(v1|assets|livez|readyz|metrics)|\.(csv|svg|json|txt)$|\/sign-out/;

export function fileName(path) {
  return path.replace(/^\//, "").replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "overview";
}

// Watches one page for everything that must not happen.
export function watch(page, problems, where) {
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`${where()}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`${where()}: script: ${error.message}`));
  page.on("requestfailed", (request) => {
    const failure = request.failure()?.errorText ?? "failed";
    // A download and a page that was left end their requests.
    if (failure !== "net::ERR_ABORTED") problems.push(`${where()}: ${request.url()}: ${failure}`);
  });
}

export async function inspect(page, problems, where) {
  const found = await page.evaluate(`(() => { ${AXE}; return axe.run(document, { resultTypes: ["violations"] }); })()`);
  for (const violation of found.violations) {
    const nodes = violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} | ${node.failureSummary}`).join("\n      ");
    problems.push(`${where}: axe ${violation.id}: ${violation.help}\n      ${nodes}`);
  }
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (sideways > 0) problems.push(`${where}: ${sideways} pixels wider than the screen`);
}

// Walks the whole service once for each view; returns the addresses that were looked at.
export async function walk(browser, base, out, problems) {
  mkdirSync(out, { recursive: true });
  let found = ["/"];
  const seen = new Set(found);
  const kinds = new Map();
  for (const [at, view] of VIEWS.entries()) {
    const { width, height, colorScheme } = view;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, serviceWorkers: "block" });
    context.setDefaultTimeout(TIMEOUT);
    const page = await context.newPage();
    let here = "/";
    const where = () => `${here} at ${width} ${colorScheme}`;
    watch(page, problems, where);
    for (let next = 0; next < found.length; next += 1) {
      here = found[next];
      const answer = await page.goto(base + here, { waitUntil: "load" });
      if (answer === null || answer.status() !== 200) problems.push(`${where()}: status ${answer?.status()}`);
      await inspect(page, problems, where());
      await page.screenshot({ path: join(out, `${fileName(here)}-${width}-${colorScheme}.png`), fullPage: true });
      if (at > 0) continue;
      const links = await page.$$eval("a[href]", (all) => all.filter((a) => !a.hasAttribute("download")).map((a) => a.href));
      for (const link of links) {
        const url = new URL(link, base);
        const path = url.pathname + url.search;
        if (url.origin !== new URL(base).origin || NOT_PAGES.test(url.pathname) || url.searchParams.has("csv") || seen.has(path)) continue;
        const kind = kindOf(path) + (url.search ? "?" : "");
        const count = kinds.get(kind) ?? 0;
        if (count >= PER_KIND) continue;
        kinds.set(kind, count + 1);
        seen.add(path);
        found.push(path);
      }
    }
    await context.close();
  }
  writeFileSync(join(out, "pages.json"), `${JSON.stringify(found, null, 2)}\n`);
  return found;
}
