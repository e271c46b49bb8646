// Chromium as a person has it, with what every page must keep: no request to another origin, no error
// in the console, a strict Content-Security-Policy.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const WEB = process.env.WEB ?? "http://127.0.0.1:3000";
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const PHONE = { width: 320, height: 640 };
const LAPTOP = { width: 1280, height: 800 };
export const SIZES = { phone: PHONE, laptop: LAPTOP };

export class Browser {
  static async start() {
    const self = new Browser();
    self.profile = await mkdtemp(join(tmpdir(), "browser-"));
    self.browser = await chromium.launch({
      executablePath: CHROMIUM,
      headless: true,
      // A throw-away host's browser runs as root, in namespaces of its own.
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
      ],
    });
    return self;
  }

  async stop() {
    await this.browser.close();
    await rm(this.profile, { recursive: true, force: true });
  }

  // A person with cookies of their own. `javaScript`, `dark`, `size`, `language`, `userAgent` as wanted.
  async person({ javaScript = true, dark = false, size = LAPTOP, language = "en-GB", userAgent } = {}) {
    const context = await this.browser.newContext({
      baseURL: WEB, javaScriptEnabled: javaScript, viewport: size, locale: language,
      colorScheme: dark ? "dark" : "light", timezoneId: "Europe/Berlin", userAgent,
    });
    const page = await context.newPage();
    return new Person(context, page, javaScript);
  }
}

export class Person {
  constructor(context, page, javaScript) {
    Object.assign(this, { context, page, javaScript, faults: [], visited: new Set() });
    context.on("request", (request) => {
      const { origin } = new URL(request.url());
      if (origin !== WEB) this.faults.push(`a request to another origin: ${request.url()}`);
    });
    context.on("response", (response) => this.judge(response));
    // A status that a page is meant to have (422 for a form with errors) is no fault of the page.
    page.on("console", (message) => {
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) {
        this.faults.push(`the console says: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => this.faults.push(`a script failed: ${error.message}`));
  }

  judge(response) {
    const type = response.headers()["content-type"] ?? "";
    if (response.status() >= 500) this.faults.push(`${response.url()} answered ${response.status()}`);
    if (!type.startsWith("text/html")) return;
    const url = new URL(response.url());
    this.visited.add(url.pathname);
    const policy = response.headers()["content-security-policy"] ?? "";
    const rules = new Map(policy.split(";").map((rule) => {
      const [name, ...values] = rule.trim().split(/\s+/);
      return [name, values.join(" ")];
    }));
    const strict = rules.get("default-src") === "'none'" && !/unsafe-|\*|https?:|data:|blob:/.test(policy)
      && rules.has("frame-ancestors") && rules.has("form-action") && rules.has("base-uri");
    if (!strict) this.faults.push(`${url.pathname}: the Content-Security-Policy is not strict: ${policy}`);
  }

  // What every page that was seen must keep; call it at the end of a journey.
  noFaults() {
    assert.deepEqual([...new Set(this.faults)], []);
  }

  async go(path) {
    const open = () => this.page.goto(path, { waitUntil: "load" });
    // A page that follows a registration may go on by itself just then.
    const response = await open().catch((error) => {
      if (!/ERR_ABORTED|interrupted by another navigation/.test(error.message)) throw error;
      return open();
    });
    await this.fitsTheScreen();
    return response;
  }

  async fitsTheScreen() {
    // Also where scripts of the page are off: this is asked by the browser, not by the page.
    const measure = () => this.page.evaluate(() => ({
      scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth,
    }));
    // A page that follows a registration goes on by itself.
    const { scroll, client } = await measure().catch(async () => {
      await this.page.waitForLoadState("load");
      return measure();
    });
    if (scroll > client) this.faults.push(`${this.page.url()} is ${scroll} px wide on a screen of ${client}`);
  }

  async logIn(name, password) {
    await this.tryToLogIn(name, password);
    await this.page.waitForURL(/\/account/);
  }

  async tryToLogIn(name, password) {
    await this.go("/login");
    await this.fill({ emailOrUsername: name, password });
    await this.press('form[action="/login"] input[type="submit"]');
  }

  // Fields by their names.
  async fill(fields) {
    for (const [name, text] of Object.entries(fields)) await this.page.locator(`#${name}`).fill(text);
  }

  // A button that leads to a page, until that page is there.
  async press(selector) {
    const button = typeof selector === "string" ? this.page.locator(selector).first() : selector;
    await Promise.all([this.page.waitForEvent("load"), button.click()]);
    await this.fitsTheScreen();
  }

  // The words of the page.
  words() {
    return this.page.locator("main").innerText();
  }

  // What the page says once, after something was done.
  flash() {
    return this.page.locator("#flash").innerText();
  }

  // axe-core's findings on the page as it is, in words.
  async accessible() {
    await this.page.evaluate(axeSource);
    const found = await this.page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
      return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
    });
    for (const one of found) this.faults.push(`${new URL(this.page.url()).pathname}: ${one}`);
  }

  // The same in both colour schemes, on a telephone and on a laptop.
  async accessibleEverywhere() {
    for (const size of Object.values(SIZES)) {
      await this.page.setViewportSize(size);
      await this.fitsTheScreen();
      for (const colorScheme of ["light", "dark"]) {
        await this.page.emulateMedia({ colorScheme });
        await this.accessible();
      }
    }
  }

  // Moves with Tab alone to the element that the selector names; at most so many presses.
  async tabTo(selector, most = 60) {
    const wanted = await this.page.locator(selector).first().elementHandle();
    assert.ok(wanted, `${selector} is not on ${this.page.url()}`);
    for (let n = 0; n < most; n += 1) {
      if (await this.page.evaluate((element) => document.activeElement === element, wanted)) {
        const ring = await this.page.evaluate((element) => {
          const style = getComputedStyle(element);
          return style.outlineStyle !== "none" || style.boxShadow !== "none";
        }, wanted);
        assert.ok(ring, `${selector} has the focus and does not show it`);
        return;
      }
      await this.page.keyboard.press("Tab");
    }
    assert.fail(`${selector} can't be reached with Tab on ${this.page.url()}`);
  }
}
