// What members do with their own account, with and without JavaScript.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { Browser, SIZES } from "./browser.mjs";
import { DOMAIN, OUTSIDE, PASSWORD, mailed, member } from "./host.mjs";

const OTHER_PASSWORD = "Second-Loom-4 hums quietly";

let browser;
before(async () => { browser = await Browser.start(); });
after(() => browser?.stop());

async function newKey(comment) {
  const file = join(browser.profile, comment);
  await promisify(execFile)("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
  return { secret: await readFile(file, "utf8"), line: (await readFile(`${file}.pub`, "utf8")).trim() };
}

for (const javaScript of [true, false]) {
  const how = javaScript ? "with JavaScript" : "without JavaScript";
  const name = javaScript ? "ada" : "evelyn";
  const size = javaScript ? SIZES.laptop : SIZES.phone;

  describe(`a member ${how}`, () => {
    let person;
    const signedIn = async () => {
      person = await browser.person({ javaScript, size });
      await person.logIn(name, PASSWORD);
    };
    const leave = async () => {
      person.noFaults();
      await person.context.close();
    };
    before(() => member(name));

    test("is told how to get in", async () => {
      await signedIn();
      assert.match(await person.page.locator("#ssh-line").innerText(), new RegExp(`^ssh .*${name}@${DOMAIN}$`));
      assert.match(await person.page.locator("#host-keys").innerText(), /ssh-ed25519 SHA256:\S{43}/);
      assert.match(await person.words(), new RegExp(`${name}@${DOMAIN}[^]*neomutt[^]*~/public`));
      await leave();
    });

    test("edits the profile, and loses nothing of what was typed when a field is wrong", async () => {
      await signedIn();
      await person.go("/account/profile");
      await person.fill({ displayName: "Countess & Co", bio: "I <3 looms", links: "javascript:alert(1)" });
      await person.press('form[action="/account/profile"] input[type="submit"]');
      assert.notEqual(await person.page.locator("#links-error").innerText(), "");
      assert.equal(await person.page.locator("#links").inputValue(), "javascript:alert(1)");
      assert.equal(await person.page.locator("#bio").inputValue(), "I <3 looms");
      await person.fill({ links: "gemini://tilde.test/~looms/" });
      await person.press('form[action="/account/profile"] input[type="submit"]');
      assert.match(await person.flash(), /saved/);
      assert.equal(await person.page.locator("#displayName").inputValue(), "Countess & Co");
      assert.equal(await person.page.locator("#links").inputValue(), "gemini://tilde.test/~looms/");
      await leave();
    });

    test("adds an SSH key and removes it; a private one is refused and not shown again", async () => {
      await signedIn();
      const key = await newKey(`${name}-desk`);
      await person.go("/account/keys");
      await person.fill({ sshKeys: key.secret });
      await person.press('form[action="/account/keys"] input[type="submit"]');
      assert.match(await person.page.locator("#sshKeys-error").innerText(), /private/);
      assert.doesNotMatch(await person.page.content(), /PRIVATE KEY-----\s+\S{20}/);
      await person.fill({ sshKeys: key.line });
      await person.press('form[action="/account/keys"] input[type="submit"]');
      assert.match(await person.flash(), /added/);
      const card = person.page.locator(".cards li").filter({ hasText: `${name}-desk` });
      const [print] = (await card.innerText()).match(/SHA256:\S{43}/);
      await mailed(`${name}@${OUTSIDE}`, new RegExp(print.replaceAll(/[+/]/g, "\\$&")));
      await person.press(card.getByRole("button"));
      assert.match(await person.flash(), /removed/);
      assert.equal(await person.page.locator(".cards li").count(), 0);
      await leave();
    });

    test("reads the notifications and marks them as read", async () => {
      await signedIn();
      await person.go("/account/notifications");
      assert.match(await person.words(), /An SSH key was added/);
      const unread = person.page.locator(".unread");
      const before = await unread.count();
      assert.ok(before > 1, `${before} are unread`);
      await person.press(unread.getByRole("button").first());
      assert.equal(await unread.count(), before - 1);
      await person.press('form[action$="/read-all"] input[type="submit"]');
      assert.equal(await unread.count(), 0);
      await leave();
    });

    test("sees where else the account is open, and signs out there", async () => {
      await signedIn();
      const elsewhere = await browser.person({ javaScript, userAgent: "Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0" });
      await elsewhere.logIn(name, PASSWORD);
      await person.go("/account/sessions");
      assert.equal(await person.page.locator(".cards .own").count(), 1);
      const other = person.page.locator(".cards li").filter({ hasText: "Firefox" });
      await person.press(other.getByRole("button"));
      assert.match(await person.flash(), /\w/);
      assert.equal(await other.count(), 0);
      await elsewhere.go("/account");
      assert.match(elsewhere.page.url(), /\/login\?next=%2Faccount$/);
      assert.match(await elsewhere.flash(), /logged out/);
      elsewhere.noFaults();
      await elsewhere.context.close();
      await leave();
    });

    test("invites someone, who signs up with the link; takes another invite back", async () => {
      await signedIn();
      const guest = `${name}s-guest`;
      await person.go("/account/invites");
      await person.press('form[action="/account/invites"] input[type="submit"]');
      const link = await person.page.locator("#invite-link").innerText();
      const invited = await browser.person({ javaScript, size });
      await invited.go(link);
      assert.match(await invited.words(), new RegExp(`${name}[^]*invited you|Countess & Co[^]*invited you`));
      await invited.fill({ username: guest, personalEmail: `${guest}@${OUTSIDE}`, password: PASSWORD });
      await invited.press('form[action="/signup"] input[type="submit"]');
      const path = await mailed(`${guest}@${OUTSIDE}`, /(\/verify-email\?token=[\w.~-]+)/);
      await invited.go(path);
      await invited.press('form[action="/verify-email"] input[type="submit"]');
      invited.noFaults();
      await invited.context.close();

      for (let n = 0; n < 100 && !(await person.words()).includes(guest); n += 1) await person.go("/account/invites");
      assert.match(await person.page.locator(".tree").innerText(), new RegExp(guest));
      await person.press('form[action="/account/invites"] input[type="submit"]');
      const open = person.page.locator('form[action$="/revoke"]');
      assert.equal(await open.count(), 1);
      await person.press(open.getByRole("button"));
      assert.equal(await open.count(), 0);
      await leave();
    });

    test("takes the data along as a file of JSON", async () => {
      await signedIn();
      await person.go("/account/data");
      const [download] = await Promise.all([
        person.page.waitForEvent("download"),
        person.page.locator('form[action$="/export"] input[type="submit"]').click(),
      ]);
      const data = JSON.parse(await readFile(await download.path(), "utf8"));
      assert.match(download.suggestedFilename(), /\.json$/);
      assert.match(JSON.stringify(data), new RegExp(`"username":"${name}"`));
      assert.doesNotMatch(JSON.stringify(data), /\$2[aby]\$|passwordHash/);
      await leave();
    });

    test("changes the password, which ends the other sessions", async () => {
      await signedIn();
      const elsewhere = await browser.person({ javaScript });
      await elsewhere.logIn(name, PASSWORD);
      await person.go("/account/password");
      await person.fill({ currentPassword: OTHER_PASSWORD, newPassword: OTHER_PASSWORD });
      await person.press('form[action="/account/password"] input[type="submit"]');
      assert.notEqual(await person.page.locator('[role="alert"]').innerText(), "");
      assert.equal(await person.page.locator("#newPassword").inputValue(), "");
      await person.fill({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
      await person.press('form[action="/account/password"] input[type="submit"]');
      assert.match(await person.flash(), /changed/);
      await elsewhere.go("/account");
      assert.match(await elsewhere.flash(), /password was changed/);
      await elsewhere.tryToLogIn(name, PASSWORD);
      assert.notEqual(await elsewhere.page.locator('[role="alert"]').innerText(), "");
      await elsewhere.logIn(name, OTHER_PASSWORD);
      elsewhere.noFaults();
      await elsewhere.context.close();
      await leave();
    });

    test("recovers a forgotten password by the link of a mail, which works once", async () => {
      person = await browser.person({ javaScript, size });
      await person.go("/recover");
      await person.fill({ emailOrUsername: `${name}@${OUTSIDE}` });
      await person.press('form[action="/recover"] input[type="submit"]');
      const link = await mailed(`${name}@${OUTSIDE}`, /(\/recover\?token=[\w.~-]+)/);
      await person.go(link);
      assert.match(await person.words(), new RegExp(name));
      await person.fill({ newPassword: "short" });
      await person.page.evaluate(() => document.querySelector("main form").setAttribute("novalidate", ""));
      await person.press('form[action="/recover"] input[type="submit"]');
      assert.notEqual(await person.page.locator("#newPassword-error").innerText(), "");
      await person.fill({ newPassword: PASSWORD });
      await person.press('form[action="/recover"] input[type="submit"]');
      await person.logIn(name, PASSWORD);
      const again = await person.go(link);
      assert.ok(again.status() >= 400, `the link was answered by ${again.status()} a second time`);
      await leave();
    });

    test("deletes the account by the password, and is out at once", async () => {
      await signedIn();
      await person.go("/account/data");
      await person.fill({ password: OTHER_PASSWORD });
      await person.press(".danger");
      assert.notEqual(await person.page.locator('[role="alert"]').innerText(), "");
      await person.fill({ password: PASSWORD });
      await person.press(".danger");
      assert.equal(new URL(person.page.url()).pathname, "/");
      assert.match(await person.flash(), /deleted/);
      await person.tryToLogIn(name, PASSWORD);
      assert.match(await person.page.locator('[role="alert"]').innerText(), /deleted/);
      await leave();
    });
  });
}
