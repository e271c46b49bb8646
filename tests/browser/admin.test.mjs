// Reviewers and admins in the console, with applicants at their receipts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, SIZES } from "./browser.mjs";
import { OUTSIDE, PASSWORD, configure, mailed, member, promote, untilStatus, verificationPath } from "./host.mjs";
import { TextBrowser } from "./text.mjs";

const REVIEWER = "rosalind";
const PAGES = ["/admin", "/admin/queue", "/admin/queue?filter=all", "/admin/people", "/admin/invites", "/admin/organizations", "/admin/audit", "/admin/health"];

let browser;
before(async () => {
  browser = await Browser.start();
  await member(REVIEWER);
  await promote(REVIEWER, "site_admin");
  await member("barbara");
  await promote("barbara", "operator");
  await member("dorothy");
  await configure("mode", "approval");
});
after(async () => {
  await configure("mode", "open");
  await browser?.stop();
});

async function reviewer(options) {
  const person = await browser.person(options);
  await person.logIn(REVIEWER, PASSWORD);
  return person;
}

// Someone who has applied and proven the address; their browser shows the receipt.
async function applicant(name, options) {
  const person = await browser.person(options);
  await person.go("/signup");
  await person.page.locator("#username").fill(name);
  await person.page.locator("#personalEmail").fill(`${name}@${OUTSIDE}`);
  await person.page.locator("#password").fill(PASSWORD);
  await person.page.locator('main input[type="submit"]').first().click();
  await person.page.waitForURL(/\/receipt\//);
  const receipt = person.page.url();
  await untilStatus(name, "VERIFICATION_SENT");
  await person.go(await verificationPath(`${name}@${OUTSIDE}`));
  await person.page.locator('main input[type="submit"]').first().click();
  await person.page.waitForLoadState("load");
  await person.go(receipt);
  return person;
}

async function openApplication(person, name) {
  await person.go("/admin/queue");
  await person.page.locator("#queue").getByRole("link", { name }).click();
  await person.page.locator("#facts").waitFor();
}

for (const javaScript of [true, false]) {
  const [asked, rejected] = javaScript ? ["annie", "joan"] : ["emmy", "lise"];

  test(`an applicant is asked, answers and is approved, ${javaScript ? "with" : "without"} JavaScript`, async () => {
    const person = await applicant(asked, { javaScript, size: SIZES.phone });
    assert.equal(await person.page.locator("#place").innerText(), "1");
    const admin = await reviewer({ javaScript });
    await openApplication(admin, asked);
    await admin.page.locator("#take").click();
    await admin.page.locator("#release").waitFor();
    await admin.page.locator("#question").fill("What would you like to make here?");
    await admin.page.locator("#ask").click();
    await admin.page.locator("#asked").waitFor();

    await mailed(`${asked}@${OUTSIDE}`, /What would you like to make here\?/);
    await person.page.reload();
    await person.page.locator("#text").fill("A weather page <for> our street & garden.");
    await person.page.locator("section").filter({ has: person.page.locator("#question") }).locator('input[type="submit"]').click();
    await person.page.waitForLoadState("load");

    await openApplication(admin, asked);
    assert.match(await admin.page.locator(".answer").innerText(), /A weather page <for> our street & garden\./);
    if (javaScript) await admin.accessible();
    await admin.page.locator("#approve").click();
    await untilStatus(asked, "VERIFIED");
    await mailed(`${asked}@${OUTSIDE}`, /accepted\s+your\s+registration/);
    await person.page.reload();
    assert.match(await person.page.locator("main").innerText(), new RegExp(`ssh (-p \\d+ )?${asked}@`));
    person.noFaults();
    admin.noFaults();
    await person.context.close();
    await admin.context.close();
  });

  test(`an applicant is rejected with a reason and reads it, ${javaScript ? "with" : "without"} JavaScript`, async () => {
    const person = await applicant(rejected, { javaScript });
    const admin = await reviewer({ javaScript, size: SIZES.phone });
    await openApplication(admin, rejected);
    await admin.fitsTheScreen();
    await admin.page.locator("#reason").fill("We only take people of our town for now.");
    await admin.page.locator("#reject").click();
    await admin.page.waitForLoadState("load");
    await mailed(`${rejected}@${OUTSIDE}`, /people of our town/);
    await person.page.reload();
    assert.match(await person.page.locator("main").innerText(), /We only take people of our town for now\./);
    person.noFaults();
    admin.noFaults();
    await person.context.close();
    await admin.context.close();
  });
}

test("two reviewers don't collide", async () => {
  const person = await applicant("vera");
  const [one, two] = [await reviewer(), await browser.person()];
  await two.logIn("barbara", PASSWORD);
  await openApplication(one, "vera");
  await one.page.locator("#take").click();
  await one.page.locator("#release").waitFor();
  await openApplication(two, "vera");
  assert.match(await two.page.locator("#claim").innerText(), new RegExp(REVIEWER));
  await two.page.locator("#approve").click();
  await two.page.locator('[role="alert"]').waitFor();
  await two.page.locator("#take-over").click();
  await two.page.locator("#release").waitFor();
  await two.page.locator("#approve").click();
  await untilStatus("vera", "VERIFIED");
  for (const each of [person, one, two]) {
    each.noFaults();
    await each.context.close();
  }
});

test("every page of the console is accessible, in both colour schemes, on telephone and laptop", async () => {
  const admin = await reviewer();
  for (const path of PAGES) {
    const answer = await admin.go(path);
    assert.equal(answer.status(), 200, path);
    await admin.accessibleEverywhere();
  }
  await admin.go("/admin/people");
  await admin.press(admin.page.locator("main").getByRole("link", { name: REVIEWER }).first());
  await admin.accessibleEverywhere();
  admin.noFaults();
  await admin.context.close();
});

test("a plain member has no console", async () => {
  const person = await browser.person();
  await person.logIn("dorothy", PASSWORD);
  for (const path of PAGES) assert.equal((await person.go(path)).status(), 403, path);
  assert.equal(await person.page.locator('a[href="/admin"]').count(), 0);
  await person.context.close();
});

test("a reviewer with w3m approves", async () => {
  const person = await applicant("sophie");
  const w3m = await TextBrowser.open("/login");
  try {
    await w3m.fill("Username or e-mail", REVIEWER);
    await w3m.fill("^Password", PASSWORD);
    await w3m.follow("\\[Log in\\]");
    await w3m.until(/ssh -p \d+ rosalind@/);
    await w3m.go("/admin/queue");
    await w3m.follow("^sophie");
    await w3m.follow("\\[Approve\\]");
    await untilStatus("sophie", "VERIFIED");
  } catch (error) {
    error.message += `\n${await w3m.screen()}`;
    throw error;
  } finally {
    await w3m.close();
  }
  await person.context.close();
});
