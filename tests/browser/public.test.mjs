// What someone who is not signed in sees and does.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser, SIZES } from "./browser.mjs";
import { OUTSIDE, PASSWORD, untilStatus, verificationPath } from "./host.mjs";

const PAGES = ["/", "/signup", "/signup/status/nobody-here", "/verify-email", "/login", "/recover", "/api/docs", "/nothing-here"];
const HOME_LIMIT = 30 * 1024;

let browser;
before(async () => { browser = await Browser.start(); });
after(() => browser?.stop());

test("these checks find what is wrong with a page", async () => {
  const person = await browser.person({ size: SIZES.phone });
  await person.go("/");
  await person.page.evaluate(() => {
    const picture = document.createElement("img");
    picture.src = "http://127.0.0.2:9/elsewhere.png";
    document.querySelector("main").append(picture);
    const wide = document.createElement("div");
    wide.style.width = "500px";
    wide.style.height = "1px";
    document.querySelector("main").append(wide);
  });
  await person.fitsTheScreen();
  await person.accessible();
  const found = person.faults.join("\n");
  for (const fault of [/image-alt/, /wide on a screen/, /the console says/]) assert.match(found, fault);
  await person.context.close();
});

test("every public page is accessible, in both colour schemes, on telephone and laptop", async () => {
  const person = await browser.person();
  for (const path of PAGES) {
    await person.go(path);
    await person.accessibleEverywhere();
  }
  person.noFaults();
  await person.context.close();
});

for (const javaScript of [true, false]) {
  const how = javaScript ? "with JavaScript" : "without JavaScript";
  const name = javaScript ? "grace" : "hedy";

  describe(`someone ${how}`, () => {
    test("signs up, proves the address and logs in", async () => {
      const person = await browser.person({ javaScript, size: SIZES.phone });
      await person.go("/signup");
      await person.page.locator("#username").fill(name);
      await person.page.locator("#personalEmail").fill(`${name}@${OUTSIDE}`);
      await person.page.locator("#password").fill(PASSWORD);
      await person.page.locator('main input[type="submit"], main button[type="submit"]').first().click();
      await person.page.waitForLoadState("load");
      await person.page.waitForURL(/\/receipt\//);
      await untilStatus(name, "VERIFICATION_SENT");
      await person.page.reload();
      assert.match(await person.page.locator("main").innerText(), /Something was wrong/);
      if (javaScript) await person.accessible();
      await person.go(await verificationPath(`${name}@${OUTSIDE}`));
      await person.page.locator('main input[type="submit"], main button[type="submit"]').first().click();
      await person.page.waitForLoadState("load");
      await untilStatus(name, "VERIFIED");

      await person.logIn(name, PASSWORD);
      person.noFaults();
      await person.context.close();
    });

    test("is told what is wrong with a form, and loses nothing of it but the password", async () => {
      const person = await browser.person({ javaScript });
      await person.go("/signup");
      // The rules of the page must hold where the browser's own are passed over.
      await person.page.evaluate(() => document.querySelector("main form").setAttribute("novalidate", ""));
      await person.page.locator("#username").fill("Root!");
      await person.page.locator("#personalEmail").fill("not-an-address");
      await person.page.locator("#password").fill("short");
      await person.page.locator('main input[type="submit"], main button[type="submit"]').first().click();
      await person.page.locator("#username-error").waitFor();
      for (const field of ["username", "personalEmail", "password"]) {
        assert.notEqual(await person.page.locator(`#${field}-error`).innerText(), "");
        assert.equal(await person.page.locator(`#${field}`).getAttribute("aria-invalid"), "true");
      }
      assert.equal(await person.page.locator("#username").inputValue(), "Root!");
      assert.equal(await person.page.locator("#password").inputValue(), "");
      if (javaScript) await person.accessible();
      person.noFaults();
      await person.context.close();
    });
  });
}

test("the name is looked up while it is typed", async () => {
  const person = await browser.person();
  await person.go("/signup");
  await person.page.locator("#username").pressSequentially("postmaster");
  await person.page.locator("#username-live").filter({ hasText: /\w/ }).waitFor();
  person.noFaults();
  await person.context.close();
});

test("a slow click on the button sends the form, whatever is said of a field meanwhile", async () => {
  // All of the form is in sight: what is not, the browser keeps from moving.
  const person = await browser.person({ size: { width: 1280, height: 2400 } });
  await person.go("/signup");
  await person.fill({ username: "nettie", personalEmail: `nettie@${OUTSIDE}`, password: PASSWORD });
  await person.page.locator("#username-live").filter({ hasText: /\w/ }).waitFor();
  // Its words come under the field that is left, and would push the button away.
  await person.fill({ password: "short" });
  const button = person.page.locator('form[action="/signup"] input[type="submit"]');
  const { x, y, width } = await button.boundingBox();
  await person.page.mouse.move(x + width / 2, y + 3);
  await person.page.mouse.down();
  await person.page.waitForTimeout(600);
  await Promise.all([person.page.waitForEvent("load"), person.page.mouse.up()]);
  await person.page.locator("#password-error").waitFor();
  person.noFaults();
  await person.context.close();
});

test("a keyboard is enough to sign up", async () => {
  const person = await browser.person();
  await person.go("/signup");
  for (const [selector, text] of [["#username", "karen"], ["#personalEmail", `karen@${OUTSIDE}`], ["#password", PASSWORD]]) {
    await person.tabTo(selector);
    await person.page.keyboard.type(text);
  }
  await person.tabTo('main input[type="submit"], main button[type="submit"]');
  await person.page.keyboard.press("Enter");
  await untilStatus("karen", "VERIFICATION_SENT");
  person.noFaults();
  await person.context.close();
});

test("the home page is small", async () => {
  const person = await browser.person();
  let bytes = 0;
  const counted = [];
  person.page.on("requestfinished", (request) => {
    counted.push(request.sizes().then((s) => { bytes += s.responseBodySize + s.responseHeadersSize; }));
  });
  await person.go("/");
  await Promise.all(counted);
  assert.ok(bytes > 1000 && bytes <= HOME_LIMIT, `the home page takes ${bytes} bytes`);
  await person.context.close();
});

test("a form that another site sends is refused", async () => {
  const person = await browser.person();
  await person.go("/signup");
  const status = await person.page.evaluate(async () => {
    const answer = await fetch("/signup", {
      method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "username=mallory&personalEmail=mallory%40outside.test&password=Engine-No-9+weaves+algebra&csrf=guessed",
    });
    return answer.status;
  });
  assert.equal(status, 403);
  await person.context.close();
});
