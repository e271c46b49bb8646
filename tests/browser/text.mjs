// w3m in a terminal of 80 by 24 (tmux): what a person without a graphical browser has. Fields are found
// by their labels, as a reader finds them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { WEB } from "./browser.mjs";

const run = promisify(execFile);
const OPTIONS = ["use_cookie=1", "accept_cookie=1", "confirm_qq=0", "use_mouse=0", "display_link=0"];

export class TextBrowser {
  static async open(path) {
    const self = new TextBrowser();
    self.home = await mkdtemp(join(tmpdir(), "w3m-"));
    self.socket = join(self.home, "tmux");
    const options = OPTIONS.flatMap((option) => ["-o", option]);
    await self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "w3m", "-x", "80", "-y", "24",
      "env", "-i", `HOME=${self.home}`, "PATH=/usr/bin:/bin", "TERM=screen", "LANG=C.UTF-8",
      "w3m", "-cookie", ...options, `${WEB}${path}`);
    await self.settled();
    return self;
  }

  async close() {
    await this.tmux("kill-server").catch(() => {});
    await rm(this.home, { recursive: true, force: true });
  }

  async tmux(...args) {
    return (await run("tmux", ["-S", this.socket, ...args])).stdout;
  }

  screen() {
    return this.tmux("capture-pane", "-p", "-t", "w3m");
  }

  // Until nothing on the screen changes any more.
  async settled() {
    let before = "";
    for (let n = 0; n < 100; n += 1) {
      await sleep(150);
      const now = await this.screen();
      if (now.trim() !== "" && now === before) return now;
      before = now;
    }
    assert.fail(`the screen does not settle:\n${before}`);
  }

  async until(pattern) {
    let seen = "";
    for (let n = 0; n < 100; n += 1) {
      seen = await this.screen();
      if (pattern.test(seen)) return seen;
      await sleep(150);
    }
    assert.fail(`${pattern} does not appear:\n${seen}`);
  }

  async keys(...keys) {
    await this.tmux("send-keys", "-t", "w3m", ...keys);
  }

  async type(text) {
    await this.tmux("send-keys", "-t", "w3m", "-l", "--", text);
  }

  // Puts the cursor on the first place with the text, from the top of the page.
  async find(text) {
    await this.keys("g");
    await this.type("/");
    await this.until(/Forward:/);
    await this.type(text);
    await this.keys("Enter");
    const screen = await this.settled();
    assert.doesNotMatch(screen, /Not found/, `${text} is not on the page:\n${screen}`);
  }

  // Fills the field that follows the label.
  async fill(label, text) {
    await this.find(label);
    await this.keys("Tab", "Enter");
    await this.until(/(TEXT|Password):/i);
    await this.type(text);
    await this.keys("Enter");
    await this.settled();
  }

  // Follows a link, or presses a button, of these words.
  async follow(words) {
    await this.find(words);
    await this.keys("Enter");
    return this.settled();
  }

  async go(path) {
    await this.keys("U");
    await this.until(/URL:/);
    await this.keys("C-u");
    await this.type(`${WEB}${path}`);
    await this.keys("Enter");
    return this.settled();
  }
}
