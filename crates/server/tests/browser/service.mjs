// Starts the built binary's services on loopback, and ends them.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const READY = /Open (http:\/\/\S+?)\/ in a browser/;
const PATIENCE = 180_000;

// Runs the binary to its end and returns what it printed.
export function backstop(binary, args, options = {}) {
  return execFileSync(binary, args, { encoding: "utf8", stdio: ["pipe", "pipe", "inherit"], ...options });
}

// A service that runs until `stop`: its address, its folder.
export async function start(binary, args, folder) {
  const child = spawn(binary, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let told = "";
  const address = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${args.join(" ")}: not ready\n${told}`)), PATIENCE);
    const listen = (chunk) => {
      told += chunk;
      const found = READY.exec(told);
      if (found) {
        clearTimeout(timer);
        resolve(found[1]);
      }
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${code}\n${told}`)));
  });
  child.removeAllListeners("exit");
  const stop = () => new Promise((resolve, reject) => {
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${args.join(" ")} ended with ${code}`))));
    child.kill("SIGTERM");
  });
  return { address, folder, stop };
}

// Makes a journal of a scenario's text and serves it, with a key for its operator; `more` are further settings.
export async function story(binary, name, text, root, more = []) {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "story.toml"), text);
  backstop(binary, ["run", "story.toml", "--keep", "journal.db"], { cwd: folder });
  const made = JSON.parse(backstop(binary, ["--db", "journal.db", "--json", "keys", "api", "create", "tests", "--role", "operator"], { cwd: folder }));
  backstop(binary, ["keys", "new", "log.key"], { cwd: folder });
  const settings = ["log_level=error", "checkpoint_key=log.key", ...more].flatMap((one) => ["--set", one]);
  const args = ["--db", "journal.db", "serve", "--story", "--listen", "127.0.0.1:0", ...settings];
  return { ...(await start(binary, args, folder)), key: made.key };
}

// The part of a scenario before the step that `marker` stands in.
export function before(file, marker) {
  const text = readFileSync(file, "utf8");
  const at = text.indexOf(marker);
  if (at < 0) throw new Error(`${file} has no ${marker}`);
  return text.slice(0, text.lastIndexOf("[[steps]]", at));
}
