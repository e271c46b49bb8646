// The private page of an application: it reads well in every state, with the keyboard too.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Browser } from "./browser.mjs";
import { OUTSIDE, PASSWORD, configure, mailed, member, promote, untilStatus, verificationPath } from "./host.mjs";

const REVIEWER = "radia";

let browser;
before(async () => {
  browser = await Browser.start();
  await member(REVIEWER);
  await promote(REVIEWER, "operator");
  await configure("mode", "approval");
});
after(async () => {
  await configure("mode", "open");
  await browser?.stop();
});

// Someone who has applied; the receipt is on the screen.
async function applicant(name, address, options) {
  const person = await browser.person(options);
  await person.go("/signup");
  await person.fill({ username: name, personalEmail: address, password: PASSWORD });
  await person.press('form[action="/signup"] input[type="submit"]');
  await person.page.waitForURL(/\/receipt\//);
  const receipt = new URL(person.page.url()).pathname;
  await untilStatus(name, "VERIFICATION_SENT");
  await onReceipt(person, receipt, "verify");
  return { person, receipt };
}

// The receipt, once it is so far; a page that is not goes there by itself, under the feet of a test.
async function onReceipt(person, receipt, phase) {
  for (let n = 0; n < 100; n += 1) {
    await person.go(receipt);
    if (await person.page.locator(`[data-phase="${phase}"]`).count() === 1) return;
    await sleep(100);
  }
  assert.fail(`${receipt} does not come to ${phase}`);
}

async function review(name, act) {
  const admin = await browser.person();
  await admin.logIn(REVIEWER, PASSWORD);
  await admin.go("/admin/queue");
  await admin.press(admin.page.locator("#queue").getByRole("link", { name }));
  await act(admin);
  admin.noFaults();
  await admin.context.close();
}

test("the receipt is accessible in each state, in both colour schemes, on telephone and laptop", async () => {
  const address = `cynthia@${OUTSIDE}`;
  const { person, receipt } = await applicant("cynthia", address);
  for (const summary of await person.page.locator("main summary").all()) await summary.click();
  await person.accessibleEverywhere();

  await person.go(await verificationPath(address));
  await person.accessibleEverywhere();
  await person.press('form[action="/verify-email"] input[type="submit"]');
  await onReceipt(person, receipt, "review");
  await person.accessibleEverywhere();
  await review("cynthia", async (admin) => {
    await admin.fill({ question: "Who sent you?" });
    await admin.press("#ask");
  });
  await person.go(receipt);
  await person.accessibleEverywhere();
  await person.fill({ text: "A friend." });
  await person.press("#send-answer");
  await person.accessibleEverywhere();
  await review("cynthia", (admin) => admin.press("#approve"));
  await untilStatus("cynthia", "VERIFIED");
  await person.go(receipt);
  await person.accessibleEverywhere();
  person.noFaults();
  await person.context.close();
});

test("a receipt that was rejected is accessible, and says why", async () => {
  const address = `ruth@${OUTSIDE}`;
  const { person, receipt } = await applicant("ruth", address);
  await person.go(await verificationPath(address));
  await person.press('form[action="/verify-email"] input[type="submit"]');
  await review("ruth", async (admin) => {
    await admin.fill({ reason: "Write a little more." });
    await admin.press("#reject");
  });
  await mailed(address, /Write a little more/);
  await person.go(receipt);
  assert.match(await person.words(), /Write a little more\./);
  await person.accessibleEverywhere();
  person.noFaults();
  await person.context.close();
});

test("a keyboard is enough to answer the reviewers' question", async () => {
  const address = `irene@${OUTSIDE}`;
  const { person, receipt } = await applicant("irene", address);
  await person.go(await verificationPath(address));
  await person.press('form[action="/verify-email"] input[type="submit"]');
  await review("irene", async (admin) => {
    await admin.fill({ question: "What will you write?" });
    await admin.press("#ask");
  });
  await person.go(receipt);
  await person.tabTo("#text");
  await person.page.keyboard.type("Poems.");
  await person.tabTo("#send-answer");
  await Promise.all([person.page.waitForEvent("load"), person.page.keyboard.press("Enter")]);
  assert.match(await person.words(), /Poems\./);
  await review("irene", (admin) => admin.press("#approve"));
  person.noFaults();
  await person.context.close();
});
