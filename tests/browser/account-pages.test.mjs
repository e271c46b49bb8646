// Every page of an account, as axe-core and as a keyboard find it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser } from "./browser.mjs";
import { PASSWORD, member } from "./host.mjs";

const NAME = "annette";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFvVMWbdSBx3DjRbjmyZqrXhWQBlYdXyTXoEu6jh9iXN desk";
const PAGES = ["/account", "/account/profile", "/account/password", "/account/keys", "/account/second-factor",
  "/account/sessions", "/account/invites", "/account/organization", "/account/data", "/account/notifications"];

let browser;
before(async () => {
  browser = await Browser.start();
  await member(NAME);
});
after(() => browser?.stop());

async function signedIn() {
  const person = await browser.person();
  await person.logIn(NAME, PASSWORD);
  return person;
}

test("every page is accessible while it is empty, in both colour schemes, on telephone and laptop", async () => {
  const person = await signedIn();
  for (const path of ["/account/keys", "/account/invites", "/account/notifications"]) {
    assert.equal((await person.go(path)).status(), 200, path);
    await person.accessibleEverywhere();
  }
  person.noFaults();
  await person.context.close();
});

test("every page is accessible with something on it, and with what was wrong", async () => {
  const person = await signedIn();
  await person.go("/account/keys");
  await person.fill({ sshKeys: KEY, label: "The desk by the window" });
  await person.press('form[action="/account/keys"] input[type="submit"]');
  await person.go("/account/invites");
  await person.press('form[action="/account/invites"] input[type="submit"]');
  await person.accessibleEverywhere();
  for (const path of PAGES) {
    assert.equal((await person.go(path)).status(), 200, path);
    await person.accessibleEverywhere();
  }
  const wrong = [
    ["/account/profile", { links: "not a link" }], ["/account/password", { currentPassword: "x", newPassword: "y" }],
    ["/account/keys", { sshKeys: "ssh-rsa AAAA" }], ["/account/data", { password: "wrong" }],
  ];
  for (const [path, fields] of wrong) {
    await person.go(path);
    await person.fill(fields);
    await person.press(`form[accept-charset] input[type="submit"]`);
    assert.ok(await person.page.locator('[role="alert"]').count() > 0, path);
    await person.accessibleEverywhere();
  }
  person.noFaults();
  await person.context.close();
});

test("a keyboard is enough to log in, save the profile, remove a key and log out", async () => {
  const person = await browser.person();
  const enter = () => Promise.all([person.page.waitForEvent("load"), person.page.keyboard.press("Enter")]);
  await person.go("/login");
  await person.tabTo("#emailOrUsername");
  await person.page.keyboard.type(NAME);
  await person.tabTo("#password");
  await person.page.keyboard.type(PASSWORD);
  await enter();
  await person.tabTo('a[href="/account/profile"]');
  await enter();
  await person.tabTo("#bio");
  await person.page.keyboard.type("Typed, never clicked.");
  await person.tabTo('form[action="/account/profile"] input[type="submit"]');
  await enter();
  assert.equal(await person.page.locator("#bio").inputValue(), "Typed, never clicked.");
  await person.tabTo('a[href="/account/keys"]');
  await enter();
  await person.tabTo(".cards button");
  await enter();
  assert.match(await person.flash(), /removed/);
  // The first stop of every page leads past its head.
  await person.tabTo(".skip", 2);
  await person.page.keyboard.press("Enter");
  assert.equal(await person.page.evaluate(() => document.activeElement.id), "main");
  await person.go("/account");
  await person.tabTo('form[action="/logout"] button');
  await enter();
  assert.match(await person.flash(), /logged out/);
  person.noFaults();
  await person.context.close();
});
