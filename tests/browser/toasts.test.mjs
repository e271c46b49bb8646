// What happens while a page is open is told there, and takes nothing from who is at work on it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser } from "./browser.mjs";
import { OUTSIDE, PASSWORD, configure, member, promote, untilStatus, verificationPath } from "./host.mjs";

let browser;
before(async () => {
  browser = await Browser.start();
  await member("frances");
  await promote("frances", "operator");
  await member("betty");
});
after(() => browser?.stop());

async function signUp(name, path) {
  const person = await browser.person();
  await person.go(path);
  await person.fill({ username: name, personalEmail: `${name}@${OUTSIDE}`, password: PASSWORD });
  await person.press('form[action="/signup"] input[type="submit"]');
  await untilStatus(name, "VERIFICATION_SENT");
  await person.go(await verificationPath(`${name}@${OUTSIDE}`));
  await person.press('form[action="/verify-email"] input[type="submit"]');
  person.noFaults();
  await person.context.close();
}

// Signed in and typing into a field, with the stream of events open.
async function atWork(name, path, field) {
  const person = await browser.person();
  await person.logIn(name, PASSWORD);
  const listens = person.page.waitForResponse((response) => response.url().endsWith("/notifications/events"));
  await person.go(path);
  await listens;
  await person.page.locator(field).focus();
  await person.page.keyboard.type("Half a sen");
  return person;
}

// The toast is there and announced; the focus and what was typed are where they were.
async function toldWithout(person, pattern, field) {
  const toast = person.page.locator(".toast").filter({ hasText: pattern });
  await toast.waitFor();
  const region = person.page.getByRole("status").filter({ has: toast });
  assert.equal(await region.getAttribute("aria-live"), "polite");
  assert.equal(await person.page.evaluate(() => `#${document.activeElement.id}`), field);
  await person.page.keyboard.type("tence.");
  assert.equal(await person.page.locator(field).inputValue(), "Half a sentence.");
  assert.match(await person.page.locator("#notifications .count").innerText(), /\d/);
  await person.fitsTheScreen();
  await person.accessibleEverywhere();
  return toast;
}

test("who invited someone is told at once when they join", async () => {
  const inviter = await browser.person();
  await inviter.logIn("betty", PASSWORD);
  await inviter.go("/account/invites");
  await inviter.press('form[action="/account/invites"] input[type="submit"]');
  const link = await inviter.page.locator("#invite-link").innerText();
  await inviter.context.close();

  const person = await atWork("betty", "/account/profile", "#firstName");
  await signUp("marlyn", link);
  const toast = await toldWithout(person, /marlyn has joined with your invite/, "#firstName");
  // By keyboard alone, and nothing but the toast goes.
  await person.tabTo(".toast button");
  await person.page.keyboard.press("Enter");
  await toast.waitFor({ state: "detached" });
  assert.equal(await person.page.locator("#firstName").inputValue(), "Half a sentence.");
  person.noFaults();
  await person.context.close();
});

test("a reviewer is told at once that someone has applied", async () => {
  await configure("mode", "approval");
  try {
    const person = await atWork("frances", "/admin/people", "#q");
    await signUp("kathleen", "/signup");
    await toldWithout(person, /registration of kathleen waits for review/, "#q");
    person.noFaults();
    await person.context.close();
  } finally {
    await configure("mode", "open");
  }
});

test("who changes something in one window is told of it in the other", async () => {
  const [one, two] = [await atWork("betty", "/account/profile", "#firstName"), await browser.person()];
  await two.logIn("betty", PASSWORD);
  await two.go("/account/keys");
  await two.fill({ sshKeys: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFvVMWbdSBx3DjRbjmyZqrXhWQBlYdXyTXoEu6jh9iXN desk" });
  await two.press('form[action="/account/keys"] input[type="submit"]');
  assert.match(await two.flash(), /added/);
  await toldWithout(one, /An SSH key was added/, "#firstName");
  for (const person of [one, two]) {
    person.noFaults();
    await person.context.close();
  }
});
